"""The hot statements of audit: entries and bodies go in as one INSERT each, by arrays (R37: no COPY behind a wall).

They return nothing, so that they can stand in a pipeline on the caller's connection; what is wrong is refused by the
wall's own checks (another workspace, another epoch) when the pipeline is synchronised or the transaction commits.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import psycopg
from django.db import connections, transaction

from audit import entries, epochs
from audit.events import Event
from audit.kinds import Store
from audit.writer import present

if TYPE_CHECKING:
    from audit.log import DecisionLine, Line

_EVENT = {
    "id": "uuid",
    "workspace_id": "uuid",
    "log_id": "uuid",
    "store": "text",
    "epoch": "int4",
    "at": "timestamptz",
    "kind": "text",
    "outcome": "text",
    "actor_id": "uuid",
    "target_type": "text",
    "target_id": "uuid",
    "room_id": "uuid",
    "request_id": "uuid",
    "env": "bytea",
    "mac": "bytea",
}
_BODY = {"id": "uuid", "workspace_id": "uuid", "store": "text", "body": "bytea"}
_ENTITLED = (
    "coalesce((select e.entitled from audit_entitlement e"
    " where e.workspace_id = r.workspace_id and e.store = r.store order by e.at desc, e.id desc limit 1), true)"
)


def _insert(table: str, columns: dict[str, str]) -> str:
    names = ", ".join(columns)
    arrays = ", ".join(f"%b::{kind}[]" for kind in columns.values())
    return f"insert into {table} ({names}) select {names} from unnest({arrays}) as r({names}) where {_ENTITLED}"  # noqa: S608


_INSERT_EVENTS = _insert("audit_event", _EVENT)
_TALLY = Event.WRITER_TALLIED.value
_INSERT_BODIES = _insert("audit_pii", _BODY)


def insert(lines: Iterable["Line"], decisions: Iterable["DecisionLine"], *, using: str = "default") -> None:
    """Insert the entries of these lines inside the caller's transaction; without one, TransactionManagementError."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit line is written inside the transaction it speaks of")
    epoch = epochs.current(using)
    rows, bodies = _entries(lines, decisions, epoch)
    if not rows:
        return
    cursor = psycopg.Cursor(connection.connection)
    with connection.wrap_database_errors:
        cursor.execute(_INSERT_EVENTS, _columns(rows))
        if bodies:
            psycopg.Cursor(connection.connection).execute(_INSERT_BODIES, _columns(bodies))
    transaction.on_commit(lambda: _count(cursor, rows), using=using)


def _count(cursor: "psycopg.Cursor[tuple[object, ...]]", rows: Sequence[entries.Row]) -> None:
    """Tell the heartbeat what is durable now. Entries for a closed store were not inserted and do not count."""
    all_in = cursor.rowcount == len(rows)
    counted = [row.env for row in rows if row.kind != _TALLY and (all_in or row.store != Store.COMPLIANCE)]
    present().committed(counted)


def _entries(
    lines: Iterable["Line"], decisions: Iterable["DecisionLine"], epoch: int
) -> tuple[list[entries.Row], list[entries.Body]]:
    rows: list[entries.Row] = []
    bodies: list[entries.Body] = []
    for made_rows, made_bodies in (
        *(entries.of_decision(one, epoch) for one in decisions),
        *(entries.of_line(one, epoch) for one in lines),
    ):
        rows += made_rows
        bodies += made_bodies
    return rows, bodies


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
