"""The one way to say that something happened.

`record` puts a line on the open ledger; the PEP writes the ledger inside the transaction of the change, so that neither
the change without its line nor the line without its change can be committed. Only `policy.pep`
and `actions` import this module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from audit import store
from audit.events import Event
from audit.kinds import Unrecordable, fit
from tenancy.actor import NOBODY, Actor, Environment, Subject, SubjectKind, new_id

PLATFORM = NOBODY
"""Stands for the deployment itself where an actor names its workspace: its lines go to the platform's own log."""

OUTCOMES = frozenset({"success", "refused", "failed", "unknown"})


class NoLedger(RuntimeError):
    """Something was recorded outside an action: a defect, because the line would not be bound to any commit."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an event happened to, and the room that guards it, if one does."""

    type: str
    id: UUID | None
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One event, checked against its kind: `public` is sealed in clear, `personal` only as a commitment."""

    id: UUID
    at: datetime
    event: Event
    actor: Actor
    target: Target | None
    outcome: str
    public: dict[str, object]
    personal: dict[str, object]


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision, or a counted run of equal ones: codes, ids and digests, never a raw entitlement value (PO-14).

    `hits` counts the uses beyond the first, or the uses of a lease; `first_at` is then the first and `at` the last.
    `decision_id` is new for every line. `recipients` is sealed by the caller: who a delivery went to (R25).
    """

    decision_id: UUID
    at: datetime
    actor: Actor
    action: str
    effect: str
    resource_type: str
    resource_id: UUID | None = None
    room_id: UUID | None = None
    would_be: str | None = None
    obligations: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    policies: tuple[tuple[str, int, str], ...] = ()
    decision_point: str = ""
    latency_us: int = 0
    epochs: tuple[tuple[str, int], ...] = ()
    environment_digest: bytes = b""
    hits: int = 0
    first_at: datetime | None = None
    recipients: bytes | None = None

    @property
    def target(self) -> Target:
        return Target(self.resource_type, self.resource_id, self.room_id)


@dataclass(slots=True)
class Ledger:
    """What one action has to say; nothing of it is durable before `write`."""

    lines: list[Line] = field(default_factory=list)
    decisions: list[DecisionLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines or self.decisions)


_open: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


@contextmanager
def collecting() -> Iterator[Ledger]:
    """Open a ledger for the block; an inner block has a ledger of its own."""
    ledger = Ledger()
    token = _open.set(ledger)
    try:
        yield ledger
    finally:
        _open.reset(token)


def record(
    event: Event, actor: Actor, *, target: Target | None = None, outcome: str = "success", **data: object
) -> Line:
    """State that something happened, as this actor's doing; it is written together with the change it belongs to.

    Raises NoLedger outside an action and Unrecordable if the data does not fit the event's kind.
    """
    ledger = _open.get()
    if ledger is None:
        raise NoLedger(f"{event} was recorded outside an action")
    line = line_of(event, actor, target=target, outcome=outcome, data=data)
    ledger.lines.append(line)
    return line


def line_of(event: Event, actor: Actor, *, target: Target | None, outcome: str, data: dict[str, object]) -> Line:
    """A line that stands on no ledger yet: for those who write refusals after a roll-back."""
    if outcome not in OUTCOMES:
        raise Unrecordable(f"the outcome of {event} must be one of {', '.join(sorted(OUTCOMES))}, not {outcome}")
    public, personal = fit(event.kind, event, data)
    return Line(new_id(), timezone.now(), event, actor, target, outcome, public, personal)


def write(ledger: Ledger, *, using: str = "default") -> None:
    """Insert everything on the ledger inside the caller's open transaction; it can stand in a pipeline.

    Raises whatever the database refuses: then the caller's change must not be committed either.
    """
    store.insert(ledger.lines, ledger.decisions, using=using)


def platform_actor(*, cause: str) -> Actor:
    """The deployment itself, acting in no workspace for a stated cause."""
    return Actor(PLATFORM, Subject(NOBODY, SubjectKind.SYSTEM), Environment(cause=cause))
