"""The policy decision point: the protocol that every one of them speaks, and the built-in one (SP 800-162 §2.3, PO-6).

Two gates, both must open: the role gate of the catalogue, then the attribute gate of the workspace's policy. Unknown is
no, but only an explicit deny of the attribute gate takes a standing membership away (R7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter_ns
from typing import Protocol
from uuid import UUID

from django.utils import timezone

from policy import pip
from policy.catalogue import GATES, Action
from policy.gates import HIDDEN, role_gate
from policy.language.definitions import Category
from policy.language.errors import PolicyLanguageError
from policy.language.rules import Target
from policy.language.values import Value
from policy.pip import Gathered, GuardedRoom, SubjectState
from policy.snapshot import Snapshot, snapshot
from policy.types import Decision, Effect, Obligation, PolicyRef, Question, Reason
from tenancy.actor import ActorKey, SubjectKind, new_id

OF_MEMBERSHIP = frozenset({Action.MEMBER_HOLD, Action.MEMBER_KEEP})
_JUDGED_BY_POLICY = frozenset({SubjectKind.USER, SubjectKind.SERVICE})


class DecisionPoint(Protocol):
    """Answers questions, three-valued and in order; it never raises for what it does not know."""

    def decide(self, batch: Sequence[Question]) -> Sequence[Decision]: ...


def decision_point(workspace_id: UUID) -> DecisionPoint:
    """Who decides for this workspace."""
    return LocalPdp(workspace_id)


@dataclass(frozen=True, slots=True)
class _Answer:
    effect: Effect
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...] = ()
    would_be: Effect | None = None
    removes: bool = False
    refs: tuple[PolicyRef, ...] = ()


@dataclass(slots=True)
class LocalPdp:
    """The built-in decision point: judges a batch on facts that are gathered once."""

    workspace_id: UUID
    _facts: dict[object, dict[str, Value]] = field(default_factory=dict)

    def decide(self, batch: Sequence[Question]) -> list[Decision]:
        started = perf_counter_ns()
        held = snapshot(self.workspace_id)
        gathered = pip.gather(
            list({q.actor.key: q.actor for q in batch}.values()),
            list({(q.actor.id, q.resource.room_id) for q in batch if q.resource.room_id is not None}),
        )
        now = timezone.now()
        answers = [self._answer(question, held, gathered) for question in batch]
        latency_us = (perf_counter_ns() - started) // 1000 // max(1, len(batch))
        return [
            self._decision(question, answer, held, gathered, now, latency_us)
            for question, answer in zip(batch, answers, strict=True)
        ]

    def _answer(self, question: Question, held: Snapshot, gathered: Gathered) -> _Answer:
        if not held.active and question.actor.subject.kind is not SubjectKind.SYSTEM:
            return _Answer(Effect.DENY, (Reason("workspace_suspended"),))
        closed = role_gate(question, gathered)
        if closed:
            return _Answer(Effect.DENY, closed)
        if not _marking_is_known(question, held):
            return _Answer(Effect.DENY, (Reason("marking_unknown"),))
        if question.actor.subject.kind not in _JUDGED_BY_POLICY:
            return _Answer(Effect.PERMIT, (Reason("role", (("kind", question.actor.subject.kind.value),)),))
        return self._by_policy(question, held, gathered)

    def _by_policy(self, question: Question, held: Snapshot, gathered: Gathered) -> _Answer:
        room = gathered.rooms.get(question.resource.room_id) if question.resource.room_id else None
        of_membership = question.action in OF_MEMBERSHIP
        try:
            asked = GATES[question.action].attributes and room is not None
            plan = held.plan(
                target_of(question, room, governed=asked),
                room.requirement if room is not None and asked else "",
                of_membership=of_membership,
            )
        except PolicyLanguageError:
            plan = None
        if plan is None:
            return self._without_policy(room)

        verdict = plan.judge(self._facts_for(question, held, gathered, room))
        unknown_to_them = verdict.effect is Effect.DENY and not of_membership and _is_stranger(question, gathered)
        return _Answer(
            effect=verdict.effect,
            reasons=(HIDDEN, *verdict.reasons) if unknown_to_them else verdict.reasons,
            obligations=verdict.obligations,
            would_be=verdict.would_be,
            removes=of_membership and verdict.effect is Effect.DENY,
            refs=_refs(held, room),
        )

    @staticmethod
    def _without_policy(room: GuardedRoom | None) -> _Answer:
        """A policy that cannot be trusted permits nothing in a room and takes nothing away; the console stays
        open to mend it.
        """
        if room is None:
            return _Answer(Effect.PERMIT, (Reason("policy_unavailable"),))
        return _Answer(Effect.INDETERMINATE, (Reason("policy_unavailable"),))

    def _facts_for(
        self, question: Question, held: Snapshot, gathered: Gathered, room: GuardedRoom | None
    ) -> dict[str, Value]:
        key = question.actor.key
        mine = self._facts.get(key)
        if mine is None:
            mine = self._facts[key] = _subject_facts(key, held, gathered)
        room_key = (question.resource.room_id, question.resource.properties.get("marking"))
        its = self._facts.get(room_key)
        if its is None:
            its = self._facts[room_key] = _resource_facts(question, held, room)
        return {**mine, **its}

    def _decision(
        self,
        question: Question,
        answer: _Answer,
        held: Snapshot,
        gathered: Gathered,
        now: datetime,
        latency_us: int,
    ) -> Decision:
        return Decision(
            id=new_id(),
            question=question,
            effect=answer.effect,
            obligations=answer.obligations,
            reasons=answer.reasons,
            policies=answer.refs,
            decision_point="builtin",
            decided_at=now,
            latency_us=latency_us,
            valid_until=_valid_until(question, held, gathered, now),
            would_be=answer.would_be,
            removes=answer.removes,
        )


def _is_stranger(question: Question, gathered: Gathered) -> bool:
    """Whether the subject has no standing in the room, so that a refusal must not tell of it (R11)."""
    room_id = question.resource.room_id
    return room_id is not None and (question.actor.id, room_id) not in gathered.standings


def _marking_is_known(question: Question, held: Snapshot) -> bool:
    """A marking in any but the workspace's own spelling would slip past the rules that name it."""
    marking = question.resource.properties.get("marking")
    return not marking or marking in held.markings


def facts_of(question: Question, held: Snapshot, gathered: Gathered, room: GuardedRoom | None) -> dict[str, Value]:
    """Every fact that an answer to this question may rest on, in canonical form."""
    key = question.actor.key
    return {**_subject_facts(key, held, gathered), **_resource_facts(question, held, room)}


def _subject_facts(key: ActorKey, held: Snapshot, gathered: Gathered) -> dict[str, Value]:
    state = gathered.subjects[key]
    return {
        **held.vocabulary.facts(Category.SUBJECT, state.facts),
        **held.vocabulary.facts(Category.ENVIRONMENT, state.environment),
    }


def _resource_facts(question: Question, held: Snapshot, room: GuardedRoom | None) -> dict[str, Value]:
    properties = question.resource.properties
    marking = properties.get("marking") or (room.marking if room else None)
    raw = {**(room.facts if room else {}), **_known(properties), "marking": marking}
    return held.vocabulary.facts(Category.RESOURCE, raw)


def target_of(question: Question, room: GuardedRoom | None, *, governed: bool) -> Target:
    if room is None:
        return Target(question.action.value)
    marking = question.resource.properties.get("marking") or room.marking
    return Target(
        action=question.action.value,
        room_id=room.id,
        kind=room.kind,
        marking=str(marking),
        name=room.name,
        governed=room.governed and governed,
        named=room.named if governed else (),
    )


def _known(properties: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in properties.items() if name != "owner_id"}


def _refs(held: Snapshot, room: GuardedRoom | None) -> tuple[PolicyRef, ...]:
    if room is None or not room.requirement:
        return held.refs
    return (*held.refs, PolicyRef(f"room:{room.id}", room.requirement_version, room.requirement_hash))


def _valid_until(question: Question, held: Snapshot, gathered: Gathered, now: datetime) -> datetime:
    """The end of the lease: never later than the first fact that runs out, and at once at the highest marking (R9)."""
    room = gathered.rooms.get(question.resource.room_id) if question.resource.room_id else None
    if room is not None and held.markings and room.marking == held.markings[-1]:
        return now
    until = now + held.lease
    state: SubjectState | None = gathered.subjects.get(question.actor.key)
    return min(until, state.facts_until) if state is not None and state.facts_until is not None else until
