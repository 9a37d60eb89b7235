"""Look into one question: the decision, both gates, and every requirement and rule that applies (PO-13).

Uses the snapshot, the facts and the compiled plan of a decision, so that what is shown never disagrees with it. Nothing
here is recorded and nothing rests on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from policy import pep, pip
from policy.catalogue import GATES
from policy.gates import role_gate
from policy.language.combine import Plan
from policy.language.errors import PolicyLanguageError
from policy.language.explain import Explanation, Finding, Reader, explain_plan
from policy.pdp import OF_MEMBERSHIP, facts_of, target_of
from policy.pip import Gathered, GuardedRoom, SubjectState
from policy.snapshot import Snapshot, snapshot
from policy.types import Decision, Effect, Question, Reason


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Everything that stands behind one answer.

    `closed`: why the role gate is shut; empty where it is open. `findings`: what each requirement and rule came to.
    """

    decision: Decision
    closed: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    room: GuardedRoom | None
    subject: SubjectState | None


def inquire(question: Question, reader: Reader) -> Inquiry:
    """Why this question is answered as it is, for one reader; call inside a scope of the workspace."""
    held, gathered = _gathered([question])
    room = _room(question, gathered)
    return Inquiry(
        decision=pep.preview([question])[0],
        closed=role_gate(question, gathered),
        findings=_findings(question, held, gathered, room, reader),
        room=room,
        subject=gathered.subjects.get(question.actor.key),
    )


@dataclass(frozen=True, slots=True)
class Shift:
    """How one answer would change under another requirement."""

    question: Question
    now: Effect
    then: Effect
    missing: tuple[str, ...]
    """The conditions that would not be met, as text."""


def under_requirement(questions: Sequence[Question], requirement: str, named: Sequence[str]) -> list[Shift]:
    """What would become of these answers if their room required this instead.

    Raises PolicyLanguageError if the requirement makes no sense.
    """
    if not questions:
        return []
    held, gathered = _gathered(questions)
    return [_shift(question, held, gathered, requirement, tuple(named)) for question in questions]


def _shift(question: Question, held: Snapshot, gathered: Gathered, requirement: str, named: tuple[str, ...]) -> Shift:
    room = _room(question, gathered)
    if room is None:
        return Shift(question, Effect.DENY, Effect.DENY, ())
    then = replace(room, requirement=requirement, named=named)
    facts = facts_of(question, held, gathered, room)
    before, after = _plan(question, held, room), _plan(question, held, then)
    findings = explain_plan(after, held.vocabulary, facts) if after is not None else ()
    return Shift(
        question=question,
        now=before.judge(facts).effect if before is not None else Effect.INDETERMINATE,
        then=after.judge(facts).effect if after is not None else Effect.INDETERMINATE,
        missing=tuple(one.text for finding in findings for one in _unmet(finding)),
    )


def _unmet(finding: Finding) -> list[Explanation]:
    if finding.explanation is None:
        return []
    return [one for one in finding.explanation.comparisons() if one.counts and one.changes]


def _gathered(questions: Sequence[Question]) -> tuple[Snapshot, Gathered]:
    held = snapshot(questions[0].actor.workspace_id)
    actors = {one.actor.key: one.actor for one in questions}
    pairs = {(one.actor.id, one.resource.room_id) for one in questions if one.resource.room_id is not None}
    return held, pip.gather(list(actors.values()), list(pairs))


def _room(question: Question, gathered: Gathered) -> GuardedRoom | None:
    room_id: UUID | None = question.resource.room_id
    return gathered.rooms.get(room_id) if room_id is not None else None


def _plan(question: Question, held: Snapshot, room: GuardedRoom | None) -> Plan | None:
    """What applies to the question, as the decision point puts it together; None where policy cannot be used."""
    asked = GATES[question.action].attributes and room is not None
    return held.plan(
        target_of(question, room, governed=asked),
        room.requirement if room is not None and asked else "",
        of_membership=question.action in OF_MEMBERSHIP,
    )


def _findings(
    question: Question, held: Snapshot, gathered: Gathered, room: GuardedRoom | None, reader: Reader
) -> tuple[Finding, ...]:
    if question.actor.key not in gathered.subjects:
        return ()
    try:
        plan = _plan(question, held, room)
    except PolicyLanguageError:
        return ()
    if plan is None:
        return ()
    return explain_plan(plan, held.vocabulary, facts_of(question, held, gathered, room), reader)
