"""The directory of rooms: what each is, who is in it, what it requires. Nothing here opens a message."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealing as people_sealing
from accounts.access import cards
from accounts.actions import give_grant, take_grant
from accounts.attributes import GRANT_PREFIX
from accounts.models import GroupGrant, UserGrant
from keys.actions import rotate_room_key
from policy.catalogue import RoomRole
from policy.console import (
    Action,
    Button,
    ConsoleAdmin,
    ConsoleForm,
    Offer,
    Panel,
    Section,
    code,
    link,
    listed,
    moment,
    status,
    tag,
    two_lines,
)
from policy.requirements import requirement_in_words
from policy.types import Resource
from rooms.actions.members import add_member, remove_member, set_member_role
from rooms.actions.rooms import archive_room, create_room, unarchive_room, update_room
from rooms.admin.fields import AddMemberForm, GrantForm, MemberForm, MemberRoleForm, ThisGrantForm
from rooms.admin.requirement import preview_requirement, requirement_page
from rooms.bars import written
from rooms.markings import levels, within_ceiling
from rooms.models import Membership, MembershipState, RequirementVersion, Room, RoomKind, RoomState
from rooms.roomlist import is_governed
from rooms.sealing import room_name, room_topic
from tenancy.models import Workspace

LISTED = (RoomKind.PUBLIC, RoomKind.PRIVATE)


class RoomForm(ConsoleForm):
    """What a room is called and about."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    topic = forms.CharField(label=gettext_lazy("Topic"), max_length=500, required=False)

    def written(self, obj: Any) -> dict[str, Any]:
        return {"name": obj.shown, "topic": room_topic(obj)}


class NewRoomForm(ConsoleForm):
    """A new room; whoever opens it becomes its owner."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    kind = forms.TypedChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(kind.value, kind.label) for kind in LISTED],
        coerce=RoomKind,
        initial=RoomKind.PRIVATE,
        help_text=gettext_lazy("A public one is found by everybody; a private one only by who is in it."),
    )
    marking = forms.ChoiceField(label=gettext_lazy("Marking"))
    topic = forms.CharField(label=gettext_lazy("Topic"), max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        workspace = Workspace.objects.get(id=self.request.actor.workspace_id)  # type: ignore[attr-defined]
        fits = [one for one in levels(workspace.id) if within_ceiling(workspace.id, one, workspace.ceiling)]
        self.fields["marking"].choices = [(one, written(one)) for one in fits]  # type: ignore[attr-defined]
        self.fields["marking"].initial = workspace.ceiling


class GovernedFilter(admin.SimpleListFilter):
    title = gettext_lazy("access")
    parameter_name = "access"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [("governed", _("Governed by policy")), ("open", _("Roles alone"))]

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        governed = ~Q(requirement="") | Q(named_requirements__len__gt=0)
        if self.value() == "governed":
            return queryset.filter(governed)
        return queryset.exclude(governed) if self.value() == "open" else queryset


def _open(room: Room) -> bool:
    return room.state == RoomState.ACTIVE


def _archived(room: Room) -> bool:
    return room.state == RoomState.ARCHIVED


def _ungoverned(room: Room) -> Resource:
    """Grants are decided by role alone: who gives one need not meet what the room requires."""
    return Resource("room", room.id)


def _key(room: Room) -> Resource:
    return Resource("key", room.id)


@admin.register(Room)
class RoomAdmin(ConsoleAdmin):
    sees = (Action.ROOM_MANAGE, Action.REQUIREMENT_SET)
    adds, saves, key = create_room, update_room, "room_id"
    section, icon, order = Section.PEOPLE, "lock", 50
    adding = gettext_lazy("New room")
    help = gettext_lazy(
        "Every public and private room. Direct conversations are not listed; no page here opens a message."
    )
    empty = gettext_lazy("No room yet.")
    form, add_form = RoomForm, NewRoomForm
    list_display = ("room", "kind", "standing", "marking", "access", "people", "latest")
    list_filter = ("kind", "state", "marking", GovernedFilter)
    search_fields = ("id",)
    search_help_text = gettext_lazy("Name of a room")
    ordering = ("created_at",)
    panels = ("requirement_panel", "members_panel", "grants_panel")
    buttons = (
        Button(
            archive_room,
            gettext_lazy("Archive"),
            warns=gettext_lazy("Nobody can post any more. What is there stays readable for its members."),
            tone="danger",
            fits=_open,
        ),
        Button(
            unarchive_room,
            gettext_lazy("Open again"),
            warns=gettext_lazy("Members can post again."),
            fits=_archived,
        ),
        Button(
            rotate_room_key,
            gettext_lazy("Rotate key"),
            warns=gettext_lazy("New messages are sealed with a new key; what is there stays readable."),
            about=_key,
        ),
        Button(add_member, gettext_lazy("Add member"), asks=AddMemberForm, in_row=True),
        Button(set_member_role, gettext_lazy("Change role"), asks=MemberRoleForm, in_row=True),
        Button(
            remove_member,
            gettext_lazy("Remove member"),
            asks=MemberForm,
            warns=gettext_lazy("The room is closed for them at once, also in open clients."),
            tone="danger",
            in_row=True,
        ),
        Button(
            give_grant,
            gettext_lazy("Give grant"),
            asks=GrantForm,
            warns=gettext_lazy("A grant opens the role gate alone: what the room requires is asked as well."),
            about=_ungoverned,
            in_row=True,
        ),
        Button(
            take_grant,
            gettext_lazy("Take grant back"),
            asks=ThisGrantForm,
            warns=gettext_lazy("Who stands in the room by it alone is out."),
            about=_ungoverned,
            in_row=True,
        ),
    )

    def resource(self, obj: Any = None) -> Resource:
        return Resource("room", obj.id, obj.id) if obj is not None else Resource("room")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(kind__in=LISTED)

    def get_search_results(self, _request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Names are sealed: all of them are opened and compared."""
        wanted = search_term.strip().casefold()
        if not wanted:
            return queryset, False
        return queryset.filter(id__in=[one.id for one in queryset if wanted in room_name(one).casefold()]), False

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        held = Membership.objects.filter(room_id__in=[one.id for one in rows], state=MembershipState.ACTIVE)
        sizes: dict[UUID, int] = dict(held.values_list("room_id").annotate(n=Count("id")))
        for one in rows:
            one.shown, one.size = room_name(one), sizes.get(one.id, 0)
        return rows

    def extra_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:object_id>/requirement/", view(self.requirement), name="rooms_room_requirement"),
            path("<uuid:object_id>/requirement/preview/", view(self.preview), name="rooms_room_preview"),
        ]

    def requirement(self, request: HttpRequest, object_id: UUID) -> Any:
        return requirement_page(self, request, self._object(request, str(object_id)))

    def preview(self, request: HttpRequest, object_id: UUID) -> Any:
        return preview_requirement(request, self._object(request, str(object_id)))

    # columns

    @admin.display(description=gettext_lazy("Room"))
    def room(self, room: Any) -> str:
        return str(room.shown)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def standing(self, room: Any) -> Any:
        return status(room.get_state_display(), "ok" if _open(room) else "")

    @admin.display(description=gettext_lazy("Access"))
    def access(self, room: Any) -> Any:
        return (
            status(_("governed"), "ok", "shield-check") if is_governed(room) else status(_("roles alone"), "", "users")
        )

    @admin.display(description=gettext_lazy("People"))
    def people(self, room: Any) -> int:
        return int(room.size)

    @admin.display(description=gettext_lazy("Last message"), ordering="last_message_at")
    def latest(self, room: Any) -> Any:
        return moment(room.last_message_at)

    # one room

    def headline(self, obj: Any) -> str:
        return str(obj.shown)

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Kind"), obj.get_kind_display()),
            (_("State"), self.standing(obj)),
            (_("Marking"), written(obj.marking)),
            (_("People"), obj.size),
            (_("Messages"), obj.last_seq),
            (_("Last message"), moment(obj.last_message_at)),
            (_("Created"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]

    def requirement_panel(self, request: HttpRequest, room: Any) -> Panel:
        """What the room requires, in words and as text, and what it required before."""
        may_set = request.standing.may(Action.REQUIREMENT_SET, self.resource(room))  # type: ignore[attr-defined]
        offers = [Offer(_("Change"), reverse("admin:rooms_room_requirement", args=[room.id]))] if may_set else []
        words = requirement_in_words(room.workspace_id, room.requirement) if room.requirement else []
        extra = {
            "words": [*words, *room.named_requirements],
            "text": room.requirement,
            "version": room.requirement_version,
            "hash": room.requirement_hash[:12],
            "versions": _versions(room),
        }
        return Panel(_("What it requires"), offers=offers, template="console/panel_requirement.html", extra=extra)

    def members_panel(self, request: HttpRequest, room: Any) -> Panel:
        may = {function: self.may(request, function, room) for function in (add_member, set_member_role, remove_member)}
        held = list(Membership.objects.filter(room=room).exclude(state=MembershipState.REMOVED).order_by("joined_at"))
        people = cards(one.user_id for one in held)
        rows = [
            (
                link(people[one.user_id].name, reverse("admin:accounts_user_change", args=[one.user_id])),
                one.role,
                _membership(one),
                listed(list(one.sources), "–"),
                moment(one.joined_at),
                self._row_links(room, one, may, people[one.user_id].name),
            )
            for one in held
        ]
        offers = [Offer(_("Add member"), self.do_url(room, "add_member"))] if may[add_member] else []
        columns = (_("Person"), _("Role"), _("State"), _("Source"), _("Since"), "")
        return Panel(_("Members"), columns, rows, empty=_("Nobody is in this room."), offers=offers)

    def _row_links(self, room: Any, membership: Membership, may: dict[Any, bool], name: str) -> Any:
        links = []
        if may[set_member_role]:
            filled = {"user_id": membership.user_id, "role": membership.role}
            links.append(link(_("Role"), self.do_url(room, "set_member_role", **filled), hint=name))
        if may[remove_member]:
            links.append(link(_("Remove"), self.do_url(room, "remove_member", user_id=membership.user_id), hint=name))
        return listed_links(links)

    def grants_panel(self, request: HttpRequest, room: Any) -> Panel | None:
        """Standings that were given to people or groups on this one room (AD-6)."""
        may_give, may_take = self.may(request, give_grant, room), self.may(request, take_grant, room)
        rows = [
            (
                who,
                role.value,
                moment(at),
                link(_("Take back"), self.do_url(room, "take_grant", role=role.value, **holder), hint=str(who))
                if may_take
                else "",
            )
            for who, role, at, holder in _grants(room)
        ]
        if not (rows or may_give):
            return None
        offers = [Offer(_("Give grant"), self.do_url(room, "give_grant"))] if may_give else []
        hint = _("They open the role gate; what the room requires is asked as well")
        columns = (_("To"), _("As"), _("Since"), "")
        return Panel(_("Grants"), columns, rows, empty=_("No grant on this room."), offers=offers, hint=hint)


def listed_links(links: list[Any]) -> Any:
    return format_html_join(" ", "{}", ((one,) for one in links))


def _membership(membership: Membership) -> Any:
    if membership.state == MembershipState.ACTIVE:
        return status(_("active"), "ok")
    since = moment(membership.suspended_at)
    return two_lines(tag(_("suspended by policy"), "warn"), since)


def _versions(room: Room) -> list[dict[str, Any]]:
    rows = list(RequirementVersion.objects.filter(room=room).order_by("-version")[:20])
    people = cards(one.set_by for one in rows)
    return [
        {
            "version": one.version,
            "text": one.requirement,
            "at": one.set_at,
            "who": people[one.set_by].name if one.set_by in people else _("Platform"),
        }
        for one in rows
    ]


def _grants(room: Room) -> list[tuple[Any, RoomRole, Any, dict[str, Any]]]:
    kind = ContentType.objects.get_for_model(Room)
    mine = {"content_type": kind, "object_pk": str(room.id)}
    to_people = list(UserGrant.objects.filter(**mine).select_related("permission"))
    to_groups = list(GroupGrant.objects.filter(**mine).select_related("permission", "group"))
    people = cards(one.user_id for one in to_people)
    groups = people_sealing.open_group_names([one.group for one in to_groups])
    found = [(people[one.user_id].name, _role(one), one.created_at, {"user_id": one.user_id}) for one in to_people]
    return found + [
        (
            _("Group %(name)s") % {"name": groups.get(one.group_id, "–")},
            _role(one),
            one.created_at,
            {"group_id": one.group_id},
        )
        for one in to_groups
    ]


def _role(grant: UserGrant | GroupGrant) -> RoomRole:
    return RoomRole(grant.permission.codename.removeprefix(GRANT_PREFIX))
