"""What one reader may see of each marking in a room: the same questions that the guard asks, for pages and searches."""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.snapshot import snapshot
from policy.types import Decision, Question
from rooms.access import no_message, room_resource
from rooms.models import Message
from tenancy.actor import Actor

Sight = dict[str, bool]
Decide = Callable[[Sequence[Question]], list[Decision]]


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
    return sights(actor, {(room_id, marking) for marking in markings}).get(room_id, {})


def sights(actor: Actor, places: Collection[tuple[UUID, str]]) -> dict[UUID, Sight]:
    """`sight_in` for places in many rooms, judged in one batch; by room and marking."""
    return _seen(actor, places, pep.decide_many)


def counted(actor: Actor, places: Collection[tuple[UUID, str]]) -> dict[UUID, Sight]:
    """The same for what is only counted and shown to nobody: nothing is recorded."""
    return _seen(actor, places, pep.preview)


def _seen(actor: Actor, places: Collection[tuple[UUID, str]], decide: Decide) -> dict[UUID, Sight]:
    actions = asked_of_seeing(actor.workspace_id) if places else ()
    wanted = [(action, *place) for action in actions for place in sorted(places)]
    asked = [Question(actor, action, room_resource(room_id, marking=marking)) for action, room_id, marking in wanted]
    seen: dict[UUID, Sight] = {}
    for (_action, room_id, marking), answer in zip(wanted, decide(asked), strict=True):
        of_room = seen.setdefault(room_id, {})
        of_room[marking] = of_room.get(marking, True) and shows(answer)
    return seen


def refuse_withheld(actor: Actor, message: Message) -> None:
    """What is withheld from the actor is, for whatever may be done to it, not there."""
    if not sight_in(actor, message.room_id, {message.marking})[message.marking]:
        raise no_message()
