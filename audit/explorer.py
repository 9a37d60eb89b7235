"""Looking through the log: one page of entries at a time by its own place, and counts for charts.

Asked inside the scope of a workspace, by screens that have decided already. Nothing here opens a personal part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DataError, connection, transaction
from django.db.models import Q, QuerySet

from audit import access
from audit.entries import log_id
from audit.events import Event
from audit.kinds import Family
from audit.models import AuditEvent
from tenancy.scoping import current_workspace_id

PAGE = 50
REFUSALS = ("deny", "indeterminate", "not_applicable", "refused", "failed", "unknown")

_COUNTS = """
select to_timestamp(floor(extract(epoch from at) / %(step)s) * %(step)s) as slot,
       case when outcome = 'permit' and (body -> 'obl') ? 'redact' then 'redact'
            when outcome = 'permit' then 'permit'
            when outcome = 'deny' then 'deny'
            else 'error' end as effect,
       sum(1 + coalesce((body ->> 'hits')::int, 0))::bigint
  from (select at, outcome, convert_from(env, 'UTF8')::jsonb as body from audit_event
         where log_id = %(log)s and at >= %(since)s and at < %(until)s) as found
 group by slot, effect
"""
_COUNTS_PLAIN = """
select to_timestamp(floor(extract(epoch from at) / %(step)s) * %(step)s) as slot,
       case when outcome in ('permit', 'deny') then outcome else 'error' end as effect, count(*)
  from audit_event where log_id = %(log)s and at >= %(since)s and at < %(until)s
 group by slot, effect
"""
_ENTRIES = """
select to_timestamp(floor(extract(epoch from at) / %(step)s) * %(step)s) as slot,
       outcome = any(%(refusals)s) as refused, count(*)
  from audit_event where log_id = %(log)s and at >= %(since)s and at < %(until)s
 group by slot, refused
"""
_LATENCY = """
select percentile_disc(0.95) within group (order by (convert_from(env, 'UTF8')::jsonb ->> 'us')::bigint)
  from audit_event where log_id = %(log)s and at >= %(since)s
   and convert_from(env, 'UTF8')::jsonb ->> 'pdp' <> 'lease'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the next one begins with what is older than this."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        at, _sep, one = text.partition("_")
        try:
            return cls(datetime.fromisoformat(at), UUID(one))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for. What is empty does not narrow anything."""

    store: str
    kinds: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    actor_id: UUID | None = None
    room_id: UUID | None = None
    about_id: UUID | None = None
    since: datetime | None = None
    before: Place | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins; None at the end."""

    entries: Sequence[AuditEvent] = ()
    older: Place | None = None


def look(search: Search, *, limit: int = PAGE) -> Page:
    """The newest entries that fit, from the place where the last page ended."""
    found = list(_narrowed(search).order_by("-at", "-id")[: limit + 1])
    shown = found[:limit]
    return Page(shown, Place(shown[-1].at, shown[-1].id) if len(found) > limit else None)


def _narrowed(search: Search) -> "QuerySet[AuditEvent]":
    rows: QuerySet[AuditEvent] = AuditEvent.objects.filter(log_id=log_of(search.store))
    wanted: Mapping[str, object] = {
        "kind__in": list(search.kinds),
        "outcome__in": list(search.outcomes),
        "actor_id": search.actor_id,
        "room_id": search.room_id,
        "at__gte": search.since,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if search.about_id is not None:
        rows = rows.filter(Q(target_id=search.about_id) | Q(actor_id=search.about_id) | Q(room_id=search.about_id))
    if search.before is not None:
        before = search.before
        rows = rows.filter(Q(at__lt=before.at) | Q(at=before.at, id__lt=before.id))
    return rows


def kinds_of(families: Sequence[str]) -> list[str]:
    """The events of these families."""
    wanted = {Family(one) for one in families if one in set(Family)}
    return [event.value for event in Event if event.kind.family in wanted]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in equal steps."""

    since: datetime
    until: datetime
    step_seconds: int


def decisions_by_effect(span: Span) -> dict[datetime, dict[str, int]]:
    """Decisions in each step: permit, redact (a permit that hides portions), deny, error (nobody could tell)."""
    slots: dict[datetime, dict[str, int]] = {}
    for at, effect, count in _counted(span):
        slots.setdefault(at, {})[effect] = count
    return slots


def _counted(span: Span) -> list[tuple]:  # type: ignore[type-arg]
    """An entry that somebody has damaged must not take the figures away: then the columns alone are counted."""
    try:
        with transaction.atomic():
            return _rows(_COUNTS, "decision", span)
    except DataError:
        return _rows(_COUNTS_PLAIN, "decision", span)


UNREADABLE: Mapping[str, Any] = {"act": {"id": "", "kind": ""}, "unreadable": True}


def evidence_of(entry: AuditEvent) -> Mapping[str, Any]:
    """What an entry says; of one that somebody has damaged, that it cannot be read."""
    try:
        told = access.evidence_of(entry)
    except ValueError:
        return UNREADABLE
    return told if isinstance(told, dict) and "act" in told else UNREADABLE


def entries_by_time(store: str, span: Span) -> dict[datetime, tuple[int, int]]:
    """Entries in each step: all, and those that tell of a refusal."""
    slots: dict[datetime, tuple[int, int]] = {}
    for at, refused, count in _rows(_ENTRIES, store, span, refusals=list(REFUSALS)):
        every, bad = slots.get(at, (0, 0))
        slots[at] = (every + count, bad + (count if refused else 0))
    return slots


def latency_p95(since: datetime) -> int | None:
    """How many microseconds 95 of 100 decisions took at most; None where there were none."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LATENCY, {"log": log_of("decision"), "since": since})
            row = cursor.fetchone()
    except DataError:
        return None
    return int(row[0]) if row[0] is not None else None


def _rows(statement: str, store: str, span: Span, **more: list[str]) -> list[tuple[Any, ...]]:
    values: dict[str, UUID | datetime | int | list[str]] = {
        "log": log_of(store),
        "since": span.since,
        "until": span.until,
        "step": span.step_seconds,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def log_of(store: str) -> UUID:
    """The id of this store's log in the current workspace."""
    return log_id(current_workspace_id(), store)
