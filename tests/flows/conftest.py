"""Flows go through the public face: real servers, real sockets, real browsers."""

from tests.browsers import chromium  # noqa: F401 — a fixture
from tests.sockets import server  # noqa: F401 — a fixture
from tests.world import committed  # noqa: F401 — a fixture
