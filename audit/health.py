"""How far sealing lags behind, and whether the guards of the tables stand: for `doctor`, the metrics, the console."""

from dataclasses import dataclass

from django.db import connections

from audit import epochs, heads
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
