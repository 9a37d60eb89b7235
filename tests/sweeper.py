"""Empties the tables after a test that really commits: DELETE by the owner, a seventh of what TRUNCATE costs (R43)."""

from dataclasses import dataclass

import psycopg
from django.db import connections
from psycopg import sql
from psycopg.errors import DeadlockDetected

_TABLES = """
select c.relname, coalesce(array_agg(t.tgname) filter (where t.tgenabled = 'A'), '{}')
from pg_class c left join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
group by c.relname
"""
_PLAIN = sql.SQL("delete from {table};")
_GUARDED = sql.SQL("if exists (select from {table}) then {off} delete from {table}; {on} end if;")
_OFF = sql.SQL("alter table {table} disable trigger {trigger};")
_ON = sql.SQL("alter table {table} enable always trigger {trigger};")


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What the migrations filled stays as it is: content types, the key of the wall, the first epoch."""

    owner: psycopg.Connection
    statement: sql.Composed

    @classmethod
    def of(cls, owner: psycopg.Connection) -> "Sweeper":
        """For the tables that are empty now. The owner may lift a guard against deletion; the product never does."""
        tables = [(sql.Identifier(name), triggers) for name, triggers in owner.execute(_TABLES).fetchall()]
        probe = sql.SQL("select 1 from {} limit 1")
        empty = [row for row in tables if not owner.execute(probe.format(row[0])).fetchone()]
        body = sql.SQL("\n").join(_sweep(table, triggers) for table, triggers in empty)
        return cls(owner, sql.SQL("do $sweep$ begin {} end $sweep$").format(body))

    def sweep(self) -> None:
        """Empty them; once more where a server of the test was still writing and the database chose us to give way."""
        connections.close_all()
        try:
            self.owner.execute(self.statement)
        except DeadlockDetected:
            self.owner.execute(self.statement)


def _sweep(table: sql.Identifier, triggers: list[str]) -> sql.Composed:
    if not triggers:
        return _PLAIN.format(table=table)
    off = sql.SQL("").join(_OFF.format(table=table, trigger=sql.Identifier(name)) for name in triggers)
    on = sql.SQL("").join(_ON.format(table=table, trigger=sql.Identifier(name)) for name in triggers)
    return _GUARDED.format(table=table, off=off, on=on)
