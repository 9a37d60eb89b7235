"""Two bare workspaces, lines on a ledger, a sealer of their own, and a hand that the guards do not stop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import hypothesis
import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from audit import log
from audit.events import Event
from audit.kinds import Store
from audit.log import DecisionLine, Target
from audit.models import AuditEvent
from audit.sealer import Round, Sealer
from audit.verify import verify
from tenancy.actor import Actor, Environment, Subject, SubjectKind, new_id
from tenancy.models import Workspace
from tenancy.scoping import within
from tests import boot

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@dataclass(frozen=True)
class Place:
    """A workspace without keys or people: enough to write to its log."""

    id: UUID
    slug: str
    actor: Actor

    def says(self, *lines: tuple[Event, dict[str, Any]], decisions: tuple[DecisionLine, ...] = ()) -> None:
        """Write these lines in one transaction."""
        with within(self.id), log.collecting() as ledger:
            for event, data in lines:
                log.record(event, self.actor, target=Target("message", new_id(), new_id()), **data)
            ledger.decisions.extend(decisions)
            log.write(ledger)

    def posts(self, count: int) -> None:
        self.says(*[(Event.MESSAGE_POSTED, {"digest": new_id().bytes * 2}) for _ in range(count)])

    def makes_roles(self, count: int) -> None:
        """Dual-written lines."""
        self.says(*[(Event.ROLE_CREATED, {"role_id": new_id(), "flags": ["users:manage"]}) for _ in range(count)])

    def decides(self, count: int) -> None:
        self.says(decisions=tuple(decision(self.actor) for _ in range(count)))

    def entries(self, store: Store) -> list[AuditEvent]:
        with within(self.id):
            return list(AuditEvent.objects.filter(store=store).order_by("at", "id"))


def decision(actor: Actor, **values: Any) -> DecisionLine:
    given = {
        "decision_id": new_id(),
        "at": timezone.now(),
        "actor": actor,
        "action": "room:message:post",
        "effect": "permit",
        "resource_type": "room",
        "resource_id": new_id(),
        "reasons": ("rule_matched",),
        "policies": (("policy-set", 3, "ab" * 32),),
        "decision_point": "local",
        "latency_us": 120,
        "epochs": (("subject", 4), ("room", 2)),
        "environment_digest": b"\x01" * 32,
    }
    return DecisionLine(**(given | values))


def make_place(slug: str) -> Place:
    workspace = Workspace(id=new_id(), slug=slug, name=slug.title())
    with within(workspace.id):
        workspace.save(force_insert=True)
    someone = Subject(new_id(), SubjectKind.USER)
    return Place(
        workspace.id, slug, Actor(workspace.id, someone, Environment(session_id=new_id(), methods=("password",)))
    )


@pytest.fixture
def olympus(transactional_db) -> Place:
    return make_place("olympus")


@pytest.fixture
def pluto(transactional_db) -> Place:
    return make_place("pluto")


@pytest.fixture
def sealer(transactional_db) -> Iterator[Sealer]:
    """The one sealer of this database, begun."""
    one = Sealer()
    one.begin()
    yield one
    connections["sealer"].close()


GUARDED = (
    *("audit_event", "audit_pii", "audit_seal", "audit_tile", "audit_round", "audit_log", "audit_key"),
    *("audit_boundary", "audit_entitlement"),
)


@dataclass
class Hand:
    """Somebody with all power over the database: lifts the guards, changes what he likes, sets the guards back."""

    connection: psycopg.Connection

    def does(self, statement: str, *values: object) -> int:
        """Run a statement with the guards lifted; answers with how many rows it touched."""
        with self.connection.transaction():
            for table in GUARDED:
                self.connection.execute(f"alter table {table} disable trigger append_only")
            done = self.connection.execute(statement, values).rowcount
            for table in GUARDED:
                self.connection.execute(f"alter table {table} enable always trigger append_only")
        return done

    def sees(self, statement: str, *values: object) -> list[tuple]:
        return self.connection.execute(statement, values).fetchall()


@pytest.fixture
def hand(transactional_db) -> Iterator[Hand]:
    with boot.admin(boot.DATABASE) as connection:
        yield Hand(connection)


@pytest.fixture
def findings() -> Callable[..., list[str]]:
    """What the verifier says, line by line."""

    def verified(**options: Any) -> list[str]:
        return [str(finding) for finding in verify(**options).findings]

    return verified


def sealed(sealer: Sealer) -> Round:
    """One round that must have had something to do."""
    done = sealer.round()
    assert done is not None
    return done
