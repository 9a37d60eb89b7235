"""Attributes that conditions may read, and whose word counts for each (PO-1)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policy import sources, usage
from policy.actions import Proposal, define_attribute
from policy.console import (
    Action,
    ConsoleAdmin,
    ConsoleForm,
    Panel,
    Section,
    code,
    moment,
    tag,
    two_lines,
)
from policy.language.errors import PolicyLanguageError
from policy.language.grammar import parse_requirement
from policy.language.tree import reads
from policy.models import AttributeCategory, AttributeDefinition, AttributeKind
from policy.snapshot import snapshot
from tenancy.actor import Actor


class AttributeForm(ConsoleForm):
    """What an attribute is. Its name and type stay as they are for ever."""

    instance: AttributeDefinition
    label = forms.CharField(
        label=gettext_lazy("Label"), max_length=120, help_text=gettext_lazy("What people read, such as Clearance.")
    )
    values = forms.CharField(
        label=gettext_lazy("Values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "One a line. Levels of a rank from the lowest to the highest; for a text, the closed list, or nothing if"
            " any text will do."
        ),
    )
    aliases = forms.CharField(
        label=gettext_lazy("Further spellings"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One a line: TS = TOP_SECRET."),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Authoritative source"),
        initial="manual",
        help_text=gettext_lazy("The only source whose word counts. Facts from others are kept but not read."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [(one, one) for one in self.choices()]  # type: ignore[attr-defined]

    def choices(self) -> Iterable[str]:
        """The sources that may tell this attribute, and one that it has although nobody knows it any more."""
        own = self.instance
        return dict.fromkeys([*sources.known(own.category, own.name), own.source])

    def written(self, obj: Any) -> dict[str, Any]:
        return {
            "name": obj.name,
            "kind": obj.kind,
            "category": obj.category,
            "label": obj.label,
            "values": "\n".join(obj.values),
            "aliases": "\n".join(f"{alias} = {value}" for alias, value in obj.aliases.items()),
            "source": obj.source,
        }

    def clean_aliases(self) -> dict[str, str]:
        aliases: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["aliases"].splitlines(), start=1):
            alias, equals, value = (part.strip() for part in line.partition("="))
            if line.strip() and not (alias and equals and value):
                raise ValidationError(_("Line %(line)s is not of the form SPELLING = VALUE.") % {"line": number})
            if alias:
                aliases[alias] = value
        return aliases

    def arguments(self) -> dict[str, Any]:
        given = self.cleaned_data
        own = self.instance
        return {
            "proposal": Proposal(
                name=given.get("name", own.name),
                kind=given.get("kind", own.kind),
                category=given.get("category", own.category),
                label=given["label"],
                values=tuple(line.strip() for line in given["values"].splitlines() if line.strip()),
                aliases=given["aliases"],
                source=given["source"],
            )
        }


class NewAttributeForm(AttributeForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("As it stands in conditions: small letters, digits and underscores."),
    )
    category = forms.ChoiceField(label=gettext_lazy("About"), choices=AttributeCategory.choices)
    kind = forms.ChoiceField(label=gettext_lazy("Type"), choices=AttributeKind.choices)

    def choices(self) -> Iterable[str]:
        """The sources of any attribute: what it is about is chosen beside it, and the action holds the two together."""
        return dict.fromkeys(one for category in AttributeCategory.values for one in sources.known(category))

    field_order = ("name", "category", "kind", "label", "values", "aliases", "source")


def _redefine(actor: Actor, *, id: Any, proposal: Proposal) -> AttributeDefinition:  # noqa: A002, ARG001 - the row's key
    """An attribute is told by its name, not by its row."""
    return define_attribute(actor, proposal=proposal)


_redefine.performs = define_attribute.performs  # type: ignore[attr-defined]


@admin.register(AttributeDefinition)
class AttributeAdmin(ConsoleAdmin):
    sees = (Action.ATTRIBUTE_DEFINE,)
    adds, saves = define_attribute, _redefine
    noun = "attribute"
    section, icon, order = Section.ACCESS, "card", 40
    adding = gettext_lazy("New attribute")
    help = gettext_lazy(
        "What conditions may read about people, rooms and circumstances. Values outside a definition are refused."
    )
    form, add_form = AttributeForm, NewAttributeForm
    list_display = ("attribute", "category", "kind", "values_shown", "source")
    list_filter = ("category", "kind")
    search_fields = ("name", "label")
    ordering = ("category", "name")
    panels = ("usage_panel",)

    @admin.display(description=gettext_lazy("Attribute"), ordering="name")
    def attribute(self, row: AttributeDefinition) -> Any:
        return two_lines(row.label or row.name, str(row))

    @admin.display(description=gettext_lazy("Values"))
    def values_shown(self, row: AttributeDefinition) -> Any:
        joined = " < ".join(row.values) if row.kind == AttributeKind.RANK else ", ".join(row.values)
        return joined or tag(_("open"))

    def headline(self, obj: Any) -> str:
        return str(obj)

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Name"), code(obj)),
            (_("About"), obj.get_category_display()),
            (_("Type"), obj.get_kind_display()),
            (_("Source"), obj.source),
            (_("Defined"), moment(obj.created_at)),
        ]

    def usage_panel(self, request: HttpRequest, obj: Any) -> Panel:
        """Where it is read, so that one sees what a change would touch."""
        held = snapshot(request.actor.workspace_id)  # type: ignore[attr-defined]
        rules = [
            (_("Rule"), rule.name)
            for rule in held.document.rules
            if rule.condition and str(obj) in reads(rule.condition)
        ]
        named = [(_("Requirement"), name) for name, node in held.document.requirements if str(obj) in reads(node)]
        rooms = [(_("Room"), use.room) for use in usage.uses() if _read_by(use, str(obj), held.vocabulary)]
        empty = _("No rule, no requirement and no room reads it.")
        return Panel(_("Where it is read"), (_("What"), _("Name")), [*rules, *named, *rooms], empty=empty)


def _read_by(use: usage.Use, qualified: str, vocabulary: Any) -> bool:
    if not use.requirement:
        return False
    try:
        return qualified in reads(parse_requirement(use.requirement, vocabulary))
    except PolicyLanguageError:
        return False
