"""Rooms are tested in the named world."""

from tests.sockets import live_server_url, server  # noqa: F401 — fixtures
from tests.world import furnish, olympus, pluto  # noqa: F401 — fixtures
