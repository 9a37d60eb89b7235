"""How far somebody has read, and how somebody keeps a room in the list."""

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action
from rooms import news
from rooms.access import access_room
from rooms.models import Membership, MembershipState, Message, ReadMark, Room, Thread
from tenancy.actor import Actor
from tenancy.errors import NotFound


@pep.performs(Action.READ_MARK_SET)
def mark_read(actor: Actor, *, room_id: UUID, message_id: UUID, thread_id: UUID | None = None) -> None:
    """Everything up to this message has been read; the mark never moves back this way."""
    room = access_room(actor, room_id, Action.READ_MARK_SET)

    seq = _seq_of(room, message_id)
    _refuse_foreign_thread(room, thread_id)

    mark = _mark(room, actor.id, thread_id)
    if mark.seq >= seq:
        raise pep.NothingChanged(None)
    ReadMark.objects.filter(id=mark.id).update(seq=Greatest(F("seq"), seq))

    _note(actor, room, thread_id)


@pep.performs(Action.READ_MARK_SET)
def mark_unread_from(actor: Actor, *, room_id: UUID, message_id: UUID) -> None:
    """This message and all later ones count as unread again."""
    room = access_room(actor, room_id, Action.READ_MARK_SET)

    seq = _seq_of(room, message_id)

    ReadMark.objects.filter(id=_mark(room, actor.id, None).id).update(seq=seq - 1)

    _note(actor, room, None)


def _mark(room: Room, user_id: UUID, thread_id: UUID | None) -> ReadMark:
    mark, _is_new = ReadMark.objects.get_or_create(
        room=room, user_id=user_id, thread_id=thread_id, defaults={"workspace_id": room.workspace_id}
    )
    return mark


def _seq_of(room: Room, message_id: UUID) -> int:
    seq = Message.objects.filter(room=room, id=message_id).values_list("seq", flat=True).first()
    if seq is None:
        raise NotFound(_("This message is not in this room."), field="message")
    return seq


def _refuse_foreign_thread(room: Room, thread_id: UUID | None) -> None:
    if thread_id is not None and not Thread.objects.filter(room=room, id=thread_id).exists():
        raise NotFound(_("This thread is not in this room."), field="thread")


def _note(actor: Actor, room: Room, thread_id: UUID | None) -> None:
    record(Event.READ_MARK_MOVED, actor, target=Target("room", room.id, room.id), thread_id=thread_id)
    news.tell(news.ReadMoved(workspace_id=room.workspace_id, room_id=room.id, user_id=actor.id, thread_id=thread_id))


@pep.performs(Action.ROOM_KEEP)
def keep_room(actor: Actor, *, room_id: UUID, muted: bool | None = None, favourite: bool | None = None) -> None:
    """How the actor wants a room in the own list: quiet, at the top."""
    room = access_room(actor, room_id, Action.ROOM_KEEP)

    wanted = {name: value for name, value in (("muted", muted), ("favourite", favourite)) if value is not None}
    Membership.objects.filter(room=room, user_id=actor.id, state=MembershipState.ACTIVE).update(**wanted)

    record(Event.MEMBERSHIP_KEPT, actor, target=Target("room", room.id, room.id), changed=sorted(wanted))
