"""The rules of the house are tried in the named world where they need one."""

from tests.world import olympus  # noqa: F401 — a fixture
