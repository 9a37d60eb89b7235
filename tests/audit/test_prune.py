# ruff: noqa: E501, ISC004, S608 - statements stand whole
"""A pruned log goes on being verifiable, and pruning in silence or too far is found."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from audit import prune
from audit.actions import announce_pruning, standalone, switch_compliance
from audit.kinds import Store
from audit.verify import verify
from tenancy.errors import Conflict, NotFound
from tests.audit.conftest import Place, sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def history(olympus, sealer) -> Place:
    for _ in range(6):
        olympus.posts(4)
        olympus.makes_roles(2)
        olympus.decides(2)
        sealed(sealer)
    return olympus


def announce(place: Place, store: Store, seal: int) -> None:
    with standalone(place.id):
        announce_pruning(place.actor, store=store, seal=seal, rule="days:30")


def pruned(place: Place, sealer, store: Store, seal: int) -> prune.Pruned:
    announce(place, store, seal)
    sealed(sealer)
    done = prune.execute(place.id, store, seal, rule="days:30")
    connections["pruner"].close()
    return done


def test_a_log_pruned_twice_verifies_and_goes_on(history, sealer, findings):
    first = pruned(history, sealer, Store.COMPLIANCE, 2)
    history.posts(3)
    sealed(sealer)
    second = pruned(history, sealer, Store.COMPLIANCE, 4)
    pruned(history, sealer, Store.DECISION, 3)
    pruned(history, sealer, Store.SECURITY, 5)
    history.makes_roles(1)
    sealed(sealer)

    report = verify()

    assert report.findings == []
    assert (first.entries, first.begins) == (12, 12)
    assert (second.entries, second.begins) == (12, 24)
    begins = {one.name.store: (one.begins, one.edge_seal) for one in report.walked}
    assert begins == {"compliance": (24, 4), "decision": (6, 3), "security": (10, 5)}


def test_pruning_takes_the_personal_parts_too(history, sealer, hand):
    (victim,) = hand.sees("select id from audit_event where store = 'compliance' order by xid, id limit 1")[0]
    hand.connection.execute(
        "insert into audit_pii (id, workspace_id, store, body) values (%s, %s, 'compliance', 'x')", [victim, history.id]
    )

    pruned(history, sealer, Store.COMPLIANCE, 1)

    assert hand.sees("select count(*) from audit_pii") == [(0,)]


def test_nothing_is_pruned_before_the_announcement_is_sealed(history, sealer):
    with pytest.raises(Conflict):
        prune.execute(history.id, Store.COMPLIANCE, 2, rule="days:30")
    announce(history, Store.COMPLIANCE, 2)
    with pytest.raises(Conflict):
        prune.execute(history.id, Store.COMPLIANCE, 2, rule="days:30")
    with pytest.raises(Conflict):
        prune.execute(history.id, Store.DECISION, 2, rule="days:30")

    assert len(history.entries(Store.COMPLIANCE)) == 37


def test_an_unknown_seal_cannot_be_announced(history):
    with pytest.raises(NotFound):
        announce(history, Store.COMPLIANCE, 99)


def test_the_pruner_cannot_delete_what_lies_behind_the_boundary(history, sealer):
    pruned(history, sealer, Store.COMPLIANCE, 2)

    with transaction.atomic(using="pruner"), connections["pruner"].cursor() as cursor:
        cursor.execute("delete from audit_event")
        assert cursor.rowcount == 0
        cursor.execute("delete from audit_seal")
        assert cursor.rowcount == 0
    connections["pruner"].close()


def test_the_pruner_cannot_change_or_forge(history):
    for statement in (
        "update audit_event set kind = 'x'",
        "update audit_boundary set n = 5",
        "delete from audit_round",
        "insert into audit_seal select * from audit_seal",
        "truncate audit_event",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(using="pruner"), connections["pruner"].cursor() as cursor:
            cursor.execute(statement)
    connections["pruner"].close()


def test_a_break_in_the_middle_is_made_good_by_running_again(history, sealer, monkeypatch, findings):
    monkeypatch.setattr("audit.prune.BATCH", 5)
    announce(history, Store.COMPLIANCE, 3)
    sealed(sealer)
    batches = iter([5])

    def breaks(*arguments: object) -> int:
        if next(batches, None) is None:
            raise ConnectionError
        return take(*arguments)

    take = prune._take_batch
    with monkeypatch.context() as broken, pytest.raises(ConnectionError):  # noqa: PT012
        broken.setattr("audit.prune._take_batch", breaks)
        prune.execute(history.id, Store.COMPLIANCE, 3, rule="days:30")
    assert findings() == ["olympus, compliance, seal 3, entry 0: there are entries before the pruning boundary"]

    done = prune.execute(history.id, Store.COMPLIANCE, 3, rule="days:30")
    connections["pruner"].close()

    assert done.entries == 13
    assert findings() == []


BOUNDARY = {
    "another tree": (
        "update audit_boundary set frontier = set_byte(frontier, 3, get_byte(frontier, 3) # 1)",
        "olympus, compliance, seal 2, entry 12: the tree at the pruning boundary is not the sealed one",
    ),
    "a later edge": (
        "update audit_boundary b set n = s.n, size = s.size_to, hi = s.hi, frontier = s.frontier from audit_seal s"
        " where s.log_id = b.log_id and s.n = 3",
        "olympus, compliance, seal 3, entry 0: there are entries before the pruning boundary",
    ),
    "no boundary": (
        "delete from audit_boundary",
        "olympus, compliance, seal 1, entry 0: the seal is missing",
    ),
    "no seal at the edge": (
        "delete from audit_seal s using audit_boundary b where s.log_id = b.log_id and s.n = b.n",
        "olympus, compliance, seal 2, entry 12: the seal at the pruning boundary is missing",
    ),
    "an entry behind the edge taken too": (
        "delete from audit_event where id = (select id from audit_event where store = 'compliance' order by xid, id limit 1)",
        "olympus, compliance, seal 3, entry 12: the entry is not the sealed one",
    ),
}


@pytest.mark.parametrize("changed", BOUNDARY)
def test_a_changed_boundary_is_found(history, sealer, hand, findings, changed):
    pruned(history, sealer, Store.COMPLIANCE, 2)
    statement, expected = BOUNDARY[changed]

    assert hand.does(statement) == 1

    assert expected in findings()


def test_pruning_further_than_announced_is_found(history, sealer, hand, findings):
    pruned(history, sealer, Store.COMPLIANCE, 2)
    ours = "log_id = (select id from audit_log where store = 'compliance')"
    hand.does(f"delete from audit_event where {ours} and xid < (select hi from audit_seal where {ours} and n = 4)")
    hand.does(f"delete from audit_tile where {ours} and n <= 4")
    hand.does(f"delete from audit_seal where {ours} and n < 4")
    hand.does(
        "update audit_boundary b set n = s.n, size = s.size_to, hi = s.hi, frontier = s.frontier from audit_seal s"
        " where s.log_id = b.log_id and s.n = 4"
    )

    assert findings() == [
        "olympus, compliance, seal 4, entry 24: it was pruned up to here, but nobody announced it",
    ]


def test_a_closed_compliance_store_takes_no_entries_and_explains_its_gap(history, sealer, findings):
    before = len(history.entries(Store.COMPLIANCE))
    with standalone(history.id):
        switch_compliance(history.actor, entitled=False)
    history.posts(3)
    history.makes_roles(2)
    sealed(sealer)

    assert len(history.entries(Store.COMPLIANCE)) == before
    assert findings() == []
    with standalone(history.id):
        switch_compliance(history.actor, entitled=True)
    history.makes_roles(1)
    sealed(sealer)
    assert len(history.entries(Store.COMPLIANCE)) == before + 2
    assert findings() == []


def test_a_store_is_not_closed_twice(history):
    with standalone(history.id):
        switch_compliance(history.actor, entitled=False)

    with pytest.raises(Conflict), standalone(history.id):
        switch_compliance(history.actor, entitled=False)


def test_the_announcement_remembers_a_closed_store_when_its_closing_is_pruned(history, sealer, findings, time_machine):
    now = timezone.now()
    time_machine.move_to(now + timedelta(hours=1))
    with standalone(history.id):
        switch_compliance(history.actor, entitled=False)
    sealed(sealer)
    time_machine.move_to(now + timedelta(hours=2))
    history.makes_roles(2)
    sealed(sealer)

    pruned(history, sealer, Store.SECURITY, 7)

    assert findings() == []


def test_the_command_announces_waits_and_prunes(history, sealer, time_machine, monkeypatch):
    time_machine.move_to(timezone.now() + timedelta(days=40))
    monkeypatch.setattr(
        "audit.management.commands.prune_audit.Command._wait", lambda _self, done: (sealed(sealer), done())
    )
    out = StringIO()

    call_command("prune_audit", workspace="olympus", store="compliance", days=30, stdout=out)

    connections["pruner"].close()
    assert out.getvalue() == "36 entries pruned; the log begins at entry 36\n"
    assert verify().findings == []


def test_the_command_names_what_is_wrong(history):
    with pytest.raises(CommandError):
        call_command("prune_audit", workspace="nowhere", store="compliance", days=30)
    with pytest.raises(CommandError, match="No seal of this log is that old"):
        call_command("prune_audit", workspace="olympus", store="compliance", days=30)
    connections["pruner"].close()
