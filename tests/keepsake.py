"""A furnished world kept as rows: made once by its actions, laid out again for each test in a few milliseconds.

Only for tests that roll back. One that commits, or that a server watches, furnishes a world of its own: its ids are new
then, and no process can take something of it for what it knew before.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import connection, transaction

from keys import envelope
from policy import snapshot
from policy.leases import LeaseBook
from rooms.actions import judging
from tenancy.scoping import within

if TYPE_CHECKING:
    from tests.world import World

_COLUMNS = """
select c.relname, array_agg(quote_ident(a.attname) order by a.attnum)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and c.relrowsecurity and has_table_privilege('cordon_app', c.oid, 'select')
   and has_column_privilege('cordon_app', c.oid, a.attnum, 'insert')
 group by c.relname order by c.relname <> 'tenancy_workspace', c.relname
"""
_LONG_AGO = """'{"created_xid": "3"}'::jsonb"""
"""Keys that were made by the running transaction are kept by no process: these are older."""


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A world, one statement that puts its rows back, and its policy as a process knows it that has decided before."""

    world: "World"
    statement: str
    policy: snapshot.Snapshot

    @classmethod
    def of(cls, furnish: Callable[[], "World"]) -> "Keepsake":
        """Furnish a world, take down its rows, and roll it back."""
        with transaction.atomic():
            world = furnish()
            with within(world.id), connection.cursor() as cursor:
                cursor.execute(_COLUMNS)
                inserts = [_insert(cursor, table, columns) for table, columns in cursor.fetchall()]
                policy = snapshot.snapshot(world.id)
            transaction.set_rollback(True)
        return cls(world, "".join(inserts), policy)

    def laid_out(self) -> "World":
        """The world as it was, in the transaction of the running test."""
        _forget(self.world)
        snapshot._latest[self.world.id] = replace(self.policy, _own={}, _plans={}, _apart={})
        with within(self.world.id), connection.cursor() as cursor:
            cursor.execute(self.statement)
        return copy.deepcopy(self.world)


def _insert(cursor, table: str, columns: list[str]) -> str:
    row = f"to_jsonb(t) || {_LONG_AGO}" if "created_xid" in columns else "to_jsonb(t)"
    cursor.execute(f"select jsonb_agg({row}) from {table} t")  # noqa: S608 - a name of the catalogue
    rows = cursor.fetchone()[0]
    if rows is None:
        return ""
    names = ", ".join(columns)
    text = (rows if isinstance(rows, str) else json.dumps(rows)).replace("'", "''").replace("%", "%%")
    source = f"jsonb_populate_recordset(null::{table}, '{text}')"
    return f"insert into {table} ({names}) select {names} from {source};"  # noqa: S608 - names of the catalogue


def _forget(world: "World") -> None:
    """What else this process knows of the world belongs to a transaction that was rolled back."""
    judging._leases = LeaseBook()
    envelope.purge(world.id)
