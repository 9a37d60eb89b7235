"""What one reader may see of each marking in a room: the same question that the guard asks, for pages and searches."""

from collections.abc import Collection
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.types import Question
from rooms.access import no_message, room_resource
from rooms.models import Message
from tenancy.actor import Actor

Sight = dict[str, bool]


def sight_in(actor: Actor, room_id: UUID, markings: Collection[str]) -> Sight:
    """By marking: may the actor see portions that carry it? An obligation to redact hides them (R10)."""
    return sights(actor, {(room_id, marking) for marking in markings}).get(room_id, {})


def sights(actor: Actor, places: Collection[tuple[UUID, str]]) -> dict[UUID, Sight]:
    """`sight_in` for places in many rooms, judged in one batch; by room and marking."""
    wanted = sorted(places)
    asked = [
        Question(actor, Action.MESSAGE_DELIVER, room_resource(room_id, marking=marking)) for room_id, marking in wanted
    ]
    seen: dict[UUID, Sight] = {}
    for (room_id, marking), answer in zip(wanted, pep.decide_many(asked), strict=True):
        seen.setdefault(room_id, {})[marking] = answer.permits and answer.obligation("redact") is None
    return seen


def refuse_withheld(actor: Actor, message: Message) -> None:
    """What is withheld from the actor is, for whatever may be done to it, not there."""
    if not sight_in(actor, message.room_id, {message.marking})[message.marking]:
        raise no_message()
