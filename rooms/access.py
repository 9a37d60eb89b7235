"""The only givers of rows: a room, a message or a thread comes out of here with a decision, or not at all."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.attributes import granted_in
from policy.catalogue import Action, RoomRole
from policy.models import EpochKind
from policy.pep import decide, decide_many, enforce
from policy.types import AccessDenied, Decision, Question, Resource
from rooms.models import (
    Membership,
    MembershipState,
    Message,
    MessageRevision,
    Room,
    RoomKind,
    RoomState,
    Thread,
)
from tenancy.actor import Actor
from tenancy.errors import NotFound


def room_resource(room_id: UUID, **properties: object) -> Resource:
    return Resource("room", room_id, room_id, properties)


def message_resource(message: Message) -> Resource:
    properties = {"marking": message.marking, "owner_id": message.sender_id}
    return Resource("message", message.id, message.room_id, properties)


def access_room(actor: Actor, room_id: UUID, action: Action, **properties: object) -> Room:
    """The room, for one purpose. Raises AccessDenied, which looks the same for hidden, foreign and absent rooms."""
    enforce(actor, action, room_resource(room_id, **properties))
    return Room.objects.get(id=room_id)


def access_message(actor: Actor, message_id: UUID, action: Action) -> Message:
    """The message, for one purpose, if the actor may read its room at all. Raises AccessDenied or NotFound."""
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        decide(actor, action, Resource("message", message_id))  # what is not there is nobody's: on record
        raise no_message()
    _refuse_unseen(enforce_readable(actor, message), no_message())
    enforce(actor, action, message_resource(message))
    return message


def lock_message(actor: Actor, message_id: UUID, action: Action) -> Message:
    """`access_message` for a change: one at a time, so that nobody edits what somebody else is deleting.

    Nobody keeps others waiting who may not make the change; what has another marking by then is judged once more.
    """
    judged = access_message(actor, message_id, action)
    message = Message.objects.select_for_update(no_key=True).filter(id=message_id).first()
    if message is None:
        raise no_message()
    return message if message.marking == judged.marking else access_message(actor, message_id, action)


def enforce_readable(actor: Actor, message: Message) -> Decision:
    return decide_many([Question(actor, Action.MESSAGE_READ, message_resource(message))])[0]


def _refuse_unseen(decision: Decision, absent: NotFound) -> None:
    """What stands in a hidden room is refused as if it did not exist."""
    if decision.permits:
        return
    denied = AccessDenied(decision)
    if denied.code == "not_found":
        raise absent
    raise denied


def no_message() -> NotFound:
    return NotFound(_("This message does not exist or is not yours to see."), field="message")


def access_thread(actor: Actor, thread_id: UUID, action: Action) -> Thread:
    """The thread, if the actor may do this in its room. Raises AccessDenied or NotFound."""
    thread = Thread.objects.filter(id=thread_id).first()
    if thread is None:
        decide(actor, action, Resource("thread", thread_id))
        raise _no_thread()
    try:
        enforce(actor, action, room_resource(thread.room_id))
    except AccessDenied as denied:
        if denied.code == "not_found":
            raise _no_thread() from None
        raise
    return thread


def has_thread(room_id: UUID, thread_id: UUID) -> bool:
    return Thread.objects.filter(id=thread_id, room_id=room_id).exists()


def _no_thread() -> NotFound:
    return NotFound(_("This thread does not exist or is not yours to see."), field="thread")


def memberships_of(user_id: UUID) -> list[Membership]:
    """The standing memberships of one person, with their rooms; being a member opens nothing by itself."""
    held = Membership.objects.filter(user_id=user_id, state=MembershipState.ACTIVE)
    return list(held.select_related("room").order_by("room_id"))


def visible_rooms(actor: Actor) -> list[tuple[Membership, Decision]]:
    """The actor's rooms, each with the decision on reading it now, judged in one batch."""
    held = memberships_of(actor.id)
    questions = [Question(actor, Action.MESSAGE_READ, room_resource(one.room_id)) for one in held]
    return list(zip(held, decide_many(questions), strict=True))


def active_members(room_id: UUID) -> list[UUID]:
    held = Membership.objects.filter(room_id=room_id, state=MembershipState.ACTIVE)
    return list(held.values_list("user_id", flat=True))


def rooms_by_id(room_ids: Sequence[UUID]) -> dict[UUID, Room]:
    return {room.id: room for room in Room.objects.filter(id__in=room_ids)}


def memberships_touched(kind: EpochKind, keys: Sequence[UUID]) -> list[UUID]:
    """The standing memberships that a change of these subjects, rooms or of the whole policy touches."""
    held = Membership.objects.exclude(state=MembershipState.REMOVED)
    if kind == EpochKind.SUBJECT:
        held = held.filter(user_id__in=list(keys))
    if kind == EpochKind.ROOM:
        held = held.filter(room_id__in=list(keys))
    return list(held.order_by("id").values_list("id", flat=True))


def standing_membership_ids() -> list[UUID]:
    """Every membership that has not been removed, for the sweep."""
    held = Membership.objects.exclude(state=MembershipState.REMOVED)
    return list(held.order_by("id").values_list("id", flat=True))


def membership_of(room_id: UUID, user_id: UUID) -> Membership | None:
    held = Membership.objects.filter(room_id=room_id, user_id=user_id, state=MembershipState.ACTIVE)
    return held.select_related("room").first()


def members_of(room_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The active members of each room."""
    members: dict[UUID, list[UUID]] = {room_id: [] for room_id in room_ids}
    held = Membership.objects.filter(room_id__in=room_ids, state=MembershipState.ACTIVE).order_by("joined_at", "id")
    for room_id, user_id in held.values_list("room_id", "user_id"):
        members[room_id].append(user_id)
    return members


def messages_by_id(message_ids: Sequence[UUID]) -> list[Message]:
    return list(Message.objects.filter(id__in=message_ids))


def people_of_roles(room_id: UUID, roles: Collection[RoomRole]) -> set[UUID]:
    """Who stands in a room in one of these roles, or by a grant in any."""
    held = Membership.objects.filter(room_id=room_id, state=MembershipState.ACTIVE, role__in=[*roles])
    return set(held.values_list("user_id", flat=True)) | granted_in(room_id)


def memberships_in(room_id: UUID) -> list[Membership]:
    """Everybody who stands in a room, suspended people included."""
    held = Membership.objects.filter(room_id=room_id).exclude(state=MembershipState.REMOVED)
    return list(held.order_by("joined_at", "id"))


def public_rooms() -> list[Room]:
    return list(Room.objects.filter(kind=RoomKind.PUBLIC, state=RoomState.ACTIVE).order_by("created_at", "id"))


def revisions_of(message: Message) -> list[MessageRevision]:
    return list(MessageRevision.objects.filter(message=message).order_by("revision"))
