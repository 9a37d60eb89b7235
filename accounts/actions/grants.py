"""Grants: a standing in one room, given to one user or to a group by django-guardian (AD-6)."""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from accounts.access import access_group, access_user
from accounts.actions import rules
from accounts.actions.groups import members_of
from accounts.attributes import GRANT_PREFIX
from accounts.models import GroupGrant, UserGrant
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action, RoomRole
from policy.models import EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from tenancy.actor import Actor
from tenancy.errors import Invalid, NotFound


@performs(Action.GRANT_GIVE)
def give_grant(
    actor: Actor, *, room_id: UUID, role: RoomRole, user_id: UUID | None = None, group_id: UUID | None = None
) -> UserGrant | GroupGrant:
    """Let a user, or everybody in a group, stand in a room as this role. Nobody gives one to themselves.

    A grant is the role half of a decision: the room's requirement is asked as well.
    """
    resource = Resource("room", room_id)
    enforce(actor, Action.GRANT_GIVE, resource)
    people = _people(actor, Action.GRANT_GIVE, user_id, group_id)
    rules.refuse_self(actor, Action.GRANT_GIVE, resource, people)

    _refuse_absent(room_id)
    holder = {"user_id": user_id} if user_id else {"group_id": group_id}
    power = _power(role)
    grant: UserGrant | GroupGrant
    grant, fresh = _table(user_id).objects.get_or_create(
        permission=power,
        content_type=power.content_type,
        object_pk=str(room_id),
        **holder,
        defaults={"workspace_id": actor.workspace_id, "given_by": actor.id},
    )
    if not fresh:
        raise NothingChanged(grant)

    record(
        Event.GRANT_GIVEN,
        actor,
        target=Target("room", room_id, room_id),
        user_id=user_id,
        group_id=group_id,
        power=power.codename,
    )
    _announce(actor, people, "grant_given")
    return grant


@performs(Action.GRANT_TAKE)
def take_grant(
    actor: Actor, *, room_id: UUID, role: RoomRole, user_id: UUID | None = None, group_id: UUID | None = None
) -> None:
    """Take back a grant; who stands in the room by it alone is out."""
    enforce(actor, Action.GRANT_TAKE, Resource("room", room_id))
    people = _people(actor, Action.GRANT_TAKE, user_id, group_id)

    holder = {"user_id": user_id} if user_id else {"group_id": group_id}
    power = _power(role)
    gone, _each = _table(user_id).objects.filter(permission=power, object_pk=str(room_id), **holder).delete()
    if not gone:
        raise NotFound(_("There is no such grant."), field="grant")

    record(
        Event.GRANT_TAKEN,
        actor,
        target=Target("room", room_id, room_id),
        user_id=user_id,
        group_id=group_id,
        power=power.codename,
    )
    _announce(actor, people, "grant_taken")


def _people(actor: Actor, action: Action, user_id: UUID | None, group_id: UUID | None) -> list[UUID]:
    """Whom the grant reaches: one user, or everybody in one group."""
    if (user_id is None) == (group_id is None):
        raise Invalid(_("A grant goes to one user or to one group."), field="user")
    if user_id is not None:
        return [access_user(actor, user_id, action).id]
    return members_of(access_group(actor, group_id, action).id)  # type: ignore[arg-type]


def _table(user_id: UUID | None) -> type[UserGrant] | type[GroupGrant]:
    return UserGrant if user_id else GroupGrant


def _power(role: RoomRole) -> Permission:
    room = ContentType.objects.get_by_natural_key("rooms", "room")
    return Permission.objects.select_related("content_type").get(
        content_type=room, codename=f"{GRANT_PREFIX}{RoomRole(role).value}"
    )


def _refuse_absent(room_id: UUID) -> None:
    room = ContentType.objects.get_by_natural_key("rooms", "room")
    try:
        room.get_object_for_this_type(pk=room_id)
    except ObjectDoesNotExist:
        raise NotFound(_("There is no such room."), field="room") from None


def _announce(actor: Actor, user_ids: Collection[UUID], reason: str) -> None:
    if user_ids:
        announce_access_change(actor, kind=EpochKind.SUBJECT, keys=user_ids, reason=reason)
