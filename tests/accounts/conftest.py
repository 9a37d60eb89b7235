"""Two workspaces and their people, made by the actions themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from accounts import sessions
from accounts.actions import assign_role, create_user
from accounts.circumstances import Circumstances
from accounts.models import Role, User
from lifecycle.actions import create_workspace, newborn_actor
from tenancy.actor import Actor, Environment, Subject, SubjectKind, anonymous_actor, system_actor
from tenancy.models import Workspace
from tenancy.scoping import within

PASSWORD = "the crew has left the pad"
HERE = Circumstances(address="10.1.2.3", user_agent="Console 7")


@dataclass(frozen=True)
class World:
    """One workspace as the tests see it: its system actor, and people by name."""

    workspace: Workspace
    system: Actor

    @property
    def id(self) -> UUID:
        return self.workspace.id

    @property
    def anonymous(self) -> Actor:
        return anonymous_actor(self.id, address=HERE.address, user_agent=HERE.user_agent)

    def user(self, username: str) -> User:
        with within(self.id):
            return User.objects.select_related("workspace").get(username=username)

    def person(self, username: str, *roles: str, password: str | None = PASSWORD) -> User:
        user = create_user(self.system, username=username, name=username.title(), password=password)
        for role in roles:
            assign_role(self.system, role_id=self.role(role).id, user_id=user.id)
        return user

    def role(self, system: str) -> Role:
        with within(self.id):
            return Role.objects.get(system=system)

    def acting(self, user: User) -> Actor:
        """The person without a session, as a job in their name acts."""
        return Actor(self.id, Subject(user.id, SubjectKind.USER), Environment(address=HERE.address))

    def signed_in(self, user: User, *methods: str) -> tuple[Actor, str]:
        """The person in a session of their own, and its token."""
        with within(self.id):
            issued = sessions.begin(
                self.user(user.username), methods=methods or ("password",), device=None, circumstances=HERE
            )
            return sessions.actor_of(issued.session, HERE), issued.token


def make_world(slug: str) -> World:
    actor = newborn_actor(cause="test")
    workspace = create_workspace(actor, slug=slug, name=slug.title(), owner="ada")
    return World(workspace, system_actor(workspace.id, cause="test"))


@pytest.fixture
def olympus(db) -> World:
    return make_world("olympus")


@pytest.fixture
def vulcan(db) -> World:
    return make_world("vulcan")


@pytest.fixture
def ada(olympus) -> User:
    """The owner."""
    return olympus.user("ada")


@pytest.fixture
def grace(olympus) -> User:
    """A member."""
    return olympus.person("grace")


class Clock:
    """Time for the tests: it runs, and can be pushed forward."""

    def __init__(self, machine) -> None:
        self._machine = machine
        machine.move_to(datetime.now(UTC))

    def forward(self, **delta: float) -> None:
        self._machine.shift(timedelta(**delta))


@pytest.fixture
def clock(time_machine) -> Clock:
    return Clock(time_machine)
