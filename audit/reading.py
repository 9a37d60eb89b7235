"""Fast reading of many entries: a plain psycopg cursor on Django's connection, for results in binary."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections, transaction

BATCH = 5000


@contextmanager
def sealing_snapshot(using: str) -> Iterator[None]:
    """One transaction that sees one moment: REPEATABLE READ, so that rows and windows belong together."""
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read; set local work_mem = '64MB'")
        yield


@contextmanager
def reading_snapshot(using: str) -> Iterator[None]:
    """One moment, to be read from end to end in the order of the indexes: sorting a whole log would fill a disk."""
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute(
                "set transaction isolation level repeatable read, read only;"
                " set local enable_sort = off; set local enable_bitmapscan = off; set local jit = off"
            )
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
