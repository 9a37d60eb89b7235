"""The life of a room: opened, changed, guarded, archived."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import active_user_ids, flags_of
from audit.events import Event
from audit.log import Target, record
from keys import envelope
from keys.actions import create_room_key
from policy import epochs, pep
from policy.catalogue import Action, Flag, RoomRole
from policy.models import EpochKind
from policy.requirements import checked_requirement
from policy.signals import announce_access_change
from policy.snapshot import snapshot
from policy.types import AccessDenied, Reason, Resource
from policy.visible import visible_lines, visible_name
from rooms import news
from rooms.access import access_room, room_resource
from rooms.actions.members import admit
from rooms.markings import canonical, within_ceiling
from rooms.models import Membership, MembershipState, RequirementVersion, Room, RoomKind, RoomState
from rooms.sealing import room_name, room_topic, seal_room_text
from tenancy.actor import Actor, SubjectKind, new_id
from tenancy.errors import Conflict, Invalid, NotFound
from tenancy.models import Workspace

PEOPLE_IN_GROUP = 20
TWO = 2
LONGEST_NAME = 80


@pep.performs(Action.ROOM_CREATE)
def create_room(
    actor: Actor, *, kind: RoomKind, name: str, topic: str = "", marking: str | None = None, requirement: str = ""
) -> Room:
    """Open a public or private room; a person who opens it becomes its owner, if its own requirement lets that
    person in.
    """
    room_id = new_id()
    pep.enforce(actor, Action.ROOM_CREATE, Resource("room", room_id))

    name, topic = visible_name(name, longest=LONGEST_NAME), visible_lines(topic, field="topic")
    if kind == RoomKind.PUBLIC:
        _refuse_taken_name(actor.workspace_id, name)

    new = Room(id=room_id, kind=kind, marking=_ceiling_of(actor.workspace_id, marking))
    try:
        room = _open(actor, new, name=name, topic=topic)
    except IntegrityError:
        raise _taken() from None
    if requirement:
        _guard(actor, room, requirement)
    if actor.subject.kind is SubjectKind.USER:
        admit(actor, room=room, user_id=actor.id, role=RoomRole.OWNER, source="manual")

    record(Event.ROOM_CREATED, actor, target=Target("room", room.id, room.id), room_kind=kind, marking=room.marking)
    return room


@pep.performs(Action.DIRECT_OPEN)
def open_direct(actor: Actor, *, people: Sequence[UUID], marking: str | None = None) -> Room:
    """The conversation of exactly these people and the actor, opened if it has never been. Whom policy had removed
    from it is let in again if policy does so now.

    Without a marking it may hold as much as the workspace.
    """
    everyone = sorted({actor.id, *people})
    pep.enforce(actor, Action.DIRECT_OPEN, Resource("room"))

    _refuse_odd_company(everyone)
    people_hash = hashlib.sha256(b"".join(user_id.bytes for user_id in everyone)).digest()
    standing = Room.objects.filter(people_hash=people_hash).first()
    if standing is not None:
        _readmit(actor, standing, everyone)
        return standing

    kind = RoomKind.DIRECT if len(everyone) == TWO else RoomKind.GROUP
    new = Room(id=new_id(), kind=kind, marking=_ceiling_of(actor.workspace_id, marking), people_hash=people_hash)
    try:
        room = _open(actor, new, name="")
    except IntegrityError:  # somebody of them was faster
        raise pep.NothingChanged(Room.objects.get(people_hash=people_hash)) from None
    for user_id in everyone:
        admit(actor, room=room, user_id=user_id, role=RoomRole.MEMBER, source="manual")

    record(Event.ROOM_CREATED, actor, target=Target("room", room.id, room.id), room_kind=kind, marking=room.marking)
    return room


def _readmit(actor: Actor, room: Room, everyone: Sequence[UUID]) -> None:
    """Whoever may not come back stays out: the actor is told so, of the others it is on record."""
    standing = Membership.objects.filter(room=room).exclude(state=MembershipState.REMOVED)
    out = set(everyone) - set(standing.values_list("user_id", flat=True))
    back = actor.id in out and _comes_back(actor, room, actor.id)
    for user_id in sorted(out - {actor.id}):
        with suppress(AccessDenied):
            back |= _comes_back(actor, room, user_id)
    if not back:
        raise pep.NothingChanged(room)


def _comes_back(actor: Actor, room: Room, user_id: UUID) -> bool:
    """Whether it is this that let the person in; somebody may have been faster. Raises AccessDenied."""
    try:
        admit(actor, room=room, user_id=user_id, role=RoomRole.MEMBER, source="manual")
    except Conflict:
        return False
    return True


def _refuse_odd_company(everyone: Sequence[UUID]) -> None:
    if not TWO <= len(everyone) <= PEOPLE_IN_GROUP:
        raise Invalid(
            _("A conversation has two to %(most)d people.") % {"most": PEOPLE_IN_GROUP},
            field="people",
            remedy=_("Open a private channel for more people."),
        )
    if set(everyone) - active_user_ids(everyone):
        raise NotFound(_("Somebody in this list has no active account here."), field="people")


def _open(actor: Actor, room: Room, *, name: str, topic: str = "") -> Room:
    """Write a new room with a key and an epoch of its own."""
    create_room_key(actor, room_id=room.id)
    epochs.begin(actor.workspace_id, EpochKind.ROOM, room.id)
    room.workspace_id = actor.workspace_id
    room.created_by_id = actor.id if actor.subject.kind is SubjectKind.USER else None
    room.name_hash = _name_hash(actor.workspace_id, name) if name else room.id.bytes * 2
    room.name_sealed = seal_room_text(room, "name", name)
    room.topic_sealed = seal_room_text(room, "topic", topic)
    with transaction.atomic():
        room.save(force_insert=True)
    return room


def _name_hash(workspace_id: UUID, name: str) -> bytes:
    return envelope.lookup_hash(workspace_id, "room-name", envelope.folded(name))


def _refuse_taken_name(workspace_id: UUID, name: str) -> None:
    """Only public names are told apart: that a private name is taken would tell that the room exists (R11)."""
    taken = _name_hash(workspace_id, name)
    if Room.objects.filter(name_hash=taken, kind=RoomKind.PUBLIC).exists():
        raise _taken()


def _taken() -> Conflict:
    return Conflict(
        _("A room with this name already exists."),
        field="name",
        remedy=_("Choose another name, or ask to be added."),
    )


def _ceiling_of(workspace_id: UUID, marking: str | None) -> str:
    ceiling = Workspace.objects.get(id=workspace_id).ceiling
    if marking is None:
        return canonical(workspace_id, ceiling)
    wanted = canonical(workspace_id, marking)
    if not within_ceiling(workspace_id, wanted, canonical(workspace_id, ceiling)):
        raise Invalid(_("This workspace may hold nothing above %(ceiling)s.") % {"ceiling": ceiling}, field="marking")
    return wanted


@pep.performs(Action.ROOM_UPDATE)
def update_room(actor: Actor, *, room_id: UUID, name: str | None = None, topic: str | None = None) -> Room:
    """Give a room another name or topic. A name by which other rules would apply is given by who manages policy."""
    room = access_room(actor, room_id, Action.ROOM_UPDATE)
    if name is not None:
        _claim(room)

    name = None if name is None else visible_name(name, longest=LONGEST_NAME)
    topic = None if topic is None else visible_lines(topic, field="topic")
    changed = []
    if name is not None and name != room_name(room):
        changed.append("name")
        _refuse_escape(actor, room, name)
        _rename(room, name)
    if topic is not None and topic != room_topic(room):
        changed.append("topic")
        room.topic_sealed = seal_room_text(room, "topic", topic)
    if not changed:
        raise pep.NothingChanged(room)

    try:
        with transaction.atomic():
            room.save(update_fields=["name_sealed", "name_hash", "topic_sealed"])
    except IntegrityError:
        raise _taken() from None

    record(Event.ROOM_CHANGED, actor, target=Target("room", room.id, room.id), changed=changed)
    if "name" in changed:
        announce_access_change(actor, kind=EpochKind.ROOM, keys=[room.id], reason="room:renamed")
    _tell(room)
    return room


def _refuse_escape(actor: Actor, room: Room, name: str) -> None:
    """Rules may be for rooms of certain names: who names a room does not choose its rules."""
    held = snapshot(room.workspace_id)
    before, after = (held.scopes_around(room.id, kind=room.kind, name=one) for one in (room_name(room), name))
    if before != after and Flag.MANAGE_POLICY not in flags_of(actor):
        pep.refuse(actor, Action.ROOM_UPDATE, room_resource(room.id), Reason("name_moves_rules"))


def _rename(room: Room, name: str) -> None:
    if room.kind in (RoomKind.DIRECT, RoomKind.GROUP):
        raise Invalid(_("A direct conversation is named by its people."), field="name")
    if room.kind == RoomKind.PUBLIC and envelope.folded(name) != envelope.folded(room_name(room)):
        _refuse_taken_name(room.workspace_id, name)
    room.name_sealed = seal_room_text(room, "name", name)
    room.name_hash = _name_hash(room.workspace_id, name)


@pep.performs(Action.ROOM_ARCHIVE)
def archive_room(actor: Actor, *, room_id: UUID) -> Room:
    """Close a room to new messages; it stays readable."""
    room = access_room(actor, room_id, Action.ROOM_ARCHIVE)
    _claim(room)

    if room.state == RoomState.ARCHIVED:
        raise Conflict(_("This room is archived already."), field="room")

    _set_state(room, RoomState.ARCHIVED)

    record(Event.ROOM_ARCHIVED, actor, target=Target("room", room.id, room.id))
    announce_access_change(actor, kind=EpochKind.ROOM, keys=[room.id], reason="room:archived")
    _tell(room)
    return room


@pep.performs(Action.ROOM_UNARCHIVE)
def unarchive_room(actor: Actor, *, room_id: UUID) -> Room:
    """Open an archived room again."""
    room = access_room(actor, room_id, Action.ROOM_UNARCHIVE)
    _claim(room)

    if room.state == RoomState.ACTIVE:
        raise Conflict(_("This room is open already."), field="room")

    _set_state(room, RoomState.ACTIVE)

    record(Event.ROOM_UNARCHIVED, actor, target=Target("room", room.id, room.id))
    announce_access_change(actor, kind=EpochKind.ROOM, keys=[room.id], reason="room:unarchived")
    _tell(room)
    return room


def _claim(room: Room) -> None:
    """Whoever posts there finishes first; the room as it is then is what will be changed."""
    epochs.claim(room.workspace_id, EpochKind.ROOM, [room.id])
    room.refresh_from_db(fields=["state", "name_sealed", "name_hash", "topic_sealed"])


def _set_state(room: Room, state: RoomState) -> None:
    room.state = state
    room.save(update_fields=["state"])


@pep.performs(Action.REQUIREMENT_SET)
def set_requirement(actor: Actor, *, room_id: UUID, requirement: str, named: Sequence[str] = ()) -> Room:
    """Guard a room: from now on every membership, read and post in it needs this (PO-2). Takes effect at once (R6)."""
    pep.enforce(actor, Action.REQUIREMENT_SET, Resource("room", room_id, room_id))
    epochs.claim(actor.workspace_id, EpochKind.ROOM, [room_id])
    room = Room.objects.select_for_update(no_key=True).get(id=room_id)

    room.named_requirements = list(named)
    _guard(actor, room, requirement)

    announce_access_change(actor, kind=EpochKind.ROOM, keys=[room.id], reason="room:requirement:changed")
    _tell(room)
    return room


def _guard(actor: Actor, room: Room, requirement: str) -> None:
    checked = checked_requirement(actor.workspace_id, requirement, room.named_requirements)
    room.requirement = checked.text
    room.requirement_hash = checked.hash
    room.requirement_version += 1
    room.save(update_fields=["requirement", "requirement_hash", "requirement_version", "named_requirements"])
    RequirementVersion.objects.create(
        workspace_id=room.workspace_id,
        room=room,
        version=room.requirement_version,
        requirement=room.requirement,
        requirement_hash=room.requirement_hash,
        set_by=actor.id,
        set_at=timezone.now(),
    )
    record(
        Event.REQUIREMENT_CHANGED,
        actor,
        target=Target("room", room.id, room.id),
        room_id=room.id,
        version=room.requirement_version,
        hash=bytes.fromhex(checked.hash) if checked.hash else None,
    )


def _tell(room: Room) -> None:
    news.tell(news.RoomChanged(workspace_id=room.workspace_id, room_id=room.id))
