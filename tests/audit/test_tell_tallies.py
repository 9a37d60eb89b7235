# ruff: noqa: E501 - statements stand whole
"""What writers say they committed is held against what was sealed: a deletion before the seal comes to light."""

import threading
import time

import pytest
from django.db import connection, connections

from audit import heartbeat, log, writer
from audit.actions import standalone, switch_compliance
from audit.events import Event
from audit.heartbeat import Heartbeat
from audit.writer import Writer
from tenancy.scoping import within
from tests.audit.conftest import sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True)
def _fresh_writer(monkeypatch):
    """A writer as after boot, in a sealer that has run for long enough to judge."""
    monkeypatch.setattr(writer, "_writer", Writer())
    monkeypatch.setattr("audit.tallies.LONGEST_TRANSACTION_SECONDS", 0.0)


def findings(sealer) -> list[str]:
    done = sealer.round()
    return [one.finding for one in done.suspects] if done else []


def test_a_tally_of_what_was_sealed_agrees(olympus, sealer):
    olympus.posts(5)
    olympus.makes_roles(2)
    olympus.decides(3)

    assert heartbeat.beat() == 1
    assert findings(sealer) == []
    assert heartbeat.beat() == 0


def test_a_tally_may_be_sealed_later_than_its_entries(olympus, sealer):
    olympus.posts(5)
    assert findings(sealer) == []

    heartbeat.beat()

    assert findings(sealer) == []


def test_an_entry_deleted_before_its_seal_is_missed(olympus, sealer, hand):
    olympus.posts(5)
    hand.does("delete from audit_event where id = (select id from audit_event limit 1)")

    heartbeat.beat()

    assert findings(sealer) == ["entries_missing"]


def test_an_entry_exchanged_before_its_seal_is_missed(olympus, sealer, hand):
    olympus.posts(5)
    hand.does("delete from audit_event where id = (select id from audit_event limit 1)")
    heartbeat.beat()
    hand.does(
        "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, epoch, pg_current_xact_id(), at, kind, outcome,"
        " actor_id, target_type, target_id, room_id, request_id, env, mac from audit_event where kind = 'room:message:posted' limit 1"
    )

    assert sorted(findings(sealer)) == ["entries_missing", "replayed"]


def test_a_deleted_tally_is_missed_by_the_next(olympus, sealer, hand):
    olympus.posts(1)
    heartbeat.beat()
    assert findings(sealer) == []
    olympus.posts(1)
    heartbeat.beat()
    hand.does(
        "delete from audit_event where kind = 'system:writer:tallied' and xid >= (select max(hi) from audit_round)"
    )
    assert findings(sealer) == []

    olympus.posts(1)
    heartbeat.beat()

    assert "tally_missing" in findings(sealer)


def test_what_was_rolled_back_is_not_counted(olympus, sealer):
    class Undone(Exception):
        pass

    with pytest.raises(Undone), within(olympus.id), log.collecting() as ledger:  # noqa: PT012
        log.record(Event.CONSOLE_ENTERED, olympus.actor)
        log.write(ledger)
        raise Undone
    olympus.posts(1)

    assert [count.rows for _, count in writer.present().untold()] == [1]
    heartbeat.beat()
    assert findings(sealer) == []


def test_entries_for_a_closed_store_are_not_counted(olympus, sealer):
    with standalone(olympus.id):
        switch_compliance(olympus.actor, entitled=False)
    olympus.posts(4)
    olympus.makes_roles(2)

    heartbeat.beat()

    assert findings(sealer) == []


def test_entries_written_in_a_pipeline_are_counted(olympus, sealer):
    with within(olympus.id), log.collecting() as ledger, connection.connection.pipeline():
        log.record(Event.MESSAGE_POSTED, olympus.actor)
        log.write(ledger)

    assert [count.rows for _, count in writer.present().untold()] == [1]
    heartbeat.beat()
    assert findings(sealer) == []


def test_an_entry_that_commits_after_its_tally_is_told_later(olympus, sealer):
    started, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with within(olympus.id), log.collecting() as ledger:
            log.record(Event.MESSAGE_POSTED, olympus.actor)
            log.write(ledger)
            started.set()
            go_on.wait(10)
        connections["default"].close()

    thread = threading.Thread(target=slow)
    thread.start()
    started.wait(10)
    olympus.posts(2)
    heartbeat.beat()
    go_on.set()
    thread.join()
    assert findings(sealer) == []

    heartbeat.beat()

    assert findings(sealer) == []


def test_a_young_sealer_does_not_judge_what_began_before_it(olympus, sealer, monkeypatch):
    olympus.posts(3)
    sealed(sealer)
    connections["sealer"].close()
    monkeypatch.setattr("audit.tallies.LONGEST_TRANSACTION_SECONDS", 65.0)
    sealer.begin()
    olympus.posts(1)

    heartbeat.beat()

    assert findings(sealer) == []


def test_the_heartbeat_tells_the_rest_when_it_stops(olympus, sealer, monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.05)
    pulse = Heartbeat()
    pulse.start()
    olympus.posts(2)
    deadline = time.monotonic() + 10
    while writer.present().untold() and time.monotonic() < deadline:
        time.sleep(0.02)
    olympus.posts(1)
    pulse.stop()

    assert findings(sealer) == []
    with connections["auditor"].cursor() as cursor:
        cursor.execute("select env from audit_event where kind = 'system:writer:tallied' order by xid")
        last = bytes(cursor.fetchall()[-1][0])
    assert b'"closed":true' in last


def test_a_forked_process_is_another_writer():
    before = writer.present().name

    writer._after_fork()

    assert writer.present().name != before
