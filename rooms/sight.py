"""What one reader may see of each marking in a room: the same question that the guard asks, for pages and searches."""

from collections.abc import Collection
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.types import Question
from rooms.access import room_resource
from tenancy.actor import Actor

Sight = dict[str, bool]


def sight_in(actor: Actor, room_id: UUID, markings: Collection[str]) -> Sight:
    """By marking: may the actor see portions that carry it? An obligation to redact hides them (R10)."""
    wanted = sorted(markings)
    asked = [Question(actor, Action.MESSAGE_DELIVER, room_resource(room_id, marking=marking)) for marking in wanted]
    answers = pep.decide_many(asked)
    return {
        marking: answer.permits and answer.obligation("redact") is None
        for marking, answer in zip(wanted, answers, strict=True)
    }
