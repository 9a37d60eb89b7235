"""How far sealing lags behind, and whether the guards of the tables stand: for `doctor`, the metrics, the console."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db import connections
from django.utils import timezone

from audit import epochs, heads
from audit.entries import is_ours
from audit.events import Event
from audit.said import READABLE, SUSPECT_DAYS, Line, said_of
from audit.trust import Untrusted

LAG_ALARM_SECONDS = 10.0
ROUND_ALARM_SECONDS = 180.0
GUARDS = 2
"""Append-only triggers of a table: one against row changes, one against TRUNCATE."""
TABLES = (
    "audit_boundary",
    "audit_cluster",
    "audit_entitlement",
    "audit_event",
    "audit_key",
    "audit_log",
    "audit_pii",
    "audit_round",
    "audit_seal",
    "audit_tile",
)
_WALLED = ("audit_boundary", "audit_entitlement", "audit_event", "audit_log", "audit_pii", "audit_seal", "audit_tile")
_TRIGGERS = (
    "select c.relname, count(*) filter (where t.tgenabled = 'A') from pg_class c"
    " left join pg_trigger t on t.tgrelid = c.oid and t.tgname in ('append_only', 'append_only_whole')"
    " where c.relname = any(%s)"
    " or c.oid in (select inhrelid from pg_inherits where inhparent = 'audit_event'::regclass)"
    " group by c.relname"
)
_OPEN = "select relname from pg_class where relname = any(%s) and not (relrowsecurity and relforcerowsecurity)"
_KEY = (
    "select count(*) from pg_index where indrelid = 'audit_event'::regclass"
    " and indisprimary and indisunique and indisvalid"
)
_GRANTS = (
    "select c.relname, lower(p) from pg_class c, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p"
    " where has_table_privilege('cordon_app', c.oid, p) and ((c.relname = any(%s) and p <> 'SELECT')"
    " or c.oid in (select inhrelid from pg_inherits where inhparent = 'audit_event'::regclass))"
)
_SUSPECTS = (
    "select e.id, e.workspace_id, e.store, e.at, e.env, e.mac, coalesce(w.slug, 'platform') from audit_event e"  # noqa: S608
    " left join tenancy_workspace w on w.id = e.workspace_id"
    f" where e.kind = %s and e.store = 'security' and e.at > %s and {READABLE}"
)
_SECURITY_LOGS = (
    "select l.id, coalesce(w.slug, l.workspace_id::text, 'the platform') from audit_log l"
    " left join tenancy_workspace w on w.id = l.workspace_id where l.store = 'security'"
)


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds since the oldest unsealed entry was made (0: all are sealed), and since the last round (None: never)."""

    unsealed_seconds: float
    round_seconds: float | None

    @property
    def alarming(self) -> bool:
        silent = self.round_seconds is None or self.round_seconds > ROUND_ALARM_SECONDS
        return silent or self.unsealed_seconds > LAG_ALARM_SECONDS


def lag(using: str = "default") -> Lag:
    """How far sealing lags behind; any role of the product may ask."""
    with connections[using].cursor() as cursor:
        cursor.execute("select unsealed_seconds, round_seconds from audit_lag()")
        return Lag(*cursor.fetchone())


def unsealable(using: str = "auditor") -> list[str]:
    """The logs for which nothing more can be sealed, and from where on; empty when all go on being sealed."""
    try:
        return [str(one) for one in heads.load(using, epochs.checked(using)).unsound.values()]
    except (heads.RoundsUnsound, Untrusted) as error:
        return [str(error)]


def suspects(using: str = "auditor") -> list[str]:
    """What the sealer found wrong with entries of late, by workspace and store; empty when it found nothing.

    Only lines that a writer of ours made count: whoever adds junk does not speak here.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_SUSPECTS, [Event.AUDIT_DEGRADED.value, timezone.now() - timedelta(days=SUSPECT_DAYS)])
        told = [(Line(*row), place) for *row, place in cursor.fetchall()]
    rows = [(place, line.data) for line, place in told if is_ours(line)]
    counted = Counter((place, data.get("store", "log"), data["finding"]) for place, data in rows)
    return [f"{place} {store}: {count} suspect ({found})" for (place, store, found), count in sorted(counted.items())]


def told_of_logs(using: str = "auditor") -> list[str]:
    """Where the last verification found something, or somebody else spoke of a log; empty when all is well."""
    with connections[using].cursor() as cursor:
        cursor.execute(_SECURITY_LOGS)
        logs = cursor.fetchall()
    told = []
    for log_id, place in logs:
        said = said_of(log_id, using=using)
        if said.verified is not None and not said.verified.intact:
            told.append(f"{place}: the last verification found something")
        if said.strange:
            told.append(f"{place}: {said.strange} lines about its log were made by nobody of ours")
    return sorted(told)


def weakened_guards(using: str = "auditor") -> list[str]:
    """The protections of the audit tables that are not in force; empty when all stand."""
    with connections[using].cursor() as cursor:
        cursor.execute(_TRIGGERS, [list(TABLES)])
        found = [f"{table}: an append-only trigger is off" for table, active in cursor.fetchall() if active < GUARDS]
        cursor.execute(_OPEN, [list(_WALLED)])
        found += [f"{table}: row-level security is off or not forced" for (table,) in cursor.fetchall()]
        cursor.execute(_KEY)
        if not cursor.fetchone()[0]:
            found.append("audit_event: the primary key is missing or not valid")
        cursor.execute(_GRANTS, [list(TABLES)])
        found += [f"{table}: the app role may {right}" for table, right in cursor.fetchall()]
    return sorted(found)
