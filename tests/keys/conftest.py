"""Two workspaces, made by the actions themselves, each with a room's key and a few people."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from accounts.actions import assign_role, create_user
from accounts.models import Role
from audit.events import Event
from audit.models import AuditEvent
from keys import actions
from keys.envelope import Place, Scope
from keys.kms import kms
from lifecycle.actions import create_workspace, newborn_actor
from tenancy.actor import Actor, Environment, Subject, SubjectKind, new_id, system_actor
from tenancy.scoping import within


@dataclass(frozen=True)
class Vault:
    """A workspace as these tests see it."""

    system: Actor
    room_id: UUID
    author_id: UUID

    @property
    def id(self) -> UUID:
        return self.system.workspace_id

    def place(self, **values) -> Place:
        given = {"scope": Scope.room(self.room_id), "author_id": self.author_id, "field": "body"} | values
        return Place(self.id, given.pop("scope"), given.pop("record_id", None) or new_id(), **given)

    def person(self, username: str, *roles: str) -> Actor:
        user = create_user(self.system, username=username)
        for system in roles:
            with within(self.id):
                role = Role.objects.get(system=system)
            assign_role(self.system, role_id=role.id, user_id=user.id)
        return Actor(self.id, Subject(user.id, SubjectKind.USER), Environment(address="10.1.2.3"))

    def new_room(self) -> UUID:
        room_id = new_id()
        actions.create_room_key(self.system, room_id=room_id)
        return room_id

    def entries(self, event: Event) -> int:
        """How many entries of this kind the security store has."""
        with within(self.id):
            return AuditEvent.objects.filter(kind=event, store="security").count()


def make_vault(slug: str) -> Vault:
    workspace = create_workspace(newborn_actor(cause="test"), slug=slug, name=slug.title(), owner="ada")
    system = system_actor(workspace.id, cause="test")
    room_id = new_id()
    actions.create_room_key(system, room_id=room_id)
    author = create_user(system, username="grace")
    return Vault(system, room_id, author.id)


@pytest.fixture
def own_kms(settings, tmp_path):
    """A key file that no other test of the run uses; to be named before the workspace."""
    settings.KMS_KEYFILE, settings.DATA_DIR = tmp_path / "key", tmp_path / "data"
    kms.cache_clear()
    yield
    kms.cache_clear()


@pytest.fixture
def kms_outage(settings):
    settings.KMS = "tests.keys.absent.kms"
    kms.cache_clear()
    yield
    kms.cache_clear()


@pytest.fixture
def olympus(db) -> Vault:
    return make_vault("olympus")


@pytest.fixture
def vulcan(db) -> Vault:
    return make_vault("vulcan")


@pytest.fixture
def standing(transactional_db) -> Vault:
    """A workspace that was really committed, so that its keys may stay in memory."""
    return make_vault("standing")
