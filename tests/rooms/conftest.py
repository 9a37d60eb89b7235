"""Rooms are tested in the named world."""

from tests.sockets import server  # noqa: F401 — a fixture
from tests.world import committed, olympus, pluto  # noqa: F401 - fixtures
