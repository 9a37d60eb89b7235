# ruff: noqa: PT012 - what is refused needs a ledger around it
"""Lines are recorded inside an action, checked, and written with the change or not at all."""

import json
from hashlib import sha256

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit import log, signing
from audit.entries import keyed_digest
from audit.events import Event
from audit.kinds import Store, Unrecordable
from audit.log import NoLedger, Target
from audit.models import AuditBody, AuditEvent
from lifecycle.actions import create_workspace, newborn_actor
from tenancy.actor import Actor, Environment, Subject, SubjectKind, new_id
from tenancy.scoping import within
from tests.audit.conftest import decision

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def env_of(entry: AuditEvent) -> dict:
    return json.loads(bytes(entry.env))


def test_a_line_outside_an_action_is_a_defect(olympus):
    with pytest.raises(NoLedger):
        log.record(Event.CONSOLE_ENTERED, olympus.actor)


def test_unknown_data_is_refused_and_nothing_stays_on_the_ledger(olympus):
    with log.collecting() as ledger:
        with pytest.raises(Unrecordable):
            log.record(Event.ROLE_CREATED, olympus.actor, role_id=new_id(), colour="red")
        with pytest.raises(Unrecordable):
            log.record(Event.ROLE_CREATED, olympus.actor)
        with pytest.raises(Unrecordable):
            log.record(Event.CONSOLE_ENTERED, olympus.actor, outcome="perhaps")

    assert not ledger


def test_an_inner_ledger_is_apart(olympus):
    with log.collecting() as outer:
        log.record(Event.CONSOLE_ENTERED, olympus.actor)
        with log.collecting() as inner:
            log.record(Event.LOGGED_OUT, olympus.actor)

    assert [line.event for line in outer.lines] == [Event.CONSOLE_ENTERED]
    assert [line.event for line in inner.lines] == [Event.LOGGED_OUT]


def test_a_line_dies_with_the_transaction_of_its_change(olympus):
    class Undone(Exception):
        pass

    with pytest.raises(Undone), within(olympus.id), log.collecting() as ledger:
        log.record(Event.CONSOLE_ENTERED, olympus.actor)
        log.write(ledger)
        raise Undone

    assert olympus.entries(Store.SECURITY) == []


def test_a_line_outside_a_transaction_is_refused(olympus):
    with log.collecting() as ledger:
        log.record(Event.CONSOLE_ENTERED, olympus.actor)
        with pytest.raises(transaction.TransactionManagementError):
            log.write(ledger)


def test_an_entry_holds_who_did_what_to_which_and_its_columns_say_the_same(olympus):
    target = Target("room", new_id(), new_id())

    with within(olympus.id), log.collecting() as ledger:
        log.record(Event.ROOM_CHANGED, olympus.actor, target=target, outcome="failed", changed=["topic"], cause="api")
        log.write(ledger)

    (entry,) = olympus.entries(Store.SECURITY)
    env = env_of(entry)
    assert env["k"] == entry.kind == "room:room:changed"
    assert env["out"] == entry.outcome == "failed"
    assert env["uid"] == str(entry.id)
    assert env["t"] == str(round(entry.at.timestamp() * 1_000_000))
    assert env["act"] == {"id": str(entry.actor_id), "kind": "user"}
    assert env["obj"] == {"type": "room", "id": str(entry.target_id), "room": str(entry.room_id)}
    assert env["log"] == f"{olympus.id}/security"
    assert env["data"] == {"changed": ["topic"], "cause": "api"}
    assert env["ctx"]["ses"] == str(olympus.actor.environment.session_id)
    assert signing.row_mac().verify(bytes(entry.env), bytes(entry.mac))


def test_twins_stand_in_both_stores_and_name_each_other(olympus):
    olympus.makes_roles(1)

    (security,), (compliance,) = olympus.entries(Store.SECURITY), olympus.entries(Store.COMPLIANCE)
    assert env_of(security)["twin"] == str(compliance.id)
    assert env_of(compliance)["twin"] == str(security.id)
    assert env_of(security)["data"] == env_of(compliance)["data"]


def test_personal_text_and_the_address_leave_only_a_commitment():
    keyed = create_workspace(newborn_actor(cause="test"), slug="keyed", name="Keyed", owner="ada").id
    here = Environment(address="198.51.100.7", user_agent="Mozilla/5.0 (canary)")
    actor = Actor(keyed, Subject(new_id(), SubjectKind.ANONYMOUS), here)

    with within(keyed), log.collecting() as ledger:
        line = log.record(Event.LOGIN_FAILED, actor, outcome="refused", username="grace.canary", cause="bad_password")
        log.write(ledger)

    with within(keyed):
        entry, body = AuditEvent.objects.get(id=line.id), AuditBody.objects.get(id=line.id)
    opened = signing.vault().open(keyed, line.id, bytes(body.body))
    assert json.loads(opened[16:]) == {
        "username": "grace.canary",
        "address": "198.51.100.7",
        "agent": "Mozilla/5.0 (canary)",
    }
    assert env_of(entry)["body"] == sha256(opened).hexdigest()
    assert env_of(entry)["ctx"]["addr"] == keyed_digest(keyed, "address", "198.51.100.7")
    for secret in (b"canary", b"198.51.100.7"):
        assert secret not in bytes(entry.env)
        assert secret not in bytes(body.body)


def test_the_same_address_has_another_digest_in_another_workspace(olympus, pluto):
    assert keyed_digest(olympus.id, "address", "10.0.0.1") != keyed_digest(pluto.id, "address", "10.0.0.1")
    assert keyed_digest(olympus.id, "address", "10.0.0.1") != keyed_digest(olympus.id, "agent", "10.0.0.1")


def test_a_decision_is_an_entry_of_its_own_store(olympus):
    line = decision(
        olympus.actor, effect="deny", would_be="permit", reasons=("rule_denied", "clearance"), obligations=("redact",)
    )

    olympus.says(decisions=(line,))

    (entry,) = olympus.entries(Store.DECISION)
    env = env_of(entry)
    assert (entry.id, entry.kind, entry.outcome) == (line.decision_id, "room:message:post", "deny")
    assert env["why"] == ["rule_denied", "clearance"]
    assert env["pol"] == [["policy-set", 3, "ab" * 32]]
    assert env["epo"] == [["subject", 4], ["room", 2]]
    assert (env["would"], env["obl"], env["pdp"], env["us"]) == ("permit", ["redact"], "local", 120)
    assert env["envd"] == "01" * 32


def test_a_reused_lease_is_counted_and_the_recipients_of_a_delivery_are_kept_sealed(olympus):
    line = decision(olympus.actor, hits=40, first_at=timezone.now(), recipients=b"sealed recipients")

    olympus.says(decisions=(line,))

    (entry,) = olympus.entries(Store.DECISION)
    with within(olympus.id):
        body = AuditBody.objects.get(id=entry.id)
    assert env_of(entry)["hits"] == 40
    assert "first" in env_of(entry)
    assert bytes(body.body) == b"sealed recipients"
    assert env_of(entry)["body"] == sha256(b"sealed recipients").hexdigest()


def test_lines_can_be_written_in_a_pipeline(olympus):
    with within(olympus.id), log.collecting() as ledger, connection.connection.pipeline():
        for _ in range(3):
            log.record(Event.MESSAGE_POSTED, olympus.actor)
        log.write(ledger)

    assert len(olympus.entries(Store.COMPLIANCE)) == 3


def test_the_platform_has_a_log_that_no_workspace_sees(olympus):
    with transaction.atomic(), log.collecting() as ledger:
        log.record(Event.SYSTEM_STARTED, log.platform_actor(cause="test"), role="web")
        log.write(ledger)

    assert olympus.entries(Store.SECURITY) == []
    assert AuditEvent.everywhere.using("auditor").filter(workspace_id=None, kind=Event.SYSTEM_STARTED).count() == 1
