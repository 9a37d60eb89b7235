"""What to offer in a room, and at which markings one may post there; each offer is judged again when it is taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.types import Question
from rooms.access import room_resource
from rooms.markings import up_to
from rooms.models import Room
from tenancy.actor import Actor

_OFFERED = (
    Action.ROOM_UPDATE,
    Action.ROOM_ARCHIVE,
    Action.ROOM_UNARCHIVE,
    Action.MEMBER_ADD,
    Action.MEMBER_REMOVE,
    Action.MEMBER_SET_ROLE,
    Action.MEMBER_LEAVE,
    Action.MENTION_ROOM,
)


@dataclass(slots=True)
class Powers:
    """The actions that are offered in one room, and the markings, the lowest first, that may be posted there."""

    actions: list[str] = field(default_factory=list)
    post_markings: list[str] = field(default_factory=list)

    def view(self) -> dict[str, list[str]]:
        return {"powers": self.actions, "post_markings": self.post_markings}

    def take(self, question: Question) -> None:
        """Offer what this question asked for."""
        action = question.action.value
        if action not in self.actions:
            self.actions.append(action)
        if question.action is Action.MESSAGE_POST:
            self.post_markings.append(str(question.resource.properties["marking"]))


def post_questions(actor: Actor, room: Room) -> list[Question]:
    """May one post in this room, at each marking that it may hold? Whoever may at any of them may write there."""
    return [
        Question(actor, Action.MESSAGE_POST, room_resource(room.id, marking=marking))
        for marking in up_to(room.workspace_id, room.marking)
    ]


def powers_in(actor: Actor, rooms: Sequence[Room]) -> dict[UUID, Powers]:
    """What to offer in each of these rooms, judged in one batch."""
    offered = {room.id: Powers() for room in rooms}
    asked = [question for room in rooms for question in _asked(actor, room)]
    for question, answer in zip(asked, pep.preview(asked), strict=True):
        if answer.permits and question.resource.room_id is not None:
            offered[question.resource.room_id].take(question)
    return offered


def _asked(actor: Actor, room: Room) -> Iterator[Question]:
    yield from post_questions(actor, room)
    for action in _OFFERED:
        yield Question(actor, action, room_resource(room.id))
