# ruff: noqa: E501, ISC004, S608 - statements stand whole
"""A workspace reads its log: personal parts against their commitment, proofs against the signed root."""

from uuid import UUID

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from audit import access, log, merkle, notes, prune
from audit.actions import announce_pruning, standalone, switch_compliance
from audit.entries import log_id
from audit.events import Event
from audit.kinds import Store
from audit.models import AuditEvent, AuditSeal
from lifecycle.actions import create_workspace, newborn_actor
from tenancy.actor import Actor, Environment, Subject, SubjectKind, new_id
from tenancy.errors import NotFound
from tenancy.scoping import within
from tests.audit.conftest import decision, sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def failed_login(transactional_db):
    """An entry with a personal part, in a workspace that has keys."""
    workspace = create_workspace(newborn_actor(cause="test"), slug="keyed", name="Keyed", owner="ada")
    here = Environment(address="198.51.100.7")
    actor = Actor(workspace.id, Subject(new_id(), SubjectKind.ANONYMOUS), here)
    with within(workspace.id), log.collecting() as ledger:
        line = log.record(Event.LOGIN_FAILED, actor, outcome="refused", username="grace")
        log.write(ledger)
    with within(workspace.id):
        return access.read_entry(line.id)


def test_a_personal_part_is_opened_against_its_commitment(failed_login):
    with within(failed_login.workspace_id):
        assert access.open_body(failed_login) == {"username": "grace", "address": "198.51.100.7"}


def test_an_erased_personal_part_is_gone_and_the_entry_stays(failed_login, sealer, findings):
    assert prune.erase([failed_login.id]) == 1
    with within(failed_login.workspace_id), log.collecting() as ledger:
        eraser = Actor(failed_login.workspace_id, Subject(new_id(), SubjectKind.SYSTEM), Environment())
        log.record(Event.AUDIT_ERASED, eraser, bodies=1, entries=[failed_login.id])
        log.write(ledger)
    sealed(sealer)

    with within(failed_login.workspace_id):
        assert access.open_body(failed_login) is None
        assert access.evidence_of(failed_login)["k"] == "auth:login:failed"
    assert findings() == []


def written(workspace_id: UUID, store: Store) -> UUID:
    """A line with a person's words, in both stores where the compliance store is open; the entry in this one."""
    system = Actor(workspace_id, Subject(new_id(), SubjectKind.SYSTEM), Environment())
    with within(workspace_id), log.collecting() as ledger:
        log.record(Event.ROLE_CREATED, system, role_id=new_id(), flags=["users:manage"], reason="for the launch")
        log.write(ledger)
    with within(workspace_id):
        return AuditEvent.objects.filter(store=store, kind=Event.ROLE_CREATED).latest("at", "id").id


def security_pruned(workspace_id: UUID, sealer, *, behind: str) -> None:
    """Take away the security log up to the seal that covers the last event of this kind."""
    sealed(sealer)
    system = Actor(workspace_id, Subject(new_id(), SubjectKind.SYSTEM), Environment())
    with within(workspace_id):
        seal = AuditSeal.objects.filter(log_id=log_id(workspace_id, Store.SECURITY)).latest("n").n
        assert AuditEvent.objects.filter(store=Store.SECURITY, kind=behind).exists()
    with standalone(workspace_id):
        announce_pruning(system, store=Store.SECURITY, seal=seal, rule="days:30")
    sealed(sealer)
    prune.execute(workspace_id, Store.SECURITY, seal, rule="days:30")
    connections["pruner"].close()
    with within(workspace_id):
        assert not AuditEvent.objects.filter(store=Store.SECURITY, kind=behind).exists()


def test_an_erasure_whose_only_line_was_pruned_is_not_taken_for_a_theft(failed_login, sealer, findings):
    """While the compliance store was closed, the erasure was told to the security log alone."""
    keyed = failed_login.workspace_id
    system = Actor(keyed, Subject(new_id(), SubjectKind.SYSTEM), Environment())
    entry = written(keyed, Store.COMPLIANCE)
    with standalone(keyed):
        switch_compliance(system, entitled=False)
    prune.erase([entry])
    with standalone(keyed):
        log.record(Event.AUDIT_ERASED, system, bodies=1, entries=[entry])
    with standalone(keyed):
        switch_compliance(system, entitled=True)

    security_pruned(keyed, sealer, behind=Event.AUDIT_ERASED)

    assert findings() == []


def test_a_theft_is_found_behind_the_edge_of_the_security_log_too(failed_login, sealer, findings):
    """The compliance store was open all the time: an erasure would be told there."""
    keyed = failed_login.workspace_id
    entry = written(keyed, Store.COMPLIANCE)
    prune.erase([entry])

    security_pruned(keyed, sealer, behind=Event.ROLE_CREATED)

    assert findings() == [
        f"keyed, compliance: the personal part of entry {entry} is missing, and no line says that it was erased"
    ]


def test_a_personal_part_that_is_gone_unsaid_is_found(failed_login, sealer, findings):
    sealed(sealer)
    prune.erase([failed_login.id])

    expected = [
        f"keyed, security: the personal part of entry {failed_login.id} is missing, and no line says that it was erased"
    ]

    assert findings() == expected
    assert findings(workspace_id=failed_login.workspace_id) == expected


@pytest.mark.parametrize("place", ["length(body) - 1", "0", "length(body) / 2"])
def test_a_personal_part_with_a_flipped_bit_is_found(failed_login, sealer, hand, findings, place):
    sealed(sealer)
    assert findings() == []
    hand.connection.execute("alter table audit_pii disable trigger append_only")
    hand.connection.execute(
        f"update audit_pii set body = set_byte(body, {place}, get_byte(body, {place}) # 1) where id = %s",
        [failed_login.id],
    )
    hand.connection.execute("alter table audit_pii enable always trigger append_only")

    assert findings() == [
        f"keyed, security: the personal part of entry {failed_login.id} is not the one that was written"
    ]


def test_changed_recipients_are_found(olympus, sealer, hand, findings):
    olympus.says(decisions=(decision(olympus.actor, recipients=b"sealed recipients"),))
    sealed(sealer)
    assert findings() == []
    hand.connection.execute("alter table audit_pii disable trigger append_only")
    hand.connection.execute("update audit_pii set body = 'others'")
    hand.connection.execute("alter table audit_pii enable always trigger append_only")

    (found,) = findings()

    assert found.startswith("olympus, decision: the personal part of entry ")


def test_a_personal_part_that_was_changed_is_not_shown(failed_login, hand):
    hand.connection.execute("alter table audit_pii disable trigger append_only")
    hand.connection.execute(
        "update audit_pii set body = set_byte(body, length(body) - 1, get_byte(body, length(body) - 1) # 1) where id = %s",
        [failed_login.id],
    )
    hand.connection.execute("alter table audit_pii enable always trigger append_only")

    with within(failed_login.workspace_id), pytest.raises(Exception):  # noqa: B017 - whatever the vault says
        access.open_body(failed_login)


def test_recipients_that_were_changed_are_not_shown(olympus, hand):
    olympus.says(decisions=(decision(olympus.actor, recipients=b"sealed recipients"),))
    (entry,) = olympus.entries(Store.DECISION)
    with within(olympus.id):
        assert access.sealed_recipients(entry) == b"sealed recipients"

    hand.connection.execute("alter table audit_pii disable trigger append_only")
    hand.connection.execute("update audit_pii set body = 'others'")
    hand.connection.execute("alter table audit_pii enable always trigger append_only")

    with within(olympus.id), pytest.raises(access.BodyChanged):
        access.sealed_recipients(entry)


def test_every_sealed_entry_is_proved_to_be_in_the_signed_tree(olympus, sealer):
    for count in (5, 3, 7):
        olympus.posts(count)
        sealed(sealer)

    with within(olympus.id):
        for position, entry in enumerate(sorted(olympus.entries(Store.COMPLIANCE), key=lambda one: (one.xid, one.id))):
            proof = access.prove(entry)
            checkpoint = notes.parse_checkpoint(notes.parse(proof.checkpoint).text)
            root = merkle.root_from_inclusion(merkle.leaf_hash(proof.entry), proof.index, proof.size, proof.path)
            assert (proof.index, root) == (position, checkpoint.root)


def test_an_entry_that_is_not_sealed_has_no_proof(olympus):
    olympus.posts(1)
    (entry,) = olympus.entries(Store.COMPLIANCE)

    with within(olympus.id), pytest.raises(NotFound):
        access.prove(entry)


def test_the_state_of_the_stores_is_shown_to_the_workspace_alone(olympus, pluto, sealer):
    olympus.makes_roles(2)
    pluto.posts(1)
    sealed(sealer)

    with within(olympus.id):
        states = access.states()

    assert [(one.store, one.entries, one.seal, one.begins) for one in states] == [
        ("compliance", 2, 1, 0),
        ("security", 2, 1, 0),
    ]
    (foreign, *_) = olympus.entries(Store.SECURITY)
    with within(pluto.id), pytest.raises(NotFound):
        access.read_entry(foreign.id)


@given(st.integers(0, 40), st.integers(1, 20), st.data())
def test_a_proof_from_the_frontier_is_the_proof_from_all_leaves(before, since, data):
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(before + since)]
    frontier, size = merkle.append([], 0, leaves[:before])
    index = data.draw(st.integers(before, before + since - 1))

    assert merkle.inclusion_proof_after(frontier, size, leaves[before:], index) == merkle.inclusion_proof(leaves, index)


PERSONAL = {
    "its workspace": ("update audit_pii set workspace_id = null", "stands under another workspace or store"),
    "its store": ("update audit_pii set store = 'decision'", "stands under another workspace or store"),
    "one more": (
        "insert into audit_pii (id, workspace_id, store, body)"
        " select gen_random_uuid(), workspace_id, store, body from audit_pii",
        "belongs to no entry: it was added, or its entry is gone",
    ),
}


@pytest.mark.parametrize("changed", PERSONAL)
def test_a_personal_part_moved_or_added_is_found(failed_login, sealer, hand, findings, changed):
    statement, expected = PERSONAL[changed]
    sealed(sealer)
    assert findings() == []

    assert hand.does(statement) == 1

    (found,) = findings()
    assert "the personal part " in found
    assert found.endswith(expected)
