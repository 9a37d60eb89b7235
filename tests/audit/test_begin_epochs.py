# ruff: noqa: E501 - statements stand whole
"""A restored copy goes on in a new epoch, as a stated act, and verifies across it."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from audit import epochs, partitions
from audit.actions import note_lost_tail, standalone
from audit.events import Event
from audit.kinds import Store
from audit.sealer import END, MustBeginAnew, Sealer
from audit.verify import verify
from policy import notices, pep
from tenancy.actor import new_id
from tests.audit.conftest import sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

GUARD = "alter table audit_cluster {} trigger append_only"


@pytest.fixture
def elsewhere(olympus, sealer, hand):
    """The log as a restored copy holds it: written in another cluster, whose transaction ids were higher."""
    for _ in range(3):
        olympus.posts(4)
        sealed(sealer)
    connections["sealer"].close()
    hand.connection.execute(GUARD.format("disable"))
    hand.connection.execute("update audit_cluster set system_identifier = system_identifier + 1")
    hand.connection.execute(GUARD.format("enable always"))
    epochs.forget()
    yield olympus
    hand.connection.execute(GUARD.format("disable"))
    hand.connection.execute("delete from audit_cluster where epoch > 1")
    hand.connection.execute("update audit_cluster set system_identifier = (pg_control_system()).system_identifier")
    hand.connection.execute(GUARD.format("enable always"))
    epochs.forget()


def restarted() -> Sealer:
    connections["sealer"].close()
    successor = Sealer()
    successor.begin()
    return successor


def forget_epochs(hand) -> None:
    connections["sealer"].close()
    hand.connection.execute(GUARD.format("disable"))
    hand.connection.execute("delete from audit_cluster where epoch > 1")
    hand.connection.execute(GUARD.format("enable always"))
    epochs.forget()


def test_neither_writer_nor_sealer_goes_on_in_the_old_numbers(elsewhere):
    with pytest.raises(epochs.OtherCluster) as refused:
        elsewhere.posts(1)
    with pytest.raises(epochs.OtherCluster):
        Sealer().begin()
    with pytest.raises(CommandError, match="another database cluster"):
        call_command("sealer", interval=0.01)

    assert "audit_epoch" in refused.value.remedy
    assert len(elsewhere.entries(Store.COMPLIANCE)) == 12


def test_what_is_noticed_in_a_restored_copy_hides_no_error_and_waits(elsewhere):
    for _ in range(3):
        data = {"record": "body", "record_id": new_id()}
        notices.leave(notices.Notice(elsewhere.id, Event.SEAL_BROKEN, "seal", new_id(), None, data))

    with pytest.raises(ZeroDivisionError), pep.unit(elsewhere.id):
        raise ZeroDivisionError
    with pep.unit(elsewhere.id):
        pass

    assert len(notices.take(elsewhere.id)) == 3
    assert elsewhere.entries(Store.SECURITY) == []


def test_after_a_new_epoch_the_log_goes_on_and_verifies(elsewhere):
    call_command("audit_epoch", reason="restored from backup", stdout=StringIO())
    elsewhere.posts(2)
    with standalone(elsewhere.id):
        note_lost_tail(elsewhere.actor, store=Store.COMPLIANCE, known_size=20)
    sealer = Sealer()
    sealer.begin()
    done = sealed(sealer)
    connections["sealer"].close()

    report = verify()

    assert report.findings == []
    assert sealer.epoch == 2
    assert done.rows == 5
    assert "window 2 0 " in done.note


def test_what_was_not_sealed_yet_when_the_copy_was_made_is_sealed_in_its_own_epoch_and_told(olympus, sealer, hand):
    olympus.posts(4)
    sealed(sealer)
    olympus.posts(3)
    epochs.begin_next("restored")
    olympus.posts(2)
    successor = restarted()
    try:
        rounds = [sealed(successor)]
        while rounds[-1].more:
            rounds.append(sealed(successor))

        assert verify().findings == []
        assert f"window 1 {sealer.last.hi} {END}" in rounds[0].note
        assert rounds[0].rows == 3
        assert [one.finding for one in rounds[0].suspects] == ["late"]
        assert rounds[1].suspects == ()
        assert "window 2 0 " in rounds[-1].note
        assert successor.epoch == 2
    finally:
        forget_epochs(hand)


def test_nothing_can_be_added_behind_the_last_seal_of_an_epoch_that_is_over(olympus, sealer, hand):
    olympus.posts(2)
    sealed(sealer)
    olympus.posts(1)
    epochs.begin_next("restored")
    olympus.posts(1)
    successor = restarted()
    try:
        while sealed(successor).more:
            continue
        hand.does(
            "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, 1, '999999999', at, kind, outcome, actor_id,"
            " target_type, target_id, room_id, request_id, env, mac from audit_event where epoch = 1 limit 1"
        )

        assert [one for one in verify().findings if "added later" in str(one)]
    finally:
        forget_epochs(hand)


def test_an_entry_added_to_a_past_epoch_is_found(elsewhere, hand, findings):
    epochs.begin_next("restored")
    elsewhere.posts(2)
    sealer = Sealer()
    sealer.begin()
    sealed(sealer)
    connections["sealer"].close()

    hand.does(
        "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, 1, '999999999', at, kind, outcome, actor_id,"
        " target_type, target_id, room_id, request_id, env, mac from audit_event limit 1"
    )

    assert findings() == [
        "olympus, compliance, seal 4, entry 12: an entry lies outside every window: it was added later"
    ]


def test_a_running_sealer_notices_a_new_epoch(olympus, sealer, hand):
    epochs.begin_next("promoted")
    try:
        with pytest.raises(MustBeginAnew):
            sealer.round()
    finally:
        connections["sealer"].close()
        hand.connection.execute(GUARD.format("disable"))
        hand.connection.execute("delete from audit_cluster where epoch > 1")
        hand.connection.execute(GUARD.format("enable always"))
        epochs.forget()


def test_the_first_epoch_begins_once(olympus):
    epochs.begin_first()

    assert epochs.checked() == 1


def test_partitions_are_made_ahead_once_and_empty_ones_are_dropped(olympus, hand):
    far = date(2031, 5, 1)
    made = ["audit_event_20310501", "audit_event_20310502"]

    assert partitions.ensure(today=far, days=1) == made
    assert partitions.ensure(today=far, days=1) == []
    assert hand.sees(
        "select count(*) from pg_trigger where tgrelid = 'audit_event_20310501'::regclass and tgenabled = 'A'"
    ) == [(2,)]
    assert partitions.drop_empty(before=date(2031, 5, 3), after=date(2031, 4, 30)) == made
    assert partitions.drop_empty(before=date(2031, 5, 3), after=date(2031, 4, 30)) == []


def test_a_partition_with_entries_is_not_dropped(olympus):
    today = timezone.now().date()
    olympus.posts(1)

    dropped = partitions.drop_empty(before=today + timedelta(days=1), after=today - timedelta(days=1))

    assert dropped == []


def test_an_entry_on_a_day_without_a_partition_falls_into_the_net(olympus, sealer, hand, time_machine):
    late = timezone.now() + timedelta(days=400)
    time_machine.move_to(late)

    olympus.posts(2)
    sealed(sealer)

    assert partitions.ensure(today=late.date(), days=0) == []
    assert hand.sees("select count(*) from audit_event_default") == [(2,)]
    assert verify().findings == []
