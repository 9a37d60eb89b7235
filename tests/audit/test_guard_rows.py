# ruff: noqa: PT012, S608 - statements stand whole, dice only delay
"""The app adds and reads its own; it changes nothing, and neither does anybody else without lifting the guards."""

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from audit import epochs, health, log
from audit.actions import standalone
from audit.entries import log_id
from audit.events import Event
from audit.kinds import Store
from audit.models import AuditEvent
from audit.verify import verify
from chatapp import doctor
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import within
from tests import boot
from tests.audit.conftest import sealed

TABLES = [
    "audit_event",
    "audit_pii",
    "audit_seal",
    "audit_tile",
    "audit_round",
    "audit_log",
    "audit_key",
    "audit_cluster",
    "audit_boundary",
    "audit_entitlement",
]
COLUMNS = "id, workspace_id, log_id, store, epoch, at, kind, outcome, actor_id, target_type, request_id, env, mac"
VALUES = "gen_random_uuid(), %s, %s, %s, %s, now(), 'x', 'y', gen_random_uuid(), '', gen_random_uuid(), '{}', %s"
MAC = b"\0" * 16
ADD = f"insert into audit_event ({COLUMNS}) values ({VALUES})"

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def row(workspace_id, *, log_of=None, store="security", log_store="security", epoch=1) -> list[object]:
    """Values for an entry of a workspace, in its own log or in another's."""
    return [workspace_id, log_id(log_of or workspace_id, log_store), store, epoch, MAC]


def refused(statement: str, *values: object, workspace_id=None) -> None:
    with pytest.raises(DatabaseError), within(workspace_id), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["update {} set at = now()", "delete from {}", "truncate {}"])
def test_the_app_cannot_change_a_row(olympus, sealer, table, statement):
    olympus.posts(1)
    sealer.round()

    refused(statement.format(table), workspace_id=olympus.id)


def test_the_app_can_add_an_entry(olympus):
    with within(olympus.id), connection.cursor() as cursor:
        cursor.execute(ADD, row(olympus.id))
        cursor.execute(ADD, row(None))

    assert len(olympus.entries(Store.SECURITY)) == 1


@pytest.mark.parametrize("xid", ["5", "default", "pg_current_xact_id()"])
def test_the_app_cannot_name_a_transaction_id(olympus, xid):
    value = xid if xid == "default" or "(" in xid else f"'{xid}'"

    if xid == "default":
        refused(
            f"insert into audit_event ({COLUMNS}, xid) values ({VALUES}, '7')",
            *row(olympus.id),
            workspace_id=olympus.id,
        )
        return
    refused(
        f"insert into audit_event ({COLUMNS}, xid) values ({VALUES}, {value})",
        *row(olympus.id),
        workspace_id=olympus.id,
    )


def test_the_app_cannot_add_an_entry_to_another_workspace(olympus, pluto):
    refused(ADD, *row(pluto.id), workspace_id=olympus.id)


def test_the_app_cannot_add_an_entry_to_another_epoch(olympus):
    refused(ADD, *row(olympus.id, epoch=2), workspace_id=olympus.id)


def test_the_app_cannot_add_an_entry_of_its_own_to_the_log_of_another_workspace(olympus, pluto, sealer):
    pluto.makes_roles(1)

    refused(ADD, *row(olympus.id, log_of=pluto.id), workspace_id=olympus.id)
    refused(ADD, *row(None, log_of=pluto.id), workspace_id=olympus.id)
    sealed(sealer)

    assert verify(workspace_id=pluto.id).findings == []


@pytest.mark.parametrize(("store", "log_store"), [("security", "decision"), ("gossip", "gossip")])
def test_the_app_cannot_add_an_entry_to_another_store_or_one_that_does_not_exist(olympus, store, log_store):
    refused(ADD, *row(olympus.id, store=store, log_store=log_store), workspace_id=olympus.id)


@pytest.mark.parametrize("role", ["platform", "sealer"])
def test_the_other_writers_cannot_add_to_a_log_that_the_entry_does_not_name(olympus, role):
    place = None if role == "platform" else olympus.id
    try:
        with transaction.atomic(using=role), connections[role].cursor() as cursor:
            cursor.execute(ADD, row(place))
        with pytest.raises(DatabaseError), transaction.atomic(using=role), connections[role].cursor() as cursor:
            cursor.execute(ADD, row(place, log_store="decision"))
    finally:
        connections[role].close()


@pytest.mark.parametrize(
    "table", ["audit_seal", "audit_tile", "audit_round", "audit_log", "audit_key", "audit_cluster", "audit_boundary"]
)
def test_the_app_cannot_seal(olympus, table):
    refused(f"insert into {table} select * from {table}", workspace_id=olympus.id)


def test_the_app_cannot_reach_a_partition_past_the_wall(olympus, hand):
    olympus.posts(1)
    partitions = [
        name
        for (name,) in hand.sees(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_event'::regclass"
        )
    ]

    assert len(partitions) > 7
    for name in partitions:
        refused(f"select * from {name}", workspace_id=olympus.id)
        refused(f"insert into {name} ({COLUMNS}) values ({VALUES})", *row(olympus.id), workspace_id=olympus.id)


def test_a_workspace_reads_its_own_entries_alone(olympus, pluto, sealer):
    olympus.makes_roles(2)
    pluto.makes_roles(3)
    sealer.round()

    for table, mine in (("audit_event", 4), ("audit_seal", 2), ("audit_log", 2)):
        with within(olympus.id), connection.cursor() as cursor:
            cursor.execute(f"select count(*), count(*) filter (where workspace_id = %s) from {table}", [olympus.id])
            assert cursor.fetchone() == (mine, mine)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone() == (0,)


def test_asking_without_a_workspace_is_a_defect(olympus):
    with pytest.raises(OutsideWorkspace):
        AuditEvent.objects.count()


def test_models_refuse_to_change_anything(olympus):
    olympus.posts(1)
    (entry,) = olympus.entries(Store.COMPLIANCE)

    with within(olympus.id):
        for change in (entry.save, entry.delete, AuditEvent.objects.all().delete, AuditEvent.objects.create):
            with pytest.raises(TypeError):
                change()
        with pytest.raises(TypeError):
            AuditEvent.objects.all().update(kind="x")


@pytest.mark.parametrize("role", ["owner", "sealer", "pruner", "auditor"])
@pytest.mark.parametrize(
    "statement", ["update audit_event set kind = 'x'", "delete from audit_event", "truncate audit_event"]
)
def test_no_other_role_changes_an_entry_either(olympus, role, statement):
    olympus.posts(2)

    try:
        with transaction.atomic(using=role), connections[role].cursor() as cursor:
            cursor.execute(statement)
            touched = cursor.rowcount
    except DatabaseError:
        touched = 0
    finally:
        connections[role].close()

    assert touched == 0
    assert [entry.kind for entry in olympus.entries(Store.COMPLIANCE)] == ["room:message:posted"] * 2


@pytest.mark.parametrize(
    "statement", ["update audit_event set kind = 'x'", "delete from audit_event", "truncate audit_event"]
)
def test_even_the_administrator_must_lift_a_guard_first(olympus, statement):
    olympus.posts(1)

    with boot.admin(boot.DATABASE) as admin, pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute("set session_replication_role = replica")
        admin.execute(statement)


def test_standing_guards_give_no_warning_and_lifted_ones_do(olympus, hand):
    assert health.weakened_guards() == []

    with hand.connection.transaction():
        hand.connection.execute("alter table audit_seal disable trigger append_only")
        hand.connection.execute("alter table audit_event no force row level security")
        hand.connection.execute("grant update on audit_event to cordon_app")
        connections["auditor"].close()
    try:
        found = health.weakened_guards()
    finally:
        hand.connection.execute("alter table audit_seal enable always trigger append_only")
        hand.connection.execute("alter table audit_event force row level security")
        hand.connection.execute("revoke update on audit_event from cordon_app")

    assert found == [
        "audit_event: row-level security is off or not forced",
        "audit_event: the app role may update",
        "audit_seal: an append-only trigger is off",
    ]


def test_in_a_restored_copy_nothing_can_be_written_until_an_epoch_begins(olympus, hand):
    hand.connection.execute("alter table audit_cluster disable trigger append_only")
    hand.connection.execute("update audit_cluster set system_identifier = system_identifier + 1")
    epochs.forget()
    try:
        with pytest.raises(epochs.OtherCluster):
            olympus.posts(1)
        with pytest.raises(DatabaseError), within(olympus.id), log.collecting() as ledger:
            epochs._current["default"] = 1
            log.record(Event.CONSOLE_ENTERED, olympus.actor)
            log.write(ledger)
    finally:
        epochs.forget()
        hand.connection.execute("update audit_cluster set system_identifier = system_identifier - 1")
        hand.connection.execute("alter table audit_cluster enable always trigger append_only")

    olympus.posts(1)
    assert len(olympus.entries(Store.COMPLIANCE)) == 1


def test_the_doctor_tells_of_entries_that_nobody_of_ours_made(olympus, sealer):
    assert health.suspects() == []
    with within(olympus.id), connection.cursor() as cursor:
        cursor.execute(ADD, row(olympus.id))
    (suspect,) = sealed(sealer).suspects
    with standalone(olympus.id, using="sealer"):
        log.record(Event.AUDIT_DEGRADED, olympus.actor, finding=suspect.finding, store=suspect.store)

    told = health.suspects()

    assert told == ["olympus security: 1 suspect (mac)"]
    assert f"in the last 7 days, {told[0]}" in [one.detail for one in doctor.sealer() if not one.well]
