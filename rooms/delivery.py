"""What the guard needs of the database: decisions on recipients, and the record of who was told what (R25)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import msgspec

from keys import envelope
from keys.envelope import Place, Scope
from policy import pep
from policy.catalogue import Action
from policy.records import DecisionLine, reuse_line
from policy.types import AccessDenied, Decision, Question, Resource
from rooms.access import room_resource
from rooms.hub import Told
from rooms.reasons import words_of
from rooms.seats import Sight
from rooms.sight import asked_of_seeing, shows
from tenancy.actor import Actor, ActorKey, new_id, system_actor
from tenancy.scoping import within

SightingKey = tuple[ActorKey, UUID, str]


@dataclass(frozen=True, slots=True)
class Sighting:
    """May this recipient see portions of this marking in this room?"""

    actor: Actor
    room_id: UUID
    marking: str

    @property
    def key(self) -> SightingKey:
        return (self.actor.key, self.room_id, self.marking)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows for one seat. `cover` is empty, `unavailable` or `step_up`."""

    sees: bool
    valid_until: datetime
    ended: bool = False
    cover: str = ""
    session_ended: bool = False
    decision_id: UUID | None = None
    reason: Mapping[str, str] | None = None


NO_ANSWER = Verdict(
    sees=False,
    valid_until=datetime(1970, 1, 1, tzinfo=UTC),
    cover="unavailable",
    reason={"code": "unavailable", "words": ""},
)


def judge(sightings: Sequence[Sighting]) -> dict[SightingKey, Verdict]:
    """Ask the decision point for all of them, workspace by workspace."""
    by_workspace: dict[UUID, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_workspace[sighting.actor.workspace_id].append(sighting)
    verdicts: dict[SightingKey, Verdict] = {}
    for workspace_id, mine in by_workspace.items():
        with pep.reading(system_actor(workspace_id, cause="delivery")):
            actions = asked_of_seeing(workspace_id)
            questions = [
                Question(one.actor, action, room_resource(one.room_id, marking=one.marking))
                for one in mine
                for action in actions
            ]
            decisions = pep.decide_crowd(questions, partial(seal_people, workspace_id))
        verdicts |= {
            one.key: verdict_of(decisions[index * len(actions) : (index + 1) * len(actions)])
            for index, one in enumerate(mine)
        }
    return verdicts


def verdict_of(decisions: Sequence[Decision]) -> Verdict:
    """What follows from all that must be permitted: of several answers the strictest."""
    verdicts = [_verdict(decision) for decision in decisions]
    return replace(
        max(verdicts, key=_strictness),
        sees=all(one.sees for one in verdicts),
        valid_until=min(one.valid_until for one in verdicts),
    )


def _strictness(verdict: Verdict) -> tuple[bool, ...]:
    return (verdict.session_ended, verdict.ended, verdict.cover == "unavailable", bool(verdict.cover))


def _verdict(decision: Decision) -> Verdict:
    """A permit is a lease, a deny ends, a missing factor or a missing answer covers."""
    if decision.permits:
        return Verdict(shows(decision), decision.valid_until)
    code = AccessDenied(decision).code
    covers = {"unavailable": "unavailable", "step_up_required": "step_up"}
    return Verdict(
        sees=False,
        valid_until=decision.valid_until,
        ended=code not in covers,
        cover=covers.get(code, ""),
        session_ended=any(reason.code == "session_ended" for reason in decision.reasons),
        decision_id=decision.id,
        reason={"code": code, "words": words_of(decision)},
    )


def seal_people(workspace_id: UUID, questions: Sequence[Question]) -> bytes:
    return _seal(workspace_id, {"people": [question.actor.id for question in questions]})


def _seal(workspace_id: UUID, told: object) -> bytes:
    place = Place(workspace_id, Scope.workspace(), new_id(), None, "recipients")
    return place.record_id.bytes + envelope.seal(place, msgspec.json.encode(told))


Circle = tuple[UUID, Sight, frozenset[UUID]]
"""A room, what is seen there, and everybody who sees it so."""


def record_told(told: Sequence[Told]) -> None:
    """Write down who was told which messages, in one go for each workspace.

    One record for each circle of recipients: it names the messages and the people, both sealed (R25). A busy room has
    the same circle for many messages, so that the record costs little beside the messages themselves.
    """
    by_workspace: dict[UUID, list[Told]] = defaultdict(list)
    for one in told:
        by_workspace[one.workspace_id].append(one)
    for workspace_id, mine in by_workspace.items():
        with within(workspace_id):
            lines = [_told(workspace_id, circle, messages) for circle, messages in _circles(mine).items()]
        pep.note_reuse(system_actor(workspace_id, cause="delivery"), lines)


def _circles(told: Sequence[Told]) -> dict[Circle, list[UUID]]:
    """The messages by who was told them; a message that reached some people later than others counts once."""
    people: dict[tuple[UUID, Sight, tuple[UUID, ...]], set[UUID]] = defaultdict(set)
    for one in told:
        people[one.room_id, one.sight, one.message_ids].update(one.people)
    circles: dict[Circle, list[UUID]] = defaultdict(list)
    for (room_id, sight, message_ids), who in people.items():
        circles[room_id, sight, frozenset(who)].extend(message_ids)
    return circles


def _told(workspace_id: UUID, circle: Circle, message_ids: Sequence[UUID]) -> DecisionLine:
    room_id, sight, people = circle
    return reuse_line(
        system_actor(workspace_id, cause="delivery"),
        Action.MESSAGE_DELIVER,
        Resource("room", room_id, room_id),
        obligations=() if all(sees for _, sees in sight) else ("redact",),
        uses=len(people) * len(message_ids),
        recipients=_seal(workspace_id, {"messages": message_ids, "people": list(people)}),
    )
