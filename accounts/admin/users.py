"""Accounts: who is here, what they hold, what policy knows about them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Max, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import actions, lockout, sealing, sessions
from accounts.access import all_cards, cards, sight_of
from accounts.admin import barred
from accounts.admin.facts import FactsForm
from accounts.admin.fields import GroupForm, RoleForm, ThisGroupForm, ThisRoleForm
from accounts.agents import in_words
from accounts.models import Device, GroupMembership, RoleAssignment, Session, User, UserKind, UserState
from accounts.provenance import Standing, origins_of
from accounts.valkey import RedisError
from policy.console import (
    Action,
    AskForm,
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
    muted,
    status,
    tag,
    two_lines,
)
from policy.types import Resource
from policy.wording import DOUBTS


class NewUserForm(ConsoleForm):
    """A new account."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=64,
        help_text=gettext_lazy("Small letters, digits, dots, hyphens and underscores. It is what one signs in with."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(UserKind.PERSON, UserKind.PERSON.label), (UserKind.SERVICE, UserKind.SERVICE.label)],
    )
    password = forms.CharField(
        label=gettext_lazy("First password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Leave it empty for who signs in by a link: manage.py login_link USERNAME."),
    )

    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        return {**given, "kind": UserKind(given["kind"]), "password": given["password"] or None}


class UserForm(ConsoleForm):
    """What may be corrected about somebody."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=64)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)

    def written(self, obj: Any) -> dict[str, Any]:
        profile = sealing.open_profiles([obj])[obj.id]
        return {"username": obj.username, "name": profile.name, "title": profile.title}


class PasswordForm(AskForm):
    """A new password for somebody."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "At least 12 characters, and none that are known from leaks. Tell it to them in person."
        ),
    )


def _active(user: User) -> bool:
    return user.state == UserState.ACTIVE


def _may_return(user: User) -> bool:
    return user.state == UserState.DEACTIVATED and user.kind != UserKind.PLACEHOLDER


def _locked(user: User) -> bool:
    return _locked_until(user) is not None


def _not_placeholder(user: User) -> bool:
    return user.kind != UserKind.PLACEHOLDER


def _locked_until(user: User) -> Any:
    try:
        return lockout.locked_until(user.workspace_id, username=user.username, address="", now=timezone.now())
    except RedisError:
        return None


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    sees = (Action.USER_UPDATE, Action.FACTS_VIEW)
    adds, saves, key = actions.create_user, actions.update_user, "user_id"
    section, icon, order = Section.PEOPLE, "users", 10
    adding = gettext_lazy("New user")
    help = gettext_lazy("Everybody with an account in this workspace. An account opens nothing by itself.")
    empty = gettext_lazy("Nobody has an account yet.")
    form, add_form = UserForm, NewUserForm
    list_display = ("person", "kind", "standing", "roles", "last_seen")
    list_filter = ("state", "kind")
    search_fields = ("username",)
    search_help_text = gettext_lazy("Name or user name")
    ordering = ("username",)
    panels = ("facts_panel", "roles_panel", "groups_panel", "sessions_panel", "devices_panel")
    buttons = (
        Button(
            actions.set_facts,
            gettext_lazy("Set facts"),
            asks=FactsForm,
            fits=_active,
            bars=barred.the_person,
        ),
        Button(
            actions.set_password,
            gettext_lazy("Set password"),
            asks=PasswordForm,
            decides=Action.PASSWORD_SET,
            fits=_not_placeholder,
            bars=barred.the_outranked,
        ),
        Button(
            actions.unlock_user,
            gettext_lazy("Lift the lock"),
            warns=gettext_lazy("Failed attempts are forgotten and the account can sign in again at once."),
            fits=_locked,
        ),
        Button(
            actions.deactivate_user,
            gettext_lazy("Deactivate"),
            warns=gettext_lazy("All sessions end now and every access is refused. What they wrote stays."),
            tone="danger",
            fits=_active,
            bars=barred.the_outranked,
        ),
        Button(
            actions.reactivate_user,
            gettext_lazy("Reactivate"),
            warns=gettext_lazy("They can sign in again. Policy decides anew what they may enter."),
            fits=_may_return,
            bars=barred.the_outranked,
        ),
        Button(actions.assign_role, gettext_lazy("Assign role"), asks=RoleForm, in_row=True),
        Button(
            actions.unassign_role,
            gettext_lazy("Take role away"),
            asks=ThisRoleForm,
            warns=gettext_lazy("What only this role allows is refused from now on, also in open clients."),
            bars=barred.who_holds_less_than_the_row,
            in_row=True,
        ),
        Button(
            actions.add_group_member,
            gettext_lazy("Add to group"),
            asks=GroupForm,
            bars=barred.the_person,
            in_row=True,
        ),
        Button(
            actions.remove_group_member,
            gettext_lazy("Remove from group"),
            asks=ThisGroupForm,
            warns=gettext_lazy("What the group opens is closed. Other sources that count them in stay."),
            bars=barred.the_person,
            in_row=True,
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No form where every save would be refused; one that is sent all the same is refused by the action."""
        shown = obj is not None and request.method != "POST"
        if shown and barred.the_outranked(request.actor, obj, {}):  # type: ignore[attr-defined]
            return False
        return super().has_change_permission(request, obj)

    def get_search_results(self, _request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Names are sealed: all of them are opened and compared."""
        wanted = search_term.strip().lower()
        if not wanted:
            return queryset, False
        fits = [card.id for card in all_cards().values() if wanted in f"{card.username} {card.name}".lower()]
        return queryset.filter(Q(id__in=fits)), False

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        shown = cards(user.id for user in rows)
        roles: dict[UUID, list[str]] = {}
        ids = [user.id for user in rows]
        for user_id, name in RoleAssignment.objects.filter(user_id__in=ids).values_list("user_id", "role__name"):
            roles.setdefault(user_id, []).append(name)
        seen = Session.objects.filter(user_id__in=ids).values_list("user_id").annotate(at=Max("last_used_at"))
        last = dict(seen)
        for user in rows:
            user.card, user.role_names, user.last_at = shown[user.id], sorted(roles.get(user.id, [])), last.get(user.id)
        return rows

    @admin.display(description=gettext_lazy("Person"), ordering="username")
    def person(self, user: Any) -> Any:
        return two_lines(user.card.name, user.username)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def standing(self, user: Any) -> Any:
        return status(user.get_state_display(), "ok" if _active(user) else "")

    @admin.display(description=gettext_lazy("Roles"))
    def roles(self, user: Any) -> Any:
        return listed(user.role_names, _("none"))

    @admin.display(description=gettext_lazy("Last seen"))
    def last_seen(self, user: Any) -> Any:
        return moment(user.last_at)

    def headline(self, obj: Any) -> str:
        return str(obj.card.name)

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        until = _locked_until(obj)
        lock = status(_("until %(time)s UTC") % {"time": f"{until:%H:%M:%S}"}, "warn", "lock") if until else _("no")
        return [
            (_("State"), self.standing(obj)),
            (_("User name"), code(obj.username)),
            (_("Kind"), obj.get_kind_display()),
            (_("Locked"), lock),
            (_("Last seen"), moment(obj.last_at)),
            (_("Created"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]

    def facts_panel(self, request: HttpRequest, user: Any) -> Panel:
        """What policy knows, on whose word; the values only as far as one sees them (R12)."""
        sight = sight_of(request.actor, user.id)  # type: ignore[attr-defined]
        hint = (
            _("Values are shown to holders of the flag View facts.")
            if sight is None
            else _("Of ranks and sets you see what you hold yourself.")
        )
        rows = [
            (
                two_lines(origin.label, origin.attribute),
                _standing(origin.standing, origin.doubt),
                muted(_("hidden")) if sight is None else (origin.value or muted("–")),
                _source(origin.source, origin.ignored),
                moment(origin.told_at),
                moment(origin.until, never=_("no end")),
            )
            for origin in origins_of(user.id, sight=sight)
        ]
        columns = (_("Attribute"), _("Known"), _("Value"), _("Source"), _("Told"), _("Until"))
        return Panel(_("What policy knows"), columns, rows, empty=_("No attribute of people is defined."), hint=hint)

    def roles_panel(self, request: HttpRequest, user: Any) -> Panel:
        may_assign = self.may(request, actions.assign_role, user)
        held = RoleAssignment.objects.filter(user=user).select_related("role").order_by("role__name")
        rows = [
            (
                two_lines(one.role.name, _("system role") if one.role.locked else _("own role")),
                moment(one.created_at),
                link(_("Take away"), self.do_url(user, "unassign_role", role_id=one.role_id), hint=one.role.name)
                if self.may(request, actions.unassign_role, user, flags=one.role.flags)
                else "",
            )
            for one in held
        ]
        offers = [Offer(_("Assign role"), self.do_url(user, "assign_role"))] if may_assign else []
        empty = _("No role: nothing of the workspace is open beyond the rooms one is in.")
        return Panel(_("Roles"), (_("Role"), _("Since"), ""), rows, empty=empty, offers=offers)

    def groups_panel(self, request: HttpRequest, user: Any) -> Panel:
        may_remove = self.may(request, actions.remove_group_member, user)
        held = list(GroupMembership.objects.filter(user=user).select_related("group"))
        names = sealing.open_group_names([one.group for one in held])
        rows = [
            (
                names.get(one.group_id, "–"),
                one.get_source_display(),
                moment(one.created_at),
                link(
                    _("Remove"),
                    self.do_url(user, "remove_group_member", group_id=one.group_id, source=one.source),
                    hint=names.get(one.group_id, ""),
                )
                if may_remove
                else "",
            )
            for one in held
        ]
        may_add = self.may(request, actions.add_group_member, user)
        offers = [Offer(_("Add to group"), self.do_url(user, "add_group_member"))] if may_add else []
        columns = (_("Group"), _("Source"), _("Since"), "")
        return Panel(_("Groups"), columns, rows, empty=_("In no group."), offers=offers)

    def sessions_panel(self, request: HttpRequest, user: Any) -> Panel | None:
        if not request.standing.may(Action.SESSION_LIST, Resource("session")):  # type: ignore[attr-defined]
            return None
        live = sessions.live_of(user.id)
        origins = sealing.open_origins(live)
        rows = [
            (
                two_lines(_agent(origins.get(one.id)), _address(origins.get(one.id))),
                ", ".join(one.methods),
                moment(one.authenticated_at),
                moment(one.last_used_at),
                link(_("Open"), reverse("admin:accounts_session_change", args=[one.id])),
            )
            for one in live
        ]
        columns = (_("Device"), _("Signed in by"), _("Since"), _("Last used"), "")
        return Panel(_("Sessions"), columns, rows, empty=_("Not signed in anywhere."))

    def devices_panel(self, request: HttpRequest, user: Any) -> Panel | None:
        if not request.standing.may(Action.DEVICE_UPDATE, Resource("device")):  # type: ignore[attr-defined]
            return None
        devices = list(Device.objects.filter(user=user, removed_at=None).order_by("-created_at"))
        names = sealing.open_device_names(devices)
        rows = [
            (
                _agent_words(names.get(one.id, "")),
                posture(one),
                moment(one.posture_at),
                link(_("Open"), reverse("admin:accounts_device_change", args=[one.id])),
            )
            for one in devices
        ]
        columns = (_("Device"), _("Baseline"), _("Reported"), "")
        return Panel(_("Devices"), columns, rows, empty=_("No device has been used yet."))


def _standing(standing: Standing, doubt: str) -> Any:
    if standing is Standing.HELD:
        return status(_("on record"), "ok")
    if standing is Standing.ABSENT:
        return status(_("not on record"))
    return status(str(DOUBTS.get(doubt, _("nobody can tell"))), "warn", "help")


def _source(source: str, ignored: tuple[str, ...]) -> Any:
    return (
        two_lines(source, _("also told, not counted: %(names)s") % {"names": ", ".join(ignored)}) if ignored else source
    )


def _agent(origin: sealing.Origin | None) -> str:
    return _agent_words(origin.user_agent if origin else "")


def _agent_words(agent: str) -> str:
    return in_words(agent) or _("Unknown device")


def _address(origin: sealing.Origin | None) -> str:
    return origin.address if origin and origin.address else _("unknown address")


def posture(device: Device) -> Any:
    """Whether a device meets the baseline, as its manager says."""
    if device.compliant is None:
        return status(_("never reported"), "warn", "help")
    return status(_("meets it"), "ok") if device.compliant else tag(_("does not meet it"), "danger")
