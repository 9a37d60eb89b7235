"""Hot statements that go past Django's cursor, on its own connection and inside its transaction (R37).

Values travel beside the statement in binary form, so that the server plans each statement once per connection.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

Rows = psycopg.Cursor[tuple[Any, ...]]


def send(statement: str, values: Sequence[object]) -> Rows:
    """Execute one statement with its `%b` values. Raises Django's database errors."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return psycopg.Cursor(connection.connection).execute(statement, values, binary=True, prepare=True)


def rows(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """All rows that one statement gives."""
    with connection.wrap_database_errors:
        return send(statement, values).fetchall()
