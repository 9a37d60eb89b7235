"""Groups and who is in them (SG-2, ID-11). Policy reads their names, so a change of membership voids older permits."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import sealing
from accounts.access import access_group, access_user
from accounts.actions import rules
from accounts.models import Group, GroupKind, GroupMembership, MembershipSource
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.models import EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from policy.visible import visible_name
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, NotFound

_LONGEST_NAME = 80


@performs(Action.GROUP_CREATE)
def create_group(actor: Actor, *, name: str, kind: GroupKind = GroupKind.PUBLIC) -> Group:
    """A group without members."""
    group_id = new_id()
    enforce(actor, Action.GROUP_CREATE, Resource("group", group_id))

    group = Group(id=group_id, workspace_id=actor.workspace_id, kind=GroupKind(kind))
    sealing.seal_group_name(group, visible_name(name, longest=_LONGEST_NAME))
    _save(group, force_insert=True)

    record(Event.GROUP_CREATED, actor, target=Target("group", group.id), group_id=group.id, kind=group.kind)
    return group


@performs(Action.GROUP_UPDATE)
def update_group(actor: Actor, *, group_id: UUID, name: str | None = None, kind: GroupKind | None = None) -> Group:
    """Rename a group or change who may know of it."""
    group = access_group(actor, group_id, Action.GROUP_UPDATE)

    changed = []
    wanted = None if name is None else visible_name(name, longest=_LONGEST_NAME)
    if wanted is not None and wanted != sealing.open_group_names([group]).get(group.id):
        rules.refuse_self(actor, Action.GROUP_UPDATE, Resource("group", group.id), members_of(group.id))
        sealing.seal_group_name(group, wanted)
        changed.append("name")
    if kind is not None and kind != group.kind:
        group.kind = GroupKind(kind)
        changed.append("kind")
    if not changed:
        raise NothingChanged(group)
    _save(group, update_fields=["name", "name_hash", "name_revision", "kind"])

    record(Event.GROUP_CHANGED, actor, target=Target("group", group.id), group_id=group.id, changed=changed)
    if "name" in changed:
        _announce(actor, members_of(group.id), "group_renamed")
    return group


@performs(Action.GROUP_DELETE)
def delete_group(actor: Actor, *, group_id: UUID) -> None:
    """Dissolve a group; what its name or its grants opened is closed. Nobody dissolves one that they are in."""
    group = access_group(actor, group_id, Action.GROUP_DELETE)
    members = members_of(group.id)
    rules.refuse_self(actor, Action.GROUP_DELETE, Resource("group", group_id), members)

    group.delete()

    record(Event.GROUP_DELETED, actor, target=Target("group", group_id), group_id=group_id)
    _announce(actor, members, "group_deleted")


@performs(Action.GROUP_MEMBER_ADD)
def add_group_member(
    actor: Actor, *, group_id: UUID, user_id: UUID, source: MembershipSource = MembershipSource.MANUAL
) -> None:
    """Count somebody among a group, as one source sees it. Nobody counts themselves in."""
    group = access_group(actor, group_id, Action.GROUP_MEMBER_ADD)
    rules.refuse_self(actor, Action.GROUP_MEMBER_ADD, Resource("group", group_id), [user_id])
    user = access_user(actor, user_id, Action.GROUP_MEMBER_ADD)

    _row, fresh = GroupMembership.objects.get_or_create(
        group=group, user=user, source=MembershipSource(source), defaults={"workspace_id": actor.workspace_id}
    )
    if not fresh:
        raise NothingChanged(None)

    record(
        Event.GROUP_MEMBER_ADDED,
        actor,
        target=Target("group", group_id),
        group_id=group_id,
        user_id=user_id,
        source=source,
    )
    _announce(actor, [user_id], "group_member_added")


@performs(Action.GROUP_MEMBER_REMOVE)
def remove_group_member(
    actor: Actor, *, group_id: UUID, user_id: UUID, source: MembershipSource = MembershipSource.MANUAL
) -> None:
    """One source no longer counts somebody among a group; what others say stays (ID-11). Nobody counts themselves out:
    a rule may deny something to this very group.
    """
    group = access_group(actor, group_id, Action.GROUP_MEMBER_REMOVE)
    rules.refuse_self(actor, Action.GROUP_MEMBER_REMOVE, Resource("group", group_id), [user_id])

    gone, _each = GroupMembership.objects.filter(group=group, user_id=user_id, source=source).delete()
    if not gone:
        raise NotFound(_("This source does not count this person among the group."), field="user")

    record(
        Event.GROUP_MEMBER_REMOVED,
        actor,
        target=Target("group", group_id),
        group_id=group_id,
        user_id=user_id,
        source=source,
    )
    _announce(actor, [user_id], "group_member_removed")


def members_of(group_id: UUID) -> list[UUID]:
    rows = GroupMembership.objects.filter(group_id=group_id).order_by("user_id")
    return list(rows.values_list("user_id", flat=True).distinct())


def _announce(actor: Actor, user_ids: Collection[UUID], reason: str) -> None:
    if user_ids:
        announce_access_change(actor, kind=EpochKind.SUBJECT, keys=user_ids, reason=reason)


def _save(group: Group, **how: object) -> None:
    try:
        with transaction.atomic():
            group.save(**how)  # type: ignore[arg-type]
    except IntegrityError:
        raise Conflict(_("There is a group of this name."), field="name", remedy=_("Choose another one.")) from None
