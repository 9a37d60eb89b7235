"""What realtime needs of the database, one function for each question; all run on a thread, in a scope of their own.

Only decisions that somebody acts on are recorded; what is shown to a seat was judged by the guard already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts import sessions
from accounts.access import flags_of, holders_of
from policy import epochs, pep
from policy.catalogue import GATES, Action
from policy.models import EpochKind
from policy.types import AccessDenied, Question
from rooms import news, pages, presence, roomlist
from rooms.access import (
    access_room,
    has_thread,
    membership_of,
    messages_by_id,
    people_of_roles,
    room_resource,
    rooms_by_id,
)
from rooms.cursors import cursor_of, seq_of
from rooms.frames import Close, Hello
from rooms.history import states_of
from rooms.people import people_views
from rooms.posting import Posted
from rooms.powers import powers_in
from rooms.seats import Happening, Place
from rooms.unread import unread_in
from rooms.views import MessageState
from rooms.welcome import Welcome, welcome
from tenancy.actor import Actor, ActorKey
from tenancy.errors import NotSignedIn
from tenancy.scoping import within

ENDED = Close.REVOKED


def happenings(one: news.MessagesChanged) -> list[Happening]:
    """The messages of a ring as they are now, each with its place in the room, in order."""
    with within(one.workspace_id):
        states = {state.id: state for state in states_of(messages_by_id(one.message_ids))}
        return [
            _happening(states[message_id], seq, posted=one.posted)
            for message_id, seq in zip(one.message_ids, one.seqs, strict=True)
            if message_id in states
        ]


def _happening(state: MessageState, seq: int, *, posted: bool) -> Happening:
    return Happening(
        state=state,
        seq=seq,
        cursor=cursor_of(state.workspace_id, state.room_id, seq),
        prev=cursor_of(state.workspace_id, state.room_id, seq - 1),
        posted=posted,
    )


def missed(workspace_id: UUID, told: Mapping[UUID, str]) -> dict[UUID, list[Happening]]:
    """What happened in these rooms after the cursors that somebody was told; where it is too much, nothing."""
    with within(workspace_id):
        after = {room_id: seq_of(workspace_id, room_id, cursor) for room_id, cursor in told.items()}
        moved = [room for room in rooms_by_id(list(told)).values() if room.last_seq > after[room.id]]
        found = {room.id: states_of(pages.changes(room.id, after[room.id]) or []) for room in moved}
        return {
            room_id: [_happening(one, one.changed_seq, posted=one.changed_seq == one.seq) for one in states]
            for room_id, states in found.items()
        }


def fresh_happenings(workspace_id: UUID, posted: Sequence[Posted]) -> list[Happening]:
    """Messages that this process has just committed, without reading them again. Nobody can have changed them yet."""
    return [
        Happening(
            state=MessageState(
                workspace_id=workspace_id,
                id=one.message_id,
                room_id=one.room_id,
                seq=one.seq,
                changed_seq=one.seq,
                client_message_id=one.client_message_id,
                sender_id=one.sender_id,
                at=one.at,
                marking=one.marking,
                parts=one.parts,
                mentions=one.mentions,
                mentions_room=one.mentions_room,
                in_thread=one.thread_id,
                also_to_room=one.also_to_room,
            ),
            seq=one.seq,
            cursor=one.cursor,
            prev=one.prev,
            posted=True,
        )
        for one in posted
    ]


def refreshed(actor: Actor) -> Actor | None:
    """The actor as the session is now, or None when it has ended."""
    with within(actor.workspace_id):
        try:
            return sessions.refresh(actor)
        except NotSignedIn:
            return None


def note_use(actor: Actor) -> None:
    """Somebody sits before this socket and does something."""
    session_id = actor.environment.session_id
    if session_id is not None:
        with within(actor.workspace_id):
            sessions.note_use_of(session_id)


def powers_of(actor: Actor, room_ids: Sequence[UUID]) -> dict[str, Any] | None:
    """What the actor may do in the workspace and in each of these rooms, or None when the session has ended."""
    with within(actor.workspace_id):
        try:
            fresh = sessions.refresh(actor)
        except NotSignedIn:
            return None
        offered = powers_in(fresh, list(rooms_by_id(room_ids).values()))
        rooms = {str(room_id): powers.view() for room_id, powers in offered.items()}
        return {"powers": sorted(flags_of(fresh)), "rooms": rooms}


def tell_arrival(actor: Actor) -> str:
    """Somebody has opened a socket; the answer is the state that others see now."""
    return _tell_presence(actor, presence.arrive(actor.id))


def tell_departure(actor: Actor) -> None:
    """Somebody's last socket in this process has closed; elsewhere there may be others."""
    _tell_presence(actor, presence.leave(actor.id))


def _tell_presence(actor: Actor, state: str) -> str:
    news.ring([news.PresenceChanged(workspace_id=actor.workspace_id, user_id=actor.id, state=state)])
    return state


def tell_typing(actor: Actor, told: news.TypingNoticed) -> None:
    """Tell who reads there that somebody is typing, if that one may write there now."""
    with within(actor.workspace_id):
        may = pep.permitted(actor, Action.TYPING_SEND, room_resource(told.room_id))
        may = may and (told.thread_id is None or has_thread(told.room_id, told.thread_id))
    if may:
        news.ring([told])


def person(workspace_id: UUID, user_id: UUID) -> dict[str, Any]:
    with within(workspace_id):
        return people_views([user_id])[0]


def keepers(room_id: UUID, actors: Sequence[Actor]) -> set[ActorKey]:
    """Those of these who keep the room, and so may know what policy did to whose membership.

    Few do: who holds neither a role nor a flag for it is not asked about.
    """
    if not actors:
        return set()
    gate = GATES[Action.MEMBER_REMOVE]
    with within(actors[0].workspace_id):
        likely = people_of_roles(room_id, gate.room_roles) | holders_of(gate.flags)
        asked = [Question(one, Action.MEMBER_REMOVE, room_resource(room_id)) for one in actors if one.id in likely]
        answers = pep.preview(asked)
    return {answer.question.actor.key for answer in answers if answer.permits}


@dataclass(frozen=True, slots=True)
class RoomFor:
    """A room as one person has it, and the place that a seat of that person gets there."""

    view: dict[str, Any]
    place: Place


def room_for(actor: Actor, room_id: UUID) -> RoomFor | None:
    """The room, if the actor may read it now."""
    with pep.unit(actor.workspace_id):
        try:
            with pep.reading(actor):
                room = access_room(actor, room_id, Action.MESSAGE_READ)
                membership = membership_of(room_id, actor.id)
                if membership is None:
                    return None
                view = roomlist.room_views(actor, [membership])[0]
        except AccessDenied:
            return None
    return RoomFor(view, Place(room.id, room.marking, roomlist.is_governed(room)))


def read_state(actor: Actor, room_id: UUID) -> dict[str, Any] | None:
    """How far the actor has read one room."""
    with within(actor.workspace_id):
        state = unread_in(actor, [room_id]).get(room_id)
    if state is None:
        return None
    return {"message": state.last_read_id, "unread": state.unread, "mentions": state.mentions}


def changed_epochs(workspace_id: UUID, window: float) -> dict[tuple[EpochKind, UUID], int]:
    with within(workspace_id):
        return epochs.changed_since(window)


def heads(workspace_id: UUID, room_ids: Sequence[UUID]) -> dict[UUID, str]:
    """How far each room has come, as cursors."""
    with within(workspace_id):
        rooms = rooms_by_id(room_ids)
        return {room.id: cursor_of(workspace_id, room.id, room.last_seq) for room in rooms.values()}


def welcomed(actor: Actor, frame: Hello) -> Welcome:
    """The first answer on a socket."""
    with pep.unit(actor.workspace_id), pep.reading(actor):
        return welcome(actor, frame)
