"""The day partitions of the audit table: made ahead of time by the owner role, with a default one as the net (R35)."""

from datetime import UTC, date, datetime, timedelta

from django.db import connections
from django.db.backends.utils import CursorWrapper

from audit import epochs

DAYS_AHEAD = 14
_EXISTING = (
    "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
    " where i.inhparent = 'audit_event'::regclass"
)
_PREFIX = "audit_event_"


def ensure(*, using: str = "owner", today: date | None = None, days: int = DAYS_AHEAD) -> list[str]:
    """Make the partitions from today to `days` ahead and begin the first epoch; answers with the names made.

    A day of which the net already holds entries is left to it: PostgreSQL refuses to take them over. No role is granted
    anything on a partition: rights stand on the parent alone, or rows could be read past the wall.
    """
    start = today or datetime.now(UTC).date()
    epochs.begin_first(using)
    with connections[using].cursor() as cursor:
        cursor.execute(_EXISTING)
        present = {name for (name,) in cursor.fetchall()}
        made = []
        for offset in range(days + 1):
            day = start + timedelta(days=offset)
            name = f"{_PREFIX}{_stamp(day)}"
            if name not in present and not _is_netted(cursor, day):
                cursor.execute(_make(name, day))
                made.append(name)
    return made


def drop_empty(*, using: str = "owner", before: date, after: date = date.min) -> list[str]:
    """Drop the day partitions between two dates that pruning has left empty; answers with the names dropped."""
    dropped = []
    with connections[using].cursor() as cursor:
        cursor.execute(_EXISTING)
        for (name,) in sorted(cursor.fetchall()):
            day = name.removeprefix(_PREFIX)
            if not day.isdecimal() or not _stamp(after) < day < _stamp(before):
                continue
            cursor.execute(f"select exists (select 1 from {name})")  # noqa: S608 - the name is the catalogue's own
            if not cursor.fetchone()[0]:
                cursor.execute(f"drop table {name}")
                dropped.append(name)
    return dropped


def _stamp(day: date) -> str:
    return day.isoformat().replace("-", "")


def _is_netted(cursor: CursorWrapper, day: date) -> bool:
    span = [f"{day}T00:00:00Z", f"{day + timedelta(days=1)}T00:00:00Z"]
    cursor.execute("select exists (select 1 from audit_event_default where at >= %s and at < %s)", span)
    return bool(cursor.fetchone()[0])


def _make(name: str, day: date) -> str:
    """DDL for one day. Row triggers come with the parent; those against TRUNCATE do not."""
    return f"""
    create table {name} partition of audit_event
      for values from ('{day}T00:00:00Z') to ('{day + timedelta(days=1)}T00:00:00Z');
    revoke all on {name} from public;
    create trigger append_only_whole before truncate on {name} for each statement execute function audit_append_only();
    alter table {name} enable always trigger append_only_whole;
    """
