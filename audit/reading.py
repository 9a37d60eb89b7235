"""Fast reading of many entries: a plain psycopg cursor on Django's connection, for results in binary."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections, transaction

BATCH = 5000


@contextmanager
def snapshot(using: str, *, read_only: bool = False) -> Iterator[None]:
    """One transaction that sees one moment: REPEATABLE READ, so that rows and windows belong together."""
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            mode = "read only" if read_only else "read write"
            cursor.execute(f"set transaction isolation level repeatable read, {mode}")
        yield


@contextmanager
def raw_cursor(using: str) -> Iterator["psycopg.Cursor[tuple]"]:  # type: ignore[type-arg]
    """A cursor for binary results, on the connection of an alias."""
    connection = connections[using]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


@contextmanager
def streaming_cursor(using: str, name: str) -> Iterator["psycopg.ServerCursor[tuple]"]:  # type: ignore[type-arg]
    """A cursor that fetches as it goes, for more rows than fit into memory; needs an open transaction."""
    connection = connections[using]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.ServerCursor(connection.connection, name) as cursor:
        cursor.itersize = BATCH
        yield cursor
