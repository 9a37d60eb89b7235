"""Two workspaces side by side."""

from tests.world import olympus, pluto  # noqa: F401 - fixtures
