"""Facts that are kept by hand: what is not touched stays, and so does what may not be seen."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import sight_of
from accounts.actions import STAYS, Assertion, Stays
from accounts.models import FactSource, SourceKind
from accounts.provenance import told_by
from policy.console import AskForm
from policy.language.definitions import AttributeDefinition, Category, Kind
from policy.snapshot import vocabulary_of
from policy.sources import GROUP

KEEP, SET, REMOVE = "keep", "set", "remove"
_CHOICES = [
    (KEEP, gettext_lazy("Leave as it is")),
    (SET, gettext_lazy("Set to")),
    (REMOVE, gettext_lazy("Remove")),
]


class FactsForm(AskForm):
    """One row for each attribute of people: leave it, set it, or remove it.

    The source is told everything again, so of what is left alone it is said that it stays.
    """

    template = "console/facts_form.html"

    def prepare(self) -> None:
        vocabulary = vocabulary_of(self.obj.workspace_id)
        self.source = (
            FactSource.objects.filter(kind=SourceKind.MANUAL).order_by("name").values_list("name", flat=True)[0]
        )
        self.sight = sight_of(self.request.actor, self.obj.id)
        self.present = told_by(self.obj.id, self.source, sight=self.sight)
        self.definitions = [
            one for one in vocabulary.values() if one.category is Category.SUBJECT and one.name != GROUP
        ]
        for definition in self.definitions:
            self._add(definition)

    def _add(self, definition: AttributeDefinition) -> None:
        name = definition.name
        self.fields[f"{name}_do"] = forms.ChoiceField(
            label=definition.label, choices=_CHOICES, initial=KEEP, required=False
        )
        self.fields[f"{name}_value"] = _value_field(definition)
        self.fields[f"{name}_until"] = forms.DateTimeField(
            label=_("%(name)s: until") % {"name": definition.label},
            required=False,
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        )

    def rows(self) -> list[dict[str, Any]]:
        """The fields of each attribute side by side, with what is held now as far as it may be seen."""
        return [
            {
                "label": one.label,
                "name": one.name,
                "now": self._now(one.name),
                "do": self[f"{one.name}_do"],
                "value": self[f"{one.name}_value"],
                "until": self[f"{one.name}_until"],
            }
            for one in self.definitions
        ]

    def _now(self, name: str) -> str:
        held = self.present.get(name)
        if held is None:
            return _("not on record")
        return held or (_("on record, hidden") if self.sight is None else _("on record, can't be opened"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for one in self.definitions:
            until = cleaned.get(f"{one.name}_until")
            if cleaned.get(f"{one.name}_do") != SET:
                continue
            if not str(cleaned.get(f"{one.name}_value") or "").strip(" ,"):
                self.add_error(f"{one.name}_value", _("Give a value, or leave the fact as it is."))
            if until is not None and until <= timezone.now():
                self.add_error(f"{one.name}_until", _("This is in the past."))
        return cleaned

    def arguments(self) -> dict[str, Any]:
        told: dict[str, Assertion | Stays] = dict.fromkeys(self.present, STAYS)
        for one in self.definitions:
            do = self.cleaned_data.get(f"{one.name}_do")
            if do == REMOVE:
                told.pop(one.name, None)
            if do == SET:
                told[one.name] = Assertion(self._value(one), self.cleaned_data.get(f"{one.name}_until"))
        return {"source": self.source, "facts": told}

    def _value(self, definition: AttributeDefinition) -> object:
        value = self.cleaned_data[f"{definition.name}_value"]
        if definition.kind is Kind.STRING_SET and isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def _value_field(definition: AttributeDefinition) -> forms.Field:
    label = _("%(name)s: value") % {"name": definition.label}
    if definition.kind is Kind.BOOLEAN:
        choices = [("", "—"), ("true", _("yes")), ("false", _("no"))]
        return forms.ChoiceField(label=label, choices=choices, required=False)
    if definition.values and definition.kind is not Kind.STRING_SET:
        return forms.ChoiceField(
            label=label, choices=[("", "—"), *((one, one) for one in definition.values)], required=False
        )
    hint = _("one, another") if definition.kind is Kind.STRING_SET else ""
    return forms.CharField(
        label=label, required=False, max_length=2000, widget=forms.TextInput(attrs={"placeholder": hint})
    )
