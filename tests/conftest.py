"""What every test stands on: a migrated database under the app role, a clean Valkey, the parts a machine may lack."""

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import TransactionTestCase

from tests import boot, parts
from tests.sweeper import Sweeper


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """In place of pytest-django's own: the owner made the tables, the tests are the app role."""
    boot.clone()
    with boot.owner() as owner, pytest.MonkeyPatch.context() as patch:
        sweeper = Sweeper.of(owner)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: sweeper.sweep())
        yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session")
def _valkey():
    with boot.valkey() as client:
        yield client


@pytest.fixture(autouse=True)
def _forgetful_valkey(_valkey) -> Iterator[None]:
    """No test finds in the cache, the queue or the counters what another one left there."""
    yield
    _valkey.flushdb()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the files: what takes long, everything else, what needs the server of the session, browsers.

    What takes long is not left for one worker alone in the end. The server, once started, writes to the record of its
    worker's database by itself; and Playwright has a loop in this thread as long as one is open, so that browsers keep
    their order among themselves: those of `tests/web` stay open to the end.
    """
    browsing = {item.path for item in items if item.get_closest_marker("browser")}
    served = {item.path for item in items if "server" in getattr(item, "fixturenames", ())} - browsing
    slow = {item.path for item in items if item.get_closest_marker("slow")} | browsing
    items.sort(key=lambda item: (item.path in browsing, item.path in served, item.path not in slow))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        parts.need(parts.CHROMIUM)
