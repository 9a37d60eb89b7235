"""Fields that name a person, a role or a group, and give the action its id."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealing
from accounts.access import user_by_username
from accounts.models import Group, Role
from policy.console import AskForm


class PersonField(forms.CharField):
    """A user name, with suggestions while it is typed; gives the id of the user."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Person"))
        options.setdefault("help_text", gettext_lazy("A user name. Names are suggested while you type."))
        super().__init__(max_length=64, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "data-suggest": "people", "autocomplete": "off"}

    def clean(self, value: Any) -> UUID | None:
        username = super().clean(value)
        if not username:
            return None
        user = user_by_username(username)
        if user is None:
            raise ValidationError(_("Nobody has this user name. Choose one of those suggested."))
        return user.id


class UuidChoice(forms.TypedChoiceField):
    """One of the rows of this workspace."""

    def __init__(self, **options: Any) -> None:
        super().__init__(coerce=UUID, empty_value=None, **options)


class HiddenId(forms.UUIDField):
    """An id that the link to the page has filled in."""

    widget = forms.HiddenInput


class PersonForm(AskForm):
    """Whom?"""

    user_id = PersonField()


class RoleForm(AskForm):
    """Which role?"""

    role_id = UuidChoice(label=gettext_lazy("Role"))

    def prepare(self) -> None:
        held = set(self.obj.assignments.values_list("role_id", flat=True))
        rows = Role.objects.order_by("name").values_list("id", "name")
        self.fields["role_id"].choices = [(str(one), name) for one, name in rows if one not in held]  # type: ignore[attr-defined]


class ThisRoleForm(AskForm):
    role_id = HiddenId()


class ThisPersonForm(AskForm):
    user_id = HiddenId()


class GroupForm(AskForm):
    """Which group?"""

    group_id = UuidChoice(label=gettext_lazy("Group"))

    def prepare(self) -> None:
        groups = list(Group.objects.all())
        names = sealing.open_group_names(groups)
        chosen = sorted(((str(one.id), names.get(one.id, str(one.id))) for one in groups), key=lambda pair: pair[1])
        self.fields["group_id"].choices = chosen  # type: ignore[attr-defined]


class ThisGroupForm(AskForm):
    group_id = HiddenId()
    source = forms.CharField(widget=forms.HiddenInput, max_length=16)


class ThisMemberForm(AskForm):
    user_id = HiddenId()
    source = forms.CharField(widget=forms.HiddenInput, max_length=16)
