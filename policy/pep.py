"""The policy enforcement point: no decision, no commit; no audit line, no commit.

`unit` is the outermost bracket of every door. Inside it `performs` runs one change in its own transaction and lets it
commit only if this very Action was permitted and something was recorded. What was refused is written when the unit
closes, after every roll-back, so that a refusal never dies with the transaction it stopped (R34).
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure

from audit import log
from policy import epochs, notices, obligations, pdp
from policy.catalogue import Action
from policy.records import decision_line, outcome_of, refusal_of
from policy.types import AccessDenied, Decision, Effect, Question, Reason, Resource
from tenancy.actor import Actor, system_actor
from tenancy.errors import OutsideWorkspace, Unavailable
from tenancy.scoping import within

logger = logging.getLogger(__name__)
_AWAY = (OperationalError, InterfaceError, Unavailable)
"""The record can't be reached or must not be written now; that may pass."""

Performed = TypeVar("Performed", bound=Callable[..., Any])


class Ungoverned(RuntimeError):
    """An action asked for no decision, recorded nothing, or ran outside a unit: a defect, never an answer to a user."""


@dataclass(slots=True)
class _Unit:
    workspace_id: UUID
    refused: list[Decision] = field(default_factory=list)
    idle: list[log.DecisionLine] = field(default_factory=list)
    """Permits of actions that had nothing to do."""


@dataclass(slots=True)
class _Frame:
    """One running action: what it asked, what it was permitted, whether its commits rest on locked epochs."""

    ledger: log.Ledger
    holds_epochs: bool
    asked: set[Action] = field(default_factory=set)
    permitted: set[Action] = field(default_factory=set)


class NothingChanged(Exception):
    """Ends an action that was permitted but had nothing to do: all is rolled back, the answer is given."""

    def __init__(self, answer: object) -> None:
        super().__init__("nothing changed")
        self.answer = answer


_unit: ContextVar[_Unit | None] = ContextVar("unit", default=None)
_frame: ContextVar[_Frame | None] = ContextVar("frame", default=None)


@contextmanager
def unit(workspace_id: UUID) -> Iterator[None]:
    """The outermost bracket of a door; refusals are written when it closes, whatever happened inside.

    Raises OutsideWorkspace when it is nested in the unit of another workspace.
    """
    held = _unit.get()
    if held is not None:
        if held.workspace_id != workspace_id:
            raise OutsideWorkspace("the unit of another workspace is still open")
        yield
        return

    mine = _Unit(workspace_id)
    token = _unit.set(mine)
    try:
        yield
    finally:
        _unit.reset(token)
        if mine.refused or mine.idle:
            _write(mine)
        if notices.waits(workspace_id):
            _write_noticed(workspace_id)


def _write(closing: _Unit) -> None:
    with within(closing.workspace_id), log.collecting() as ledger:
        ledger.decisions.extend(closing.idle)
        for decision, repeats in _counted(closing.refused):
            ledger.decisions.append(decision_line(decision, repeats=repeats))
            refusal = refusal_of(decision)
            if refusal is not None:
                asker = decision.question.asker or decision.question.actor
                log.record(refusal.event, asker, target=refusal.target, outcome=outcome_of(decision), **refusal.data)
        log.write(ledger)


def _write_noticed(workspace_id: UUID) -> None:
    """Put into the record what was noticed. That this fails is no reason to fail what met it: nothing is raised.

    All at once, and each alone where that fails, so that none takes another with it. While there is no record to
    write to, they wait on; what cannot be recorded at all is left to the log.
    """
    noticed = notices.take(workspace_id)
    try:
        _record_noticed(workspace_id, noticed)
    except Exception:  # noqa: BLE001 — whatever is wrong with one of them; with which, shows when each stands alone
        _record_each(workspace_id, noticed)


def _record_each(workspace_id: UUID, noticed: Sequence[notices.Notice]) -> None:
    """Give up when two in a row find the record away: then it is not about them."""
    held_up: list[notices.Notice] = []
    running = 0
    for at, one in enumerate(noticed):
        try:
            _record_noticed(workspace_id, [one])
        except _AWAY as away:
            logger.warning("%s waits, since the record is away.", one.event, exc_info=away)
            held_up.append(one)
            running += 1
            if running > 1:
                held_up += noticed[at + 1 :]
                break
            continue
        except Exception:
            logger.exception("%s, noticed in workspace %s, could not be recorded.", one.event, workspace_id)
            notices.LOST.inc()
        running = 0
    notices.LOST.inc(sum(not notices.leave(one) for one in held_up))


def _record_noticed(workspace_id: UUID, noticed: Sequence[notices.Notice]) -> None:
    platform = system_actor(workspace_id, cause="noticed")
    with within(workspace_id), log.collecting() as ledger:
        for one in noticed:
            target = log.Target(one.target_type, one.target_id, one.room_id)
            log.record(one.event, platform, target=target, outcome="failed", **one.data)
        log.write(ledger)


def _counted(refused: Sequence[Decision]) -> list[tuple[Decision, int]]:
    """Equal refusals of one unit become one record with a count, so that a flood cannot fill the log."""
    counted: dict[tuple[object, ...], list[Decision]] = {}
    for decision in refused:
        question = decision.question
        key = (question.actor.id, question.action, question.resource.id, decision.effect, decision.reasons)
        counted.setdefault(key, []).append(decision)
    return [(group[0], len(group) - 1) for group in counted.values()]


@contextmanager
def _action_scope(actor: Actor, *, holds_epochs: bool) -> Iterator[_Frame]:
    with unit(actor.workspace_id), within(actor.workspace_id), log.collecting() as ledger:
        frame = _Frame(ledger, holds_epochs)
        token = _frame.set(frame)
        try:
            yield frame
        except NothingChanged:
            _held().idle.extend(ledger.decisions)
            raise
        finally:
            _frame.reset(token)


def _held() -> _Unit:
    held = _unit.get()
    if held is None:
        raise Ungoverned("no unit is open")
    return held


def performs(action: Action) -> Callable[[Performed], Performed]:
    """Mark the one function that performs an Action: it commits only if permitted and recorded, or not at all."""

    def decorate(change: Performed) -> Performed:
        @wraps(change)
        def run(actor: Actor, **arguments: object) -> object:
            try:
                return _unless_deadlocked(partial(_run, actor, arguments))
            except NothingChanged as undone:
                return undone.answer

        def _run(actor: Actor, arguments: dict[str, object]) -> object:
            with _action_scope(actor, holds_epochs=True) as frame:
                answer = change(actor, **arguments)
                if action not in frame.asked:
                    raise Ungoverned(f"{change.__qualname__} did not ask for {action}")
                if action not in frame.permitted:
                    raise NothingChanged(answer)
                if not frame.ledger.lines:
                    raise Ungoverned(f"{change.__qualname__} recorded nothing")
                log.write(frame.ledger)
            return answer

        run.performs = action  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return decorate


def _unless_deadlocked(attempt: Callable[[], object]) -> object:
    """Run an outermost action again when the database chose it to give way; it left no trace, so that is safe."""
    if connection.in_atomic_block:
        return attempt()
    for tries_left in (2, 1, 0):
        try:
            return attempt()
        except OperationalError as error:
            if not tries_left or not isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 — spreads those who collided
    return None


@contextmanager
def reading(actor: Actor) -> Iterator[None]:
    """The scope of a door that only reads: rows exist inside, and its decisions are recorded when it closes."""
    with _action_scope(actor, holds_epochs=False) as frame:
        yield
        log.write(frame.ledger)


def decide_many(questions: Sequence[Question]) -> list[Decision]:
    """Judge a batch, item by item; permits go into the record with the change, the rest when the unit closes."""
    held, frame = _unit.get(), _frame.get()
    if held is None or frame is None:
        raise Ungoverned("a decision was asked for outside an action or a reading scope")
    if not questions:
        return []

    look = epochs.hold if frame.holds_epochs else epochs.current
    values = look(key for question in questions for key in epochs.keys_of(question))
    answers = pdp.decision_point(held.workspace_id).decide(questions)
    decisions = [obligations.meet(epochs.stamped(answer, values)) for answer in answers]
    for decision in decisions:
        _file(decision, held, frame)
    return decisions


def _file(decision: Decision, held: _Unit, frame: _Frame) -> None:
    action = decision.question.action
    frame.asked.add(action)
    if not decision.permits:
        held.refused.append(decision)
        return
    frame.permitted.add(action)
    frame.ledger.decisions.append(decision_line(decision))


def decide_crowd(questions: Sequence[Question], seal: Callable[[Sequence[Question]], bytes]) -> list[Decision]:
    """Judge many recipients of one thing: equal permits share one record that carries the recipients sealed (R25).

    Every refusal is a record of its own.
    """
    held, frame = _held(), _frame.get()
    if frame is None:
        raise Ungoverned("a decision was asked for outside an action or a reading scope")
    values = epochs.current(key for question in questions for key in epochs.keys_of(question))
    answers = pdp.decision_point(held.workspace_id).decide(questions)
    decisions = [obligations.meet(epochs.stamped(answer, values)) for answer in answers]

    held.refused.extend(decision for decision in decisions if not decision.permits)
    for group in _alike(decision for decision in decisions if decision.permits):
        line = decision_line(group[0], repeats=len(group) - 1)
        recipients = seal([decision.question for decision in group])
        frame.ledger.decisions.append(replace(line, recipients=recipients))
    return decisions


def _alike(decisions: Iterable[Decision]) -> list[list[Decision]]:
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for decision in decisions:
        resource = decision.question.resource
        key = (decision.question.action, resource.id, resource.properties.get("marking"), decision.obligations)
        groups.setdefault(key, []).append(decision)
    return list(groups.values())


def reuse(decision: Decision, action: Action) -> None:
    """Let a lease stand for a fresh decision of the running action; its audit line names the decision it rests on."""
    frame = _frame.get()
    if frame is None or not frame.holds_epochs:
        raise Ungoverned("a lease can only be used by a running action")
    frame.asked.add(action)
    if decision.permits:
        frame.permitted.add(action)


def decide(actor: Actor, action: Action, resource: Resource) -> Decision:
    """The answer to one question, permit or not."""
    return decide_many([Question(actor, action, resource)])[0]


def enforce(actor: Actor, action: Action, resource: Resource) -> Decision:
    """The permit, or AccessDenied with the decision that refused."""
    decision = decide(actor, action, resource)
    if not decision.permits:
        raise AccessDenied(decision)
    return decision


def refuse(actor: Actor, action: Action, resource: Resource, reason: Reason) -> NoReturn:
    """Refuse what the gates let through, on a ground that only the running action can know; recorded like the
    others.
    """
    answer = preview([Question(actor, action, resource)])[0]
    decision = replace(answer, effect=Effect.DENY, reasons=(reason, *answer.reasons), removes=False)
    _held().refused.append(decision)
    raise AccessDenied(decision)


def permitted(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether a control should be offered now. Nothing rests on it and nothing is recorded: the action asks again."""
    return preview([Question(actor, action, resource)])[0].permits


def preview(questions: Sequence[Question]) -> list[Decision]:
    """The answers that would be given now, for display alone; call inside a scope of the workspace."""
    if not questions:
        return []
    point = pdp.decision_point(questions[0].actor.workspace_id)
    return [obligations.meet(answer) for answer in point.decide(questions)]


@contextmanager
def as_system(workspace_id: UUID, *, cause: str) -> Iterator[Actor]:
    """A unit for jobs of the platform itself, opened outside every transaction."""
    if transaction.get_connection().in_atomic_block:
        raise Ungoverned("a job opens its unit outside every transaction")
    with unit(workspace_id):
        yield system_actor(workspace_id, cause=cause)


def note_reuse(actor: Actor, lines: Sequence[log.DecisionLine]) -> None:
    """Record the counted use of permits that were given before, such as deliveries under a lease (R25)."""
    with _action_scope(actor, holds_epochs=False) as frame:
        frame.ledger.decisions.extend(lines)
        log.write(frame.ledger)
