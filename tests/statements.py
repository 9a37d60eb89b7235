"""Which statements are sent to PostgreSQL, whoever sends them: hot ones go past Django's own cursor (R37)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

_KEYS = "keys_"
"""Keys are read when they are first needed and asked about every five seconds: no cost of one piece of work."""


@contextmanager
def sent() -> Iterator[list[str]]:
    """Every statement of this process but those about keys, in order; BEGIN and COMMIT are none."""
    heard: list[str] = []

    def listening(execute: Callable[..., Any]) -> Callable[..., Any]:
        def executed(cursor: Any, statement: Any, *rest: Any, **how: Any) -> Any:
            if _KEYS not in str(statement):
                heard.append(str(statement))
            return execute(cursor, statement, *rest, **how)

        return executed

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(psycopg.Cursor, name, listening(getattr(psycopg.Cursor, name)))
        yield heard


def cost_of(work: Callable[[], object]) -> int:
    """How many statements it takes."""
    with sent() as heard:
        work()
    return len(heard)
