"""Processes are killed while people talk: nothing acked is lost, nothing is doubled, the record holds (CH-2)."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from django.conf import settings

from chatapp.deployment import Deployment
from tenancy.models import Workspace
from tests.sockets import connect
from tests.supervised import Platform, eventually, free_port, running
from tests.talkers import Talker, talking
from tests.world import World

pytestmark = pytest.mark.slow

TALKERS = 6
SETTLED = 50
"""So many acks, and it has been talked for a while."""
FURNISH = """
import json, django
from pathlib import Path
django.setup()
from django.core.management import call_command
from rooms.models import RoomKind
from tests.world import furnish
olympus = furnish("olympus")
for name in {people}:
    olympus.person(name)
for room in {rooms}:
    olympus.room(room, kind=RoomKind.PUBLIC)
    for name in {people}:
        olympus.joins(name, room)
tokens = {{name: olympus.token(name) for name in {people}}}
rooms = {{room: str(olympus.rooms[room].id) for room in {rooms}}}
call_command("verify_audit", save_checkpoint=Path({kept!r}))
print(json.dumps({{"tokens": tokens, "rooms": rooms}}))
"""


@dataclass(slots=True)
class Stage:
    """A real platform with people who have sessions and rooms to talk in, and what was kept of its record outside."""

    platform: Platform
    kept: str
    tokens: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)

    def talkers(self, room: str) -> list[Talker]:
        host, cookie = f"olympus.localhost:{self.platform.port}", settings.SESSION_COOKIE_NAME
        return [
            Talker(self.platform.port, host, f"{cookie}={token}", self.rooms[room]) for token in self.tokens.values()
        ]

    def kill(self, name: str) -> None:
        """Without a word; returns when the supervisor has another one."""
        first = self.platform.pid(name)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: self.platform.pid(name) not in {first, None}, seconds=20, what=f"a new {name}")

    def ask(self, statement: str, *values: object) -> int:
        """A figure out of the database, as its administrator sees it."""
        url = Deployment(self.platform.data).database_url("postgres")
        with psycopg.connect(url) as connection:
            return connection.execute(statement, values).fetchone()[0]

    def verify(self) -> None:
        """The record of the platform and of every workspace is intact, and goes on from what was kept of it outside."""
        done = self.platform.manage("verify_audit", "--checkpoint", self.kept, "--save-checkpoint", self.kept)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    data = tmp_path_factory.mktemp("crashing") / "data"
    with running(data, port=free_port()) as platform:
        stage = Stage(platform, str(data.with_name("checkpoints")))
        people, rooms = [f"crew{number}" for number in range(TALKERS)], ["web", "sealer", "postgres"]
        script = FURNISH.format(people=people, rooms=rooms, kept=stage.kept)
        done = platform.run("-c", script, DJANGO_SETTINGS_MODULE="chatapp.settings")
        assert done.returncode == 0, done.stderr
        furnished = json.loads(done.stdout.splitlines()[-1])
        stage.tokens, stage.rooms = furnished["tokens"], furnished["rooms"]
        yield stage


@asynccontextmanager
async def under_load(talkers: Sequence[Talker]):
    """People talk before, during and after; in the end everybody is heard out."""
    async with talking(talkers):
        await until(lambda: acked(talkers) > SETTLED, "people talk")
        yield
        before = acked(talkers)
        await until(lambda: acked(talkers) > before + SETTLED, "people talk again")
        for one in talkers:
            one.talking = False
        await until(lambda: not any(one.open for one in talkers), "everything is acked")
        said = {client_id for one in talkers for client_id in one.acked}
        await until(lambda: all(one.heard == said for one in talkers), "everybody has heard everything")


def acked(talkers: Sequence[Talker]) -> int:
    return sum(len(one.acked) for one in talkers)


async def until(done, what: str, *, seconds: float = 45) -> None:
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"not within {seconds} s: {what}", pytrace=False)


async def history(stage: Stage, room: str) -> list[dict]:
    """Everything that was ever said in a room, as somebody new to it reads it page by page."""
    world = World(Workspace(slug="olympus"))
    token = next(iter(stage.tokens.values()))
    async with connect(stage.platform.port, world, "crew0", token=token) as reader:
        await reader.hello()
        page = await reader.result("room.open", room=stage.rooms[room], limit=100)
        found = page["messages"]
        while page["more_before"]:
            page = await reader.result("room.open", room=stage.rooms[room], limit=100, before=page["before"])
            found = page["messages"] + found
        return found


ROUNDS = "select coalesce(max(n), 0) from audit_round"
UNSEALED = "select unsealed_seconds from audit_lag()"
LINES = """
select count(distinct target_id) from audit_event
 where kind = 'room:message:posted' and target_id = any(%s::uuid[])
"""


@pytest.mark.parametrize("name", ["web", "sealer", "postgres"])
async def test_all_that_was_acked_is_there_once_after_the_death_of(stage, name):
    talkers, rounds = stage.talkers(name), stage.ask(ROUNDS)

    async with under_load(talkers):
        await asyncio.to_thread(stage.kill, name)

    acks = {client_id: message for one in talkers for client_id, message in one.acked.items()}
    kept = await history(stage, name)
    assert len(kept) == len(acks)
    assert {one["client_id"]: one["id"] for one in kept} == acks
    assert all(one["parts"][0]["md"] == one["client_id"] for one in kept)
    assert not [one.refused for one in talkers if one.refused]
    assert stage.ask(LINES, list(acks.values())) == len(acks)
    eventually(lambda: not stage.ask(UNSEALED), seconds=20, what="the sealing of all of it")
    assert stage.ask(ROUNDS) > rounds
    await asyncio.to_thread(stage.verify)
