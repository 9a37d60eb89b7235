"""The named world that tests live in: workspace `olympus` with its people and rooms, and `pluto` next door.

ada owns the workspace, grace is a cleared analyst on TITAN, eve has an account and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from uuid import UUID

import pytest
from django.db import connection
from django.test import TransactionTestCase

from accounts import sessions
from accounts.actions import create_user, set_facts
from accounts.actions.facts import Assertion
from accounts.circumstances import Circumstances
from accounts.models import User
from lifecycle.actions import create_workspace, newborn_actor
from policy import pep
from policy.catalogue import RoomRole
from rooms.actions.members import add_member
from rooms.actions.messages import post_message
from rooms.actions.rooms import create_room, set_requirement
from rooms.models import Room, RoomKind
from rooms.posting import Post, Posted
from tenancy.actor import Actor, new_id, system_actor
from tenancy.models import Workspace
from tenancy.scoping import within
from tests.keepsake import Keepsake

GUARD = "clearance >= SECRET and program any_of {TITAN}"
CLEARED = {"clearance": "SECRET", "program": ["TITAN"]}


@dataclass(slots=True)
class World:
    """One workspace, furnished. Everything in it was done through actions."""

    workspace: Workspace
    people: dict[str, User] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    _signed_in: dict[str, tuple[Actor, str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def id(self) -> UUID:
        return self.workspace.id

    @property
    def system(self) -> Actor:
        return system_actor(self.id, cause="test")

    def person(self, username: str, facts: Mapping[str, object] | None = None) -> User:
        """A new member with these facts, told by the manual source."""
        user = create_user(self.system, username=username, name=username.title())
        self.people[username] = user
        if facts:
            self.knows(username, facts)
        return user

    def somebody(self, facts: Mapping[str, object] | None = None) -> str:
        """The name of a new member whom no other test knows, signed in."""
        username = f"linus{next(self._numbers)}"
        self.person(username, facts)
        self.token(username)
        return username

    def knows(self, username: str, facts: Mapping[str, object], *, until: datetime | None = None) -> None:
        """From now on these, and only these, are the facts about somebody."""
        asserted = {name: Assertion(value, until) for name, value in facts.items()}
        set_facts(self.system, user_id=self.people[username].id, source="manual", facts=asserted)

    def actor(self, username: str) -> Actor:
        """The person in a session of their own."""
        return self._session(username)[0]

    def token(self, username: str) -> str:
        """The token of that session, as the browser's cookie holds it."""
        return self._session(username)[1]

    def _session(self, username: str) -> tuple[Actor, str]:
        if username not in self._signed_in:
            self._signed_in[username] = self.sign_in(username)
        return self._signed_in[username]

    def sign_in(self, username: str) -> tuple[Actor, str]:
        """A fresh session with its token, as a browser would hold it."""
        circumstances = Circumstances(address="127.0.0.1", user_agent="test")
        with within(self.id):
            user = User.objects.select_related("workspace").get(id=self.people[username].id)
            issued = sessions.begin(user, methods=["password"], device=None, circumstances=circumstances)
            return sessions.actor_of(issued.session, circumstances), issued.token

    def room(self, name: str, *, kind: RoomKind = RoomKind.PRIVATE, by: str = "ada", requirement: str = "") -> Room:
        room = create_room(self.actor(by), kind=kind, name=name, marking=self.workspace.ceiling)
        if requirement:
            set_requirement(self.system, room_id=room.id, requirement=requirement)
        self.rooms[name] = room
        return room

    def own_room(self, *usernames: str, kind: RoomKind = RoomKind.PRIVATE) -> Room:
        """A new room of ada's and of these people that no other test knows."""
        name = f"vault {next(self._numbers)}"
        room = self.room(name, kind=kind)
        for username in usernames:
            self.joins(username, name)
        return room

    def joins(self, username: str, room: str, *, role: RoomRole = RoomRole.MEMBER) -> None:
        add_member(self.system, room_id=self.rooms[room].id, user_id=self.people[username].id, role=role)

    def says(self, username: str, room: str, body: str, **how: object) -> Posted:
        post = Post(self.actor(username), self.rooms[room].id, new_id(), body, **how)  # type: ignore[arg-type]
        with pep.unit(self.id):
            return post_message(self.actor(username), post=post)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Look at rows as they are."""
        with within(self.id):
            yield


def furnish(slug: str, *, ceiling: str = "SECRET") -> World:
    """A workspace with ada, grace and eve, the room `lobby` for all and `titan` behind a requirement."""
    newborn = newborn_actor(cause="test")
    workspace = create_workspace(newborn, slug=slug, name=slug.title(), owner="ada")
    with within(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(ceiling=ceiling)
        workspace.refresh_from_db()
        world = World(workspace, {"ada": User.objects.get(username="ada")})
    world.knows("ada", CLEARED)
    world.person("grace", CLEARED)
    world.person("eve")
    world.room("lobby", kind=RoomKind.PUBLIC)
    world.joins("grace", "lobby")
    world.joins("eve", "lobby")
    world.room("titan", requirement=GUARD)
    world.joins("grace", "titan")
    for username in world.people:
        world.actor(username)
    return world


_kept: dict[str, Keepsake] = {}


def world_of(slug: str) -> World:
    """The named world for one test: laid out again where the test rolls back, furnished anew where it commits."""
    if not connection.in_atomic_block:
        return furnish(slug)
    if slug not in _kept:
        _kept[slug] = Keepsake.of(lambda: furnish(slug))
    return _kept[slug].laid_out()


@pytest.fixture
def olympus(db) -> World:
    return world_of("olympus")


@pytest.fixture
def pluto(db) -> World:
    return world_of("pluto")


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker) -> Iterator[Callable[[str], World]]:
    """Worlds that a server sees too, furnished once for a module; its tests use rooms and people of their own."""
    with django_db_blocker.unblock():
        yield furnish
        TransactionTestCase._fixture_teardown(None)
