"""What the buttons of a room ask for."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealing
from accounts.admin.fields import HiddenId, PersonField, UuidChoice
from accounts.models import Group
from policy.catalogue import RoomRole
from policy.console import AskForm

ROLES = [
    (RoomRole.READER.value, gettext_lazy("Reader: reads")),
    (RoomRole.MEMBER.value, gettext_lazy("Member: reads and writes")),
    (RoomRole.MODERATOR.value, gettext_lazy("Moderator: also adds, removes and deletes")),
    (RoomRole.OWNER.value, gettext_lazy("Owner: also archives and hands out roles")),
]


def role_field() -> forms.Field:
    return forms.TypedChoiceField(
        label=gettext_lazy("As"), choices=ROLES, coerce=RoomRole, initial=RoomRole.MEMBER.value
    )


class AddMemberForm(AskForm):
    """Whom to take in, and as what."""

    user_id = PersonField()
    role = role_field()


class MemberForm(AskForm):
    user_id = HiddenId()


class MemberRoleForm(AskForm):
    user_id = HiddenId()
    role = role_field()


class GrantForm(AskForm):
    """A standing in the room for one person, or for everybody in one group."""

    user_id = PersonField(required=False)
    group_id = UuidChoice(label=gettext_lazy("or everybody in the group"), required=False)
    role = role_field()

    def prepare(self) -> None:
        groups = list(Group.objects.all())
        names = sealing.open_group_names(groups)
        chosen = sorted((names.get(one.id, "–"), str(one.id)) for one in groups)
        self.fields["group_id"].choices = [("", _("no group")), *((one, name) for name, one in chosen)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("user_id") is None) == (given.get("group_id") is None):
            self.add_error("user_id", _("Name one person or one group."))
        return given


class ThisGrantForm(AskForm):
    user_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    group_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    role = forms.TypedChoiceField(choices=ROLES, coerce=RoomRole, widget=forms.HiddenInput)
