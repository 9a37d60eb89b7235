"""Groups: people under one name that policy can read."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import actions, sealing
from accounts.access import cards
from accounts.admin import barred
from accounts.admin.fields import PersonForm, ThisMemberForm
from accounts.models import Group, GroupKind, GroupMembership
from policy.console import Action, Button, ConsoleAdmin, ConsoleForm, Offer, Panel, Section, code, link, moment


class GroupForm(ConsoleForm):
    """A group's name and who may know of it."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Policy reads it as subject.group.")
    )
    kind = forms.TypedChoiceField(
        label=gettext_lazy("Who may know of it"), choices=GroupKind.choices, coerce=GroupKind, initial=GroupKind.PUBLIC
    )

    def written(self, obj: Any) -> dict[str, Any]:
        return {"name": obj.shown, "kind": obj.kind}


@admin.register(Group)
class GroupAdmin(ConsoleAdmin):
    sees = (Action.GROUP_UPDATE,)
    adds, saves, key = actions.create_group, actions.update_group, "group_id"
    section, icon, order = Section.PEOPLE, "users", 20
    adding = gettext_lazy("New group")
    help = gettext_lazy(
        "People under one name. Rules and requirements can ask for it; several sources may count somebody in."
    )
    empty = gettext_lazy("No group yet. A group is useful where a requirement should name people by what they do.")
    form = GroupForm
    list_display = ("name_shown", "kind", "people", "since")
    list_filter = ("kind",)
    ordering = ("created_at",)
    panels = ("members_panel",)
    buttons = (
        Button(actions.add_group_member, gettext_lazy("Add member"), asks=PersonForm, in_row=True),
        Button(
            actions.remove_group_member,
            gettext_lazy("Remove member"),
            asks=ThisMemberForm,
            warns=gettext_lazy("What the group opens is closed for them. Other sources that count them in stay."),
            bars=barred.the_person_of_the_row,
            in_row=True,
        ),
        Button(
            actions.delete_group,
            gettext_lazy("Delete group"),
            warns=gettext_lazy("What its name or its grants opened is closed at once. This cannot be undone."),
            tone="danger",
            bars=barred.members,
        ),
    )

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        names = sealing.open_group_names(rows)
        counted = GroupMembership.objects.filter(group_id__in=[one.id for one in rows])
        sizes: dict[UUID, int] = dict(counted.values_list("group_id").annotate(n=Count("user_id", distinct=True)))
        for one in rows:
            one.shown, one.size = names.get(one.id, _("(unreadable)")), sizes.get(one.id, 0)
        return rows

    @admin.display(description=gettext_lazy("Name"))
    def name_shown(self, group: Any) -> str:
        return str(group.shown)

    @admin.display(description=gettext_lazy("People"))
    def people(self, group: Any) -> int:
        return int(group.size)

    @admin.display(description=gettext_lazy("Since"), ordering="created_at")
    def since(self, group: Any) -> Any:
        return moment(group.created_at)

    def headline(self, obj: Any) -> str:
        return str(obj.shown)

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Known to"), obj.get_kind_display()),
            (_("People"), obj.size),
            (_("Created"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]

    def members_panel(self, request: HttpRequest, group: Any) -> Panel:
        may_add = self.may(request, actions.add_group_member, group)
        held = list(GroupMembership.objects.filter(group=group).order_by("created_at"))
        people = cards(one.user_id for one in held)
        rows = [
            (
                link(people[one.user_id].name, reverse("admin:accounts_user_change", args=[one.user_id])),
                one.get_source_display(),
                moment(one.created_at),
                link(
                    _("Remove"),
                    self.do_url(group, "remove_group_member", user_id=one.user_id, source=one.source),
                    hint=people[one.user_id].name,
                )
                if self.may(request, actions.remove_group_member, group, user_id=one.user_id)
                else "",
            )
            for one in held
        ]
        offers = [Offer(_("Add member"), self.do_url(group, "add_group_member"))] if may_add else []
        columns = (_("Person"), _("Source"), _("Since"), "")
        return Panel(_("Members"), columns, rows, empty=_("Nobody is in this group yet."), offers=offers)
