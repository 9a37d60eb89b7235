"""Policy as it decides is tested in the named world."""

from tests.world import olympus, pluto  # noqa: F401 - fixtures
