"""Roles and who holds them (AD-2, AD-3). Every change reaches open clients, because it voids older permits (AD-4)."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import access_role, access_user
from accounts.actions import rules
from accounts.models import Role, RoleAssignment, UserKind
from accounts.roles import SystemRole
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action, Flag
from policy.language.values import shown
from policy.models import EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from policy.visible import visible_name
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, Invalid, NotFound

_LONGEST_NAME = 60


@performs(Action.ROLE_CREATE)
def create_role(actor: Actor, *, name: str, flags: Iterable[str]) -> Role:
    """A role of the workspace's own. Nobody creates one with more power than their own."""
    resource = Resource("role", new_id())
    enforce(actor, Action.ROLE_CREATE, resource)
    chosen = _checked_flags(flags)
    rules.refuse_escalation(actor, Action.ROLE_CREATE, resource, chosen)

    role = Role(id=resource.id, workspace_id=actor.workspace_id, name=_checked_name(name), flags=chosen)
    _save(role, force_insert=True)

    record(Event.ROLE_CREATED, actor, target=Target("role", role.id), role_id=role.id, flags=chosen)
    return role


@performs(Action.ROLE_UPDATE)
def update_role(actor: Actor, *, role_id: UUID, name: str | None = None, flags: Iterable[str] | None = None) -> Role:
    """Rename a role or change its flags; everybody who holds it is judged anew."""
    role = access_role(actor, role_id, Action.ROLE_UPDATE)
    rules.refuse_locked(role)
    wanted_name = role.name if name is None else _checked_name(name)
    wanted_flags = role.flags if flags is None else _checked_flags(flags)
    differing = set(wanted_flags) ^ set(role.flags)
    rules.refuse_escalation(actor, Action.ROLE_UPDATE, Resource("role", role_id), differing)

    changed = [part for part, differs in (("name", wanted_name != role.name), ("flags", bool(differing))) if differs]
    if not changed:
        raise NothingChanged(role)
    role.name, role.flags = wanted_name, wanted_flags
    _save(role, update_fields=["name", "flags"])

    record(
        Event.ROLE_CHANGED, actor, target=Target("role", role.id), role_id=role.id, changed=changed, flags=role.flags
    )
    if differing:
        _announce(actor, _holders(role), "role_changed")
    return role


@performs(Action.ROLE_DELETE)
def delete_role(actor: Actor, *, role_id: UUID) -> None:
    """Take a role away from everybody who holds it, and from the workspace."""
    role = access_role(actor, role_id, Action.ROLE_DELETE)
    rules.refuse_locked(role)
    rules.refuse_escalation(actor, Action.ROLE_DELETE, Resource("role", role_id), role.flags)

    holders = _holders(role)
    for user_id in holders:
        record(Event.ROLE_UNASSIGNED, actor, target=Target("user", user_id), role_id=role_id, user_id=user_id)
    RoleAssignment.objects.filter(role=role).delete()
    role.delete()

    record(Event.ROLE_DELETED, actor, target=Target("role", role_id), role_id=role_id)
    _announce(actor, holders, "role_deleted")


@performs(Action.ROLE_ASSIGN)
def assign_role(actor: Actor, *, role_id: UUID, user_id: UUID) -> None:
    """Let somebody hold a role. Nobody gives away what they do not hold themselves."""
    role = access_role(actor, role_id, Action.ROLE_ASSIGN)
    rules.refuse_escalation(actor, Action.ROLE_ASSIGN, Resource("role", role_id), role.flags)
    user = access_user(actor, user_id, Action.ROLE_ASSIGN)
    if user.kind == UserKind.PLACEHOLDER:
        raise Conflict(_("A placeholder stands for imported messages and holds no role."), field="user")

    _held, fresh = RoleAssignment.objects.get_or_create(
        role=role, user=user, defaults={"workspace_id": actor.workspace_id, "assigned_by": actor.id}
    )
    if not fresh:
        raise NothingChanged(None)

    record(Event.ROLE_ASSIGNED, actor, target=Target("user", user_id), role_id=role_id, user_id=user_id)
    _announce(actor, [user_id], "role_assigned")


@performs(Action.ROLE_UNASSIGN)
def unassign_role(actor: Actor, *, role_id: UUID, user_id: UUID) -> None:
    """Take a role from somebody; the last active owner stays one."""
    role = access_role(actor, role_id, Action.ROLE_UNASSIGN)
    rules.refuse_escalation(actor, Action.ROLE_UNASSIGN, Resource("role", role_id), role.flags)
    if role.system == SystemRole.OWNER:
        rules.refuse_last_owner(user_id)

    gone, _each = RoleAssignment.objects.filter(role=role, user_id=user_id).delete()
    if not gone:
        raise NotFound(_("This person does not hold the role."), field="user")

    record(Event.ROLE_UNASSIGNED, actor, target=Target("user", user_id), role_id=role_id, user_id=user_id)
    _announce(actor, [user_id], "role_unassigned")


def _announce(actor: Actor, user_ids: Collection[UUID], reason: str) -> None:
    if user_ids:
        announce_access_change(actor, kind=EpochKind.SUBJECT, keys=user_ids, reason=reason)


def _holders(role: Role) -> list[UUID]:
    return list(RoleAssignment.objects.filter(role=role).order_by("user_id").values_list("user_id", flat=True))


def _save(role: Role, **how: object) -> None:
    try:
        with transaction.atomic():
            role.save(**how)  # type: ignore[arg-type]
    except IntegrityError:
        raise Conflict(_("There is a role of this name."), field="name", remedy=_("Choose another one.")) from None


def _checked_name(name: str) -> str:
    """The name; unlike others it is kept unsealed and told apart by the database, letter for letter."""
    tidy = visible_name(name, longest=_LONGEST_NAME)
    if shown(tidy) != tidy:
        raise Invalid(
            _("The name of a role can't have characters that only change how another one looks, as in some emoji."),
            field="name",
            remedy=_("Use letters and digits, or an emoji without such a variant."),
        )
    return tidy


def _checked_flags(flags: Iterable[str]) -> list[str]:
    chosen = set(flags)
    unknown = chosen - set(Flag)
    if unknown:
        raise Invalid(_("There is no such flag."), field="flags", remedy=_("Choose from the list of flags."))
    return sorted(str(Flag(flag).value) for flag in chosen)
