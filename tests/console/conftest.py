"""The console in the named world: `console.opens("ada", "/console/")` asks as a person with a session."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts.actions import assign_role, create_role, unassign_role
from accounts.models import Role
from audit.models import AuditEvent
from policy.catalogue import Flag
from tests.world import World, olympus, pluto  # noqa: F401 - fixtures


@dataclass(slots=True)
class Console:
    """One workspace's console as its people's browsers see it."""

    world: World
    _clients: dict[str, Client] = field(default_factory=dict)

    def client(self, username: str) -> Client:
        if username not in self._clients:
            client = Client(HTTP_HOST=f"{self.world.workspace.slug}.localhost")
            self.world.actor(username)
            client.cookies[settings.SESSION_COOKIE_NAME] = self.world.token(username)
            self._clients[username] = client
        return self._clients[username]

    def get(self, username: str, path: str, /, **query: Any) -> HttpResponse:
        return self.client(username).get(path, query)

    def post(self, username: str, path: str, /, **fields: Any) -> HttpResponse:
        return self.client(username).post(path, fields)

    def text(self, username: str, path: str, /, **query: Any) -> str:
        """The page, which must be there."""
        answer = self.get(username, path, **query)
        assert answer.status_code == 200, (path, answer.status_code, answer.content[:2000])
        return answer.content.decode()

    def flagged(self, username: str, *flags: Flag) -> str:
        """Somebody with a role of exactly these flags, and nothing else."""
        world = self.world
        world.person(username)
        with world.inside():
            member = Role.objects.get(system="member").id
        role = create_role(world.system, name=f"only {username}", flags=[flag.value for flag in flags])
        unassign_role(world.system, role_id=member, user_id=world.people[username].id)
        assign_role(world.system, role_id=role.id, user_id=world.people[username].id)
        self.client(username)
        return username

    def entries(self, **wanted: Any) -> list[AuditEvent]:
        with self.world.inside():
            return list(AuditEvent.objects.filter(**wanted))

    def decided(self, action: str, outcome: str, who: str | None = None) -> int:
        wanted: dict[str, Any] = {"store": "decision", "kind": action, "outcome": outcome}
        if who is not None:
            wanted["actor_id"] = self.world.people[who].id
        return len(self.entries(**wanted))

    def rows(self, model: Any, **wanted: Any) -> list[Any]:
        with self.world.inside():
            return list(model.objects.filter(**wanted))


@pytest.fixture
def console(olympus: World) -> Console:  # noqa: F811
    return Console(olympus)


def ids(rows: Iterable[Any]) -> set[UUID]:
    return {row.id for row in rows}
