"""Forms whose fields are named like the keywords of the action they feed. They check shape; the action, sense."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policy.language.errors import PolicyLanguageError
from tenancy.errors import DomainError

Refusal = DomainError | PolicyLanguageError
LONGEST_REASON = 500

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Model]
else:
    _ModelForm = forms.ModelForm  # takes no parameter at run time


def blame(form: forms.BaseForm, refusal: Refusal) -> None:
    """Put what an action refused on the field at fault, with the remedy; on the form where it has no such field."""
    problem, remedy = (
        refusal.in_words(_) if isinstance(refusal, PolicyLanguageError) else (refusal.message, refusal.remedy)
    )
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{problem} {remedy}".strip())


class Dressed:
    """Gives widgets the classes of our stylesheet."""

    fields: dict[str, forms.Field]

    def dress(self) -> None:
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
                continue
            kind = "select" if isinstance(widget, forms.Select) else "input"
            widget.attrs["class"] = f"{kind} {widget.attrs.get('class', '')}".strip()


class ConsoleForm(Dressed, _ModelForm):
    """What an operator may write about one object. The row itself is left to the action."""

    refusal: Refusal | None = None
    """What the action refused, when the form is shown again."""

    class Meta:
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None:
            kwargs["initial"] = {**self.written(instance), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.dress()

    def written(self, obj: Model) -> dict[str, Any]:
        """What the fields hold for an object that exists."""
        return {name: getattr(obj, name) for name in self.base_fields if hasattr(obj, name)}

    def arguments(self) -> dict[str, Any]:
        """The keywords of the action."""
        return dict(self.cleaned_data)

    def _post_clean(self) -> None:
        """No model is filled or checked here; a refusal of the action ends up on its field."""
        if self.refusal is not None:
            blame(self, self.refusal)

    def save(self, commit: bool = True) -> Model:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        return self.instance


class AskForm(Dressed, forms.Form):
    """What a button asks before it acts; `obj` is what it will act on and `request` who asks."""

    def __init__(self, *args: Any, obj: Any, request: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj, self.request = obj, request
        self.prepare()
        self.dress()

    def prepare(self) -> None:
        """Fill in choices that depend on the object."""

    def arguments(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class Nothing(AskForm):
    """A button that only needs to be sure."""


class ReasonForm(AskForm):
    """Why? Stands sealed in the audit log."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept in the audit log, readable for auditors. Do not write down anything classified."),
    )
