"""Foreign systems are tested against the named world."""

from tests.world import olympus  # noqa: F401 — a fixture
