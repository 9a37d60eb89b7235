# ruff: noqa: E501, PT012 - statements stand whole, dice only delay
"""Sealing covers exactly what was committed, whoever else writes, seals or dies meanwhile."""

import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from audit import health, log, merkle, notes
from audit.actions import standalone
from audit.events import Event
from audit.log import PLATFORM, platform_actor
from audit.sealer import AnotherSeals, Sealer
from audit.verify import verify
from tenancy.scoping import within
from tests import boot
from tests.audit.conftest import sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

MANAGE = Path(boot.__file__).resolve().parent.parent / "manage.py"


class Undone(Exception):
    """What makes a writer roll back."""


def sealed_rows() -> int:
    return sum(one.size for one in verify().walked)


def test_a_round_signs_the_size_and_root_of_every_log(olympus, pluto, sealer):
    olympus.makes_roles(3)
    pluto.posts(2)

    done = sealed(sealer)

    assert (done.rows, done.logs, done.more, done.suspects) == (8, 3, False, ())
    report = verify()
    assert report.intact
    sizes = {(one.name.workspace, one.name.store): (one.size, one.seals) for one in report.walked}
    assert sizes == {
        ("olympus", "security"): (3, 1),
        ("olympus", "compliance"): (3, 1),
        ("pluto", "compliance"): (2, 1),
    }
    checkpoint = notes.parse_checkpoint(notes.parse(done.note).text)
    assert checkpoint.size == 3
    assert checkpoint.origin.endswith("/audit/rounds")


def test_nothing_new_makes_no_round_before_the_idle_seal_is_due(olympus, sealer, time_machine):
    olympus.posts(1)
    time_machine.move_to(timezone.now())
    sealed(sealer)

    assert sealer.round() is None
    time_machine.shift(59)
    assert sealer.round() is None
    time_machine.shift(2)
    idle = sealed(sealer)

    assert (idle.rows, idle.logs) == (0, 0)
    assert verify().intact


def test_an_open_transaction_holds_the_window_back_and_nothing_is_lost(olympus, sealer):
    with boot.owner() as slow:
        with slow.transaction():
            slow.execute("select pg_current_xact_id()")
            olympus.posts(3)
            held = sealer.round()
        olympus.posts(1)

    assert held is None or held.rows == 0
    assert sealed(sealer).rows == 4


def test_an_entry_that_commits_late_and_was_not_written_by_us_is_sealed_and_told(olympus, sealer):
    with boot.admin(boot.DATABASE) as late, late.transaction():
        late.execute("select pg_current_xact_id()")
        late.execute(
            "insert into audit_event (id, workspace_id, log_id, store, epoch, at, kind, outcome, actor_id, target_type, request_id, env, mac)"
            " select gen_random_uuid(), null, gen_random_uuid(), 'security', 1, now(), '', '', gen_random_uuid(), '', gen_random_uuid(), '{}', %s",
            [b"\0" * 16],
        )
        olympus.posts(5)
        early = sealer.round()

    assert early is None or early.rows == 0
    done = sealed(sealer)
    assert done.rows == 5
    assert [one.finding for one in done.suspects] == ["mac"]


def test_an_entry_in_the_log_of_another_workspace_is_set_aside_and_that_log_is_still_sealed(
    olympus, pluto, sealer, hand
):
    pluto.posts(2)
    hand.does(
        "insert into audit_event select gen_random_uuid(), %s, log_id, store, epoch, pg_current_xact_id(), at, kind, outcome, actor_id,"
        " target_type, target_id, room_id, request_id, '{\"hello\":1}', mac from audit_event order by xid, id limit 1",
        olympus.id,
    )
    pluto.posts(1)

    done = sealed(sealer)

    assert done.rows == 3
    assert [(one.workspace_id, one.finding) for one in done.suspects] == [(olympus.id, "mac")]
    report = verify()
    assert [str(one) for one in report.findings] == [
        "pluto, compliance, seal 1, entry 0: an entry that names another log stands here; it was never sealed"
    ]
    assert [(one.name.workspace, one.size) for one in report.walked] == [("pluto", 3)]


def test_an_entry_of_an_unknown_log_gets_no_seal_of_the_workspace_that_it_names(olympus, sealer, hand, findings):
    olympus.posts(2)
    hand.does("update audit_event set log_id = gen_random_uuid()")
    olympus.makes_roles(1)

    done = sealed(sealer)

    assert (done.rows, done.logs) == (2, 2)
    assert [one.finding for one in done.suspects] == ["moved", "moved"]
    assert [one.split(" log ")[0] for one in findings()] == [
        "all workspaces, rounds: there are entries of the unknown"
    ] * 2


@pytest.mark.slow
def test_exactly_what_was_committed_is_sealed_under_writers_that_wait_and_roll_back(olympus, sealer):
    committed = [0] * 4
    over = threading.Event()

    def write(number: int) -> None:
        dice = random.Random(number)
        while not over.is_set():
            with suppress(Undone), within(olympus.id), log.collecting() as ledger:
                count = dice.randint(1, 6)
                for _ in range(count):
                    log.record(Event.MESSAGE_POSTED, olympus.actor)
                time.sleep(dice.random() * 0.01)
                log.write(ledger)
                time.sleep(dice.random() * 0.01)
                if dice.random() < 0.3:
                    raise Undone
                committed[number] += count
        connections["default"].close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    rows = rounds = 0
    by_id: list[UUID] = [UUID(int=0)]
    end = time.monotonic() + 4
    while time.monotonic() < end:
        done = sealer.round()
        rows, rounds = rows + (done.rows if done else 0), rounds + 1
        by_id += ids_after(by_id[-1])
    over.set()
    for writer in writers:
        writer.join()
    done = sealer.round()
    rows += done.rows if done else 0

    by_id += ids_after(by_id[-1])
    assert rows == sum(committed) > 100
    assert len(by_id) - 1 < rows, "paging by id lost nothing this time"
    assert rounds > 20
    assert verify().intact
    assert sealed_rows() == rows


def test_a_second_sealer_stands_by_until_the_first_ends(olympus, sealer):
    second = Sealer()
    raised: list[type] = []

    def compete() -> None:
        try:
            second.begin()
        except AnotherSeals:
            raised.append(AnotherSeals)
        finally:
            connections["sealer"].close()

    thread = threading.Thread(target=compete)
    thread.start()
    thread.join()
    assert raised == [AnotherSeals]

    olympus.posts(1)
    sealed(sealer)
    connections["sealer"].close()
    second.begin()
    olympus.posts(1)
    assert sealed(second).rows == 1
    assert verify().intact


def test_two_sealers_without_the_lock_cannot_both_seal_a_window(olympus, sealer):
    olympus.posts(2)
    blind = Sealer()
    blind.epoch = blind.present = sealer.epoch
    blind.last, blind.heads = sealer.last, dict(sealer.heads)
    sealed(sealer)
    olympus.posts(1)

    with pytest.raises(DatabaseError):
        blind.round()

    assert sealed(sealer).rows == 1
    assert verify().intact


def test_a_failed_round_leaves_nothing_behind(olympus, sealer, monkeypatch):
    olympus.posts(2)

    def fail(*_: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as broken, pytest.raises(DatabaseError):
        broken.setattr("audit.draft.Draft.write", fail)
        sealer.round()

    assert sealed(sealer).rows == 2
    assert verify().intact


def test_a_large_backlog_is_sealed_in_several_rounds_and_a_transaction_is_never_split(olympus):
    sealer = Sealer(rows_a_round=10)
    sealer.begin()
    for _ in range(5):
        olympus.posts(4)
    olympus.posts(25)

    rounds = []
    while (done := sealer.round()) is not None:
        rounds.append((done.rows, done.more))
    connections["sealer"].close()

    assert sum(rows for rows, _ in rounds) == 45
    assert len(rounds) > 2
    assert 25 in [rows for rows, _ in rounds]
    assert verify().intact


def test_more_leaves_than_a_tile_holds_are_kept_in_several(olympus, sealer, monkeypatch):
    monkeypatch.setattr("audit.draft.TILE", 4)

    olympus.posts(10)
    sealed(sealer)

    with connections["auditor"].cursor() as cursor:
        cursor.execute("select part, length(leaves) / 32 from audit_tile order by part")
        assert cursor.fetchall() == [(0, 4), (1, 4), (2, 2)]
    assert verify().intact


def test_a_new_sealer_goes_on_where_the_last_one_stopped(olympus, sealer):
    olympus.posts(3)
    sealed(sealer)
    connections["sealer"].close()

    successor = Sealer()
    successor.begin()
    olympus.posts(2)
    done = sealed(successor)

    assert done.n == 2
    assert successor.last.size == 2
    assert merkle.frontier_root(successor.last.frontier) != merkle.EMPTY_ROOT
    assert verify().intact


def test_the_lag_shows_what_is_not_sealed_yet(olympus, sealer, time_machine):
    olympus.posts(1)

    assert health.lag().round_seconds is None
    assert health.lag().unsealed_seconds > 0
    assert health.lag().alarming
    sealed(sealer)
    assert health.lag().unsealed_seconds == 0
    assert not health.lag().alarming


def test_the_command_seals_once(olympus):
    olympus.posts(3)

    run("sealer", "--once")

    report = verify()
    assert report.intact
    assert report.entries > 3


def test_the_command_seals_what_came_last_when_it_is_told_to_stop(olympus, tmp_path):
    anchor = tmp_path / "anchor.txt"
    process = start("sealer", "--interval", "0.1", "--anchor", str(anchor))
    wait_for_rounds(1)
    olympus.posts(7)
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    report = verify(checkpoints=notes.parse_many(anchor.read_text()))
    assert report.intact
    assert all(one.unsealed == 0 for one in report.walked)
    kinds = [entry for (entry,) in platform_kinds()]
    assert kinds[0] == "audit:sealing:started"
    assert kinds[-1] == "audit:sealing:stopped"


@pytest.mark.slow
def test_a_sealer_killed_again_and_again_under_load_leaves_a_log_that_verifies(olympus, tmp_path):
    anchor, over, written = tmp_path / "anchor.txt", threading.Event(), []

    def write() -> None:
        while not over.is_set():
            olympus.posts(5)
            written.append(5)
        connections["default"].close()

    writer = threading.Thread(target=write)
    writer.start()
    dice = random.Random(7)
    try:
        for life in range(4):
            process = start("sealer", "--interval", "0.02", "--anchor", str(anchor))
            wait_for_rounds(3 * life + 1)
            time.sleep(dice.random())
            process.send_signal(signal.SIGKILL)
            process.wait()
    finally:
        over.set()
        writer.join()
    run("sealer", "--once")

    report = verify(checkpoints=notes.parse_many(anchor.read_text()))
    assert report.findings == []
    (compliance,) = [one for one in report.walked if one.name.store == "compliance"]
    assert compliance.size == sum(written) > 50


def ids_after(last: UUID) -> list[UUID]:
    """The naive way of taking what is new."""
    with connections["auditor"].cursor() as cursor:
        cursor.execute("select id from audit_event where id > %s order by id", [last])
        return [row[0] for row in cursor.fetchall()]


def start(*command: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, MANAGE, *command], stdout=subprocess.DEVNULL)


def run(*command: str) -> str:
    return subprocess.run([sys.executable, MANAGE, *command], check=True, capture_output=True, text=True).stdout


def wait_for_rounds(count: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with transaction.atomic(using="auditor"), connections["auditor"].cursor() as cursor:
            cursor.execute("select count(*) from audit_round")
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.05)
    raise AssertionError("the sealer does not seal")


def platform_kinds() -> list[tuple]:
    with connections["auditor"].cursor() as cursor:
        cursor.execute("select kind from audit_event where workspace_id is null order by xid, id")
        return cursor.fetchall()


def test_what_the_sealer_says_itself_is_sealed_too(olympus, sealer):
    with standalone(PLATFORM, using="sealer"):
        log.record(Event.AUDIT_SEALING_STARTED, platform_actor(cause="test"), epoch=1)

    assert sealed(sealer).rows == 1
