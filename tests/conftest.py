"""What every test stands on: a migrated database under the app role, a clean Valkey, the parts a machine may lack."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections
from django.test import TransactionTestCase
from psycopg import sql

from tests import boot, parts

_TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
"""

_GUARDS = "select tgrelid::regclass::text, tgname from pg_trigger where tgenabled = 'A' and not tgisinternal and tgparentid = 0"
"""Triggers that keep the audit log append-only, for the owner too: the sweep is what only a test may do."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """In place of pytest-django's own: the owner made the tables, the tests are the app role."""
    boot.clone()
    with boot.owner() as owner:
        _Sweeper.prepare(owner)
        yield
    with django_db_blocker.unblock():
        connections.close_all()


class _Sweeper:
    """Empties the tables after a test that really commits: DELETE by the owner, a seventh of what TRUNCATE costs.

    Tables that the migrations filled, such as the content types, stay as they are.
    """

    owner: psycopg.Connection
    statement: sql.Composed

    @classmethod
    def prepare(cls, owner: psycopg.Connection) -> None:
        tables = [sql.Identifier(name) for (name,) in owner.execute(_TABLES)]
        empty = [
            table for table in tables if not owner.execute(sql.SQL("select 1 from {} limit 1").format(table)).fetchone()
        ]
        cls.owner = owner
        guards = [(sql.Identifier(table), sql.Identifier(name)) for table, name in owner.execute(_GUARDS)]
        cls.statement = sql.SQL(";").join(
            [
                *(sql.SQL("alter table {} disable trigger {}").format(*guard) for guard in guards),
                *(sql.SQL("delete from {}").format(table) for table in empty),
                *(sql.SQL("alter table {} enable always trigger {}").format(*guard) for guard in guards),
            ]
        )

    @classmethod
    def sweep(cls, _case: TransactionTestCase) -> None:
        connections.close_all()
        with cls.owner.transaction():
            cls.owner.execute(cls.statement)


TransactionTestCase._fixture_teardown = _Sweeper.sweep  # noqa: SLF001 - Django has no other way in


@pytest.fixture(scope="session")
def _valkey():
    with boot.valkey() as client:
        yield client


@pytest.fixture(autouse=True)
def _forgetful_valkey(_valkey) -> Iterator[None]:
    """No test finds in the cache, the queue or the counters what another one left there."""
    yield
    _valkey.flushdb()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        parts.need(parts.CHROMIUM)
