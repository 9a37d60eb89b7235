"""Two workspaces side by side, and a server that answers for both."""

from tests.sockets import server  # noqa: F401 - a fixture
from tests.world import committed, olympus, pluto  # noqa: F401 - fixtures
