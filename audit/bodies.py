"""Personal parts against the commitments in their entries: one that was changed, or is gone unsaid, is found."""

from collections.abc import Generator, Iterator
from contextlib import nullcontext
from hashlib import sha256
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db import connections

from audit import signing
from audit.entries import log_id
from audit.events import Event
from audit.evidence import Finding, LogName, Report
from audit.kinds import Store
from audit.parity import TOLERANCE_US
from audit.reading import streaming_cursor
from tenancy.errors import DomainError, Unavailable
from tenancy.scoping import within

MOST_FOUND = 20
"""Findings told of one log."""
AT_A_TIME = 500

_COMMITTED = (
    "select e.id, e.env, p.body, p.workspace_id is not distinct from e.workspace_id and p.store = e.store"
    " from audit_event e left join audit_pii p on p.id = e.id"
    """ where e.log_id = %s and position('"body":"'::bytea in e.env) > 0"""
)
_ADDED = (
    "select p.id, coalesce(w.slug, ''), p.store from audit_pii p left join tenancy_workspace w on w.id = p.workspace_id"
    " where (%s::uuid is null or p.workspace_id = %s) and not exists (select 1 from audit_event e"
    """ where e.id = p.id and position('"body":"'::bytea in e.env) > 0) limit %s"""
)
_ERASED = "select env from audit_event where log_id = any(%s) and kind = %s"
_GONE_FOR_GOOD = "key_shredded"
_MISSING = "the personal part of entry {} is missing, and no line says that it was erased"
_MOVED = "the personal part of entry {} stands under another workspace or store"
_NO_ENTRY = "the personal part {} belongs to no entry: it was added, or its entry is gone"
_CHANGED = "the personal part of entry {} is not the one that was written"


class _Committed(NamedTuple):
    id: UUID
    env: bytes
    body: bytes | None
    fits: bool | None


def changed_bodies(using: str, report: Report) -> Iterator[Finding]:
    """Compare the personal parts of all logs that were walked; what no key opens now is counted in the report."""
    for one in report.walked:
        found = _of_log(using, one.name, report)
        for _, text in zip(range(MOST_FOUND), found, strict=False):
            yield Finding(one.name.workspace, one.name.store, None, None, text)
        found.close()


def added_bodies(using: str, workspace_id: UUID | None) -> Iterator[Finding]:
    """Personal parts that no entry is committed to."""
    with connections[using].cursor() as cursor:
        cursor.execute(_ADDED, [workspace_id, workspace_id, MOST_FOUND])
        for body, workspace, store in cursor.fetchall():
            yield Finding(workspace, store, None, None, _NO_ENTRY.format(body))


def _of_log(using: str, name: LogName, report: Report) -> Generator[str]:
    """Some rows at a time: a log takes longer to read than a transaction on the keys may rest."""
    erased, known_since = _erased(using, name.workspace_id), _known_since(name.workspace_id, report)
    with streaming_cursor(using, "audit_bodies") as rows:
        read = map(_Committed._make, rows.execute(_COMMITTED, [name.id], binary=True))
        while some := list(islice(read, AT_A_TIME)):
            with within(name.workspace_id) if name.workspace_id else nullcontext():
                found = [text for row in some if (text := _fault(name, row, erased, known_since, report))]
            yield from found


def _fault(name: LogName, row: _Committed, erased: set[UUID], known_since: int, report: Report) -> str:
    """What is wrong with the personal part of one entry, or nothing."""
    env = orjson.loads(row.env)
    commitment = env.get("body")
    if commitment is None:
        return ""
    if row.body is None:
        missed = row.id not in erased and int(env["t"]) > known_since
        return _MISSING.format(row.id) if missed else ""
    if not row.fits:
        return _MOVED.format(row.id)
    opened = _opened(name, row.id, row.body)
    if opened is None:
        report.unopened += 1
        return ""
    return "" if sha256(opened).hexdigest() == commitment else _CHANGED.format(row.id)


def _known_since(workspace_id: UUID | None, report: Report) -> int:
    """The time up to which lines that tell of an erasure may have been pruned, in microseconds.

    What is pruned from the security log stands in the compliance log, but for times at which that one was pruned too or
    closed. When it was closed is itself told in the security log: behind its edge only the announcement of the pruning
    says so.
    """
    by_store = {one.name.store: one for one in report.walked if one.name.workspace_id == workspace_id}
    security, compliance = by_store.get(Store.SECURITY), by_store.get(Store.COMPLIANCE)
    if security is None or compliance is None:
        return security.edge if security else 0
    open_since = [start + TOLERANCE_US for start, end in security.open_spans if start <= security.edge <= end]
    return min(security.edge, max(compliance.edge, min(open_since, default=security.edge)))


def _opened(name: LogName, entry_id: UUID, body: bytes) -> bytes | None:
    """What the commitment is over; None where the key is not at hand, nothing where the seal is broken."""
    if name.store == Store.DECISION:
        return body
    try:
        return signing.vault().open(name.workspace_id, entry_id, body)
    except Unavailable:
        return None
    except DomainError as error:
        return None if error.code == _GONE_FOR_GOOD or (name.workspace_id and not name.slug) else b""


def _erased(using: str, workspace_id: UUID | None) -> set[UUID]:
    """The entries whose personal parts were erased, as either log that erasures are written to says."""
    logs = [log_id(workspace_id, store.value) for store in Event.AUDIT_ERASED.kind.stores]
    with connections[using].cursor() as cursor:
        cursor.execute(_ERASED, [logs, Event.AUDIT_ERASED.value])
        said = [orjson.loads(bytes(env))["data"].get("entries", []) for (env,) in cursor.fetchall()]
    return {UUID(one) for entries in said for one in entries}
