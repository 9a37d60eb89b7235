"""The wall: inside `within(workspace)` rows of that workspace exist, outside there are none.

The scope can only narrow what is seen; it grants nothing. PostgreSQL row-level security holds it for every table,
and the setting it reads is signed, so that a statement smuggled into SQL cannot name another workspace.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

from tenancy.errors import OutsideWorkspace

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Row = TypeVar("Row", bound=models.Model)

_current: ContextVar[UUID | None] = ContextVar("workspace", default=None)
SIGNED_EACH = 300
"""Seconds for which one signature serves; the function `cordon_workspace` counts in the same steps."""
_SET = "select set_config('app.workspace', %s, true)"


def current_workspace_id() -> UUID | None:
    return _current.get()


def open_workspace_id() -> UUID:
    """The workspace whose scope is open. Raises OutsideWorkspace where none is."""
    workspace_id = _current.get()
    if workspace_id is None:
        raise OutsideWorkspace("rows of a workspace were asked for outside a workspace")
    return workspace_id


@contextmanager
def within(workspace_id: UUID, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Run the block in one transaction (or savepoint) in which only this workspace's rows exist.

    Raises OutsideWorkspace if the block is nested in the scope of another workspace.
    """
    connection = connections[using]
    held, nested = _current.get(), connection.in_atomic_block
    if nested and held not in (None, workspace_id):
        raise OutsideWorkspace("the scope of another workspace is still open")

    token = _current.set(workspace_id)
    try:
        with transaction.atomic(using=using):
            _announce(connection, workspace_id)
            yield
            if nested and held is None:
                _announce(connection, None)
    finally:
        _current.reset(token)


def _announce(connection: "BaseDatabaseWrapper", workspace_id: UUID | None) -> None:
    """Set the signed value, bound by the server: in the statement itself every session of the role could read it."""
    value = signed(workspace_id) if workspace_id else ""
    with connection.wrap_database_errors:
        psycopg.Cursor(connection.connection).execute(_SET, [value], prepare=False)


def signed(workspace_id: UUID) -> str:
    """The value of `app.workspace`: the id, the time, and their HMAC-SHA256 under a key that the app role cannot read.

    The database takes none that is older than a quarter of an hour: one that leaked opens nothing for long.
    """
    return _signed(workspace_id, int(time.time()) // SIGNED_EACH)


@lru_cache(maxsize=8192)
def _signed(workspace_id: UUID, step: int) -> str:
    said = f"{workspace_id}.{step}"
    return f"{said}.{hmac.new(settings.WALL_KEY, said.encode(), hashlib.sha256).hexdigest()}"


class WorkspaceManager(models.Manager[Row]):
    """Gives the rows of the current workspace; without one it raises instead of answering with nothing."""

    def get_queryset(self) -> models.QuerySet[Row]:
        workspace_id = _current.get()
        if workspace_id is None:
            raise OutsideWorkspace(f"{self.model.__name__} was asked for outside a workspace")
        return super().get_queryset().filter(workspace_id=workspace_id)


def workspace_for_host(host: str) -> UUID | None:
    """The workspace that answers on a host name (R26), or None. Works outside any scope."""
    return _ask("select cordon_workspace_for_host(%s)", host.lower())


def workspace_for_slug(slug: str) -> UUID | None:
    """The workspace with this address, or None. Works outside any scope."""
    return _ask("select cordon_workspace_for_slug(%s)", slug.lower())


def first_workspace() -> UUID | None:
    """The oldest workspace: the one that the embedded default serves on plain loopback (R46)."""
    return _ask("select cordon_first_workspace()")


def active_workspaces() -> list[UUID]:
    """Every active workspace, for jobs that visit each in its own scope."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("select * from cordon_active_workspaces()")
        return [row[0] for row in cursor.fetchall()]


def _ask(statement: str, *arguments: str) -> UUID | None:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, list(arguments))
        found: UUID | None = cursor.fetchone()[0]
        return found


def install_wall_key(connection: "BaseDatabaseWrapper", key: bytes) -> None:
    """Give the database the key of the signed setting, as the two padded blocks of HMAC (RFC 2104). Owner role only."""
    size = hashlib.sha256().block_size
    block = hashlib.sha256(key).digest() if len(key) > size else key
    block = block.ljust(size, b"\0")
    inner, outer = bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into tenancy_wall_key (one, inner_key, outer_key) values (true, %s, %s)"
            " on conflict (one) do update set inner_key = excluded.inner_key, outer_key = excluded.outer_key",
            [inner, outer],
        )


ALL = "select, insert, update, delete"


def wall(table: str, *, column: str = "workspace_id", grants: str = ALL) -> str:
    """SQL for a migration: row-level security, forced, and the app role's grants on this one table (R35)."""
    mine = f"{column} = (select cordon_workspace())"
    return f"""
    alter table {table} enable row level security;
    alter table {table} force row level security;
    create policy workspace_wall on {table} for all to cordon_app using ({mine}) with check ({mine});
    create policy owner_all on {table} for all to cordon_owner using (true) with check (true);
    revoke all on {table} from public;
    grant {grants} on {table} to cordon_app;
    """


def unwall(table: str) -> str:
    """The way back from `wall`."""
    return f"""
    drop policy workspace_wall on {table};
    drop policy owner_all on {table};
    alter table {table} no force row level security;
    alter table {table} disable row level security;
    """


def same_workspace(table: str, column: str, other: str) -> str:
    """SQL for a migration: a foreign key that cannot cross workspaces, which a plain one can even under RLS (R35).

    The referenced table needs `unique (workspace_id, id)`: see `composite_target`.
    """
    return f"""
    alter table {table} add constraint {table}_{column}_same_workspace
      foreign key (workspace_id, {column}) references {other} (workspace_id, id) deferrable initially deferred;
    """


def composite_target(table: str) -> str:
    """SQL for a migration: lets `same_workspace` point at this table."""
    return f"alter table {table} add constraint {table}_workspace_id_id unique (workspace_id, id);"


def own_people(table: str, *columns: str) -> tuple[str, str]:
    """SQL for a migration, and its way back: these columns, which may name the platform as well, name nobody of another
    workspace. For what no foreign key can hold.
    """
    named, given = ", ".join(columns), " or ".join(f"new.{column} is not null" for column in columns)
    arguments = ", ".join(f"'{column}'" for column in columns)
    make = (
        f"create trigger own_people before insert or update of {named} on {table}"
        f" for each row when ({given}) execute function accounts_own_people({arguments})"
    )
    return make, f"drop trigger own_people on {table}"
