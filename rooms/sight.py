"""What one reader may see of each marking in a room: the same questions that the guard asks, for pages and searches."""

from collections.abc import Collection
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.snapshot import snapshot
from policy.types import Decision, Question
from rooms.access import room_resource
from tenancy.actor import Actor

Sight = dict[str, bool]


def asked_of_seeing(workspace_id: UUID) -> tuple[Action, ...]:
    """What must be permitted before anything said in a room reaches somebody: delivering it and reading it.

    Where policy does not tell the two apart, one answer stands for both. A policy that does so from now on voids what
    was decided by the one before.
    """
    if snapshot(workspace_id).tells_apart(Action.MESSAGE_DELIVER, Action.MESSAGE_READ):
        return Action.MESSAGE_DELIVER, Action.MESSAGE_READ
    return (Action.MESSAGE_DELIVER,)


def shows(decision: Decision) -> bool:
    """Whether the words may be seen. An obligation to redact hides them (R10)."""
    return decision.permits and decision.obligation("redact") is None


def sight_in(actor: Actor, room_id: UUID, markings: Collection[str]) -> Sight:
    """By marking: may the actor see portions that carry it?"""
    asked = [
        Question(actor, action, room_resource(room_id, marking=marking))
        for action in (asked_of_seeing(actor.workspace_id) if markings else ())
        for marking in sorted(markings)
    ]
    sight = dict.fromkeys(markings, True)
    for question, answer in zip(asked, pep.decide_many(asked), strict=True):
        sight[str(question.resource.properties["marking"])] &= shows(answer)
    return sight
