"""How much one person has not read, as far as that person may know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rooms import store
from rooms.sight import counted
from tenancy.actor import Actor


@dataclass(frozen=True, slots=True)
class Unread:
    """Counts stop at 1,000."""

    unread: int = 0
    mentions: int = 0
    last_read_id: UUID | None = None


def unread_in(actor: Actor, room_ids: Sequence[UUID]) -> dict[UUID, Unread]:
    """By room, of those that the actor is in. Who is called by a message that is withheld does not learn it here.

    Call inside a scope of the workspace.
    """
    states = store.read_states(actor.id, room_ids)
    seen = counted(actor, {(room_id, marking) for room_id, state in states.items() for marking in state.mentions})
    return {
        room_id: Unread(
            state.unread,
            sum(number for marking, number in state.mentions.items() if seen[room_id][marking]),
            state.last_read_id,
        )
        for room_id, state in states.items()
    }
