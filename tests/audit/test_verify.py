# ruff: noqa: E501, ISC004, S608 - statements stand whole, dice only delay
"""Every way of tampering is found, and its place is named. Whoever tampers here has all power over the database."""

from io import StringIO
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from audit import notes, signing
from audit.notes import PublicKey
from audit.parity import TOLERANCE_US, closed_times
from audit.sealer import Sealer
from audit.trust import Trust, TrustedKey, of_vkeys
from audit.verify import verify
from tenancy.models import Workspace
from tenancy.scoping import within
from tests.audit.conftest import Place, sealed
from tests.audit.signer import TestSigner

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

SEALS, EACH = 6, 10
NTH = "(select id from audit_event where store = 'compliance' order by xid, id offset {} limit 1)"


@pytest.fixture
def history(olympus, sealer) -> Place:
    """Six seals of ten entries each in the compliance log, with decisions and dual-written lines beside them."""
    for _ in range(SEALS):
        olympus.posts(EACH - 2)
        olympus.makes_roles(2)
        olympus.decides(3)
        sealed(sealer)
    return olympus


@pytest.fixture
def outside(history) -> list[notes.Note]:
    """The checkpoints that somebody keeps elsewhere."""
    report = verify()
    assert report.findings == []
    kept = [notes.parse(report.rounds_note), *(notes.parse(one.note) for one in report.walked)]
    connections["auditor"].close()
    return kept


def place(entry: int, text: str, *, store: str = "compliance") -> str:
    return f"olympus, {store}, seal {entry // EACH + 1}, entry {entry}: {text}"


def test_an_untouched_log_is_intact_with_and_without_checkpoints(history, outside):
    report = verify(checkpoints=outside)

    assert report.findings == []
    assert report.rounds == SEALS
    assert {(one.name.store, one.size, one.seals) for one in report.walked} == {
        ("compliance", 60, 6),
        ("security", 12, 6),
        ("decision", 18, 6),
    }
    assert report.entries == 90


ENTRY = {
    "one byte of an entry": (
        "update audit_event set env = set_byte(env, 20, get_byte(env, 20) # 1) where id = " + NTH.format(34),
        place(34, "the entry is not the sealed one"),
    ),
    "a column alone": (
        "update audit_event set outcome = 'failed' where id = " + NTH.format(34),
        place(34, "a column differs from the entry"),
    ),
    "who did it, in the column alone": (
        "update audit_event set actor_id = gen_random_uuid() where id = " + NTH.format(0),
        place(0, "a column differs from the entry"),
    ),
    "its time by a microsecond": (
        "update audit_event set at = at + interval '1 microsecond' where id = " + NTH.format(59),
        place(59, "a column differs from the entry"),
    ),
    "its workspace": (
        "update audit_event set workspace_id = null where id = " + NTH.format(12),
        place(12, "a column differs from the entry"),
    ),
    "its MAC": (
        "update audit_event set mac = set_byte(mac, 0, get_byte(mac, 0) # 1) where id = " + NTH.format(34),
        place(34, "its MAC is not of this deployment: it was changed, or no writer of ours made it"),
    ),
    "the order of two": (
        "with pair as (select id, env, row_number() over (order by xid, id) n from audit_event where store = 'compliance'),"
        " a as (select * from pair where n in (34, 37))"
        " update audit_event e set env = other.env from a mine join a other on other.n <> mine.n where e.id = mine.id",
        place(33, "the entry is not the sealed one"),
    ),
    "its presence": (
        "delete from audit_event where id = " + NTH.format(25),
        place(25, "the entry is not the sealed one"),
    ),
    "the presence of the last of a seal": (
        "delete from audit_event where id = " + NTH.format(29),
        place(29, "the entry is missing"),
    ),
    "the presence of all": (
        "delete from audit_event where store = 'compliance'",
        place(0, "the entry is missing"),
    ),
    "its log": (
        "update audit_event set store = 'security', log_id = (select id from audit_log where store = 'security')"
        " where id = " + NTH.format(21),
        place(21, "the entry is not the sealed one"),
    ),
    "its window": (
        "update audit_event set xid = (select hi from audit_seal s join audit_log l on l.id = s.log_id"
        " where l.store = 'compliance' and s.n = 6) where id = " + NTH.format(45),
        place(45, "the entry is not the sealed one"),
    ),
}


@pytest.mark.parametrize("changed", ENTRY)
def test_a_change_of_an_entry_is_found_at_its_place(history, hand, findings, changed):
    statement, expected = ENTRY[changed]

    assert hand.does(statement) >= 1

    assert expected in findings()
    assert expected in findings(workspace_id=history.id)


def test_a_deleted_entry_whose_leaf_was_taken_out_too_is_found_in_its_seal(history, hand, findings):
    hand.does("delete from audit_event where id = " + NTH.format(25))
    hand.does(
        "update audit_tile t set leaves = substr(leaves, 1, 160) || substr(leaves, 193) from audit_log l"
        " where l.id = t.log_id and l.store = 'compliance' and t.n = 3"
    )

    assert findings() == [place(20, "its entries do not make its root")]


def test_a_back_dated_entry_is_found(history, hand, findings):
    hand.does(
        "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, epoch, xid, at, kind, outcome, actor_id,"
        " target_type, target_id, room_id, request_id, env, mac from audit_event where id = " + NTH.format(19)
    )

    found = findings()

    assert len(found) == 1
    assert found[0].startswith("olympus, compliance, seal 2, entry ")


SEAL = {
    "a missing seal": (
        "delete from audit_seal using audit_log l where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: the seal is missing",
    ),
    "a changed root": (
        "update audit_seal set root = sha256('x') from audit_log l where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: its checkpoint speaks of something else",
    ),
    "a changed note": (
        "update audit_seal set note = replace(note, 'seal 4', 'seal 5') from audit_log l"
        " where l.id = log_id and l.store = 'compliance' and n = 4",
        f"olympus, compliance, seal 4, entry 30: its checkpoint does not hold: the signature of {settings.DEPLOYMENT_ID}/audit does not hold",
    ),
    "a widened window": (
        "update audit_seal set lo = '0' from audit_log l where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: its window does not continue the one before it",
    ),
    "a note without a signature": (
        "update audit_seal set note = split_part(note, chr(8212), 1) from audit_log l"
        " where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: its checkpoint does not hold: a note is text, a blank line and signature lines",
    ),
    "a changed leaf": (
        "update audit_tile set leaves = set_byte(leaves, 64, get_byte(leaves, 64) # 1) from audit_log l"
        " where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 32: the entry is not the sealed one",
    ),
    "a missing tile": (
        "delete from audit_tile using audit_log l where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: the entry was added later",
    ),
    "a missing round": (
        "delete from audit_round where n = 3",
        "all workspaces, rounds, seal 3, entry 6: the round is missing",
    ),
    "a round that speaks of other seals": (
        "update audit_round set entries = set_byte(entries, 60, get_byte(entries, 60) # 1) where n = 3",
        "all workspaces, rounds, seal 3, entry 6: its entries do not make its root",
    ),
    "a round with a changed note": (
        "update audit_round set note = replace(note, 'round 3', 'round 2') where n = 3",
        "all workspaces, rounds, seal 3, entry 6: its checkpoint does not hold:"
        f" the signature of {settings.DEPLOYMENT_ID}/audit does not hold",
    ),
}


@pytest.mark.parametrize("changed", SEAL)
def test_a_change_of_the_seals_is_found_at_its_place(history, hand, findings, changed):
    statement, expected = SEAL[changed]

    assert hand.does(statement) == 1

    assert expected in findings()


def test_the_last_seals_of_one_log_taken_with_their_entries_are_missed_by_the_rounds(history, hand, findings):
    ours = "log_id = (select id from audit_log where store = 'decision')"
    hand.does(f"delete from audit_event where {ours} and xid >= (select lo from audit_seal where {ours} and n = 5)")
    for table in ("audit_seal", "audit_tile"):
        hand.does(f"delete from {table} where {ours} and n >= 5")

    (found,) = findings()

    assert found.startswith("all workspaces, rounds, seal 5, entry ")
    assert "is not the one that was made" in found


def test_a_workspace_that_vanished_with_all_its_logs_is_missed_by_the_rounds(history, pluto, sealer, hand, findings):
    pluto.posts(4)
    sealed(sealer)
    ours = "(select id from audit_log where workspace_id = %s)"
    for table in ("audit_event", "audit_seal", "audit_tile"):
        hand.does(f"delete from {table} where log_id in {ours}", pluto.id)
    hand.does("delete from audit_log where workspace_id = %s", pluto.id)

    (found,) = findings()

    assert found.startswith("all workspaces, rounds, seal 7, entry 18: seal 1 of log ")


def test_a_log_that_is_not_registered_any_more_is_found(history, hand, findings):
    hand.does("delete from audit_log where store = 'decision'")

    assert any("unknown log" in found for found in findings())


def rewrite(hand, *signers) -> None:
    """Take all seals away and seal anew, with what the database gives."""
    for table in ("audit_seal", "audit_tile", "audit_round", "audit_log"):
        hand.does(f"delete from {table}")
    connections["sealer"].close()
    held = signing.signers()
    signing.register_signer(*(signers or held))
    try:
        forger = Sealer()
        forger.begin()
        sealed(forger)
    finally:
        signing.register_signer(*held)
        connections["sealer"].close()


def test_a_history_sealed_anew_with_another_key_is_found(history, hand, findings):
    forger = TestSigner(f"{settings.DEPLOYMENT_ID}/audit")
    hand.does("delete from audit_event where id = " + NTH.format(25))
    rewrite(hand, forger)
    hand.does("delete from audit_key where vkey = %s or state = 'retired'", forger.vkey)

    found = findings()

    assert "olympus, compliance, seal 1, entry 0: no key in force signed it" in found


def test_a_forged_row_among_the_keys_is_found(history, hand, findings):
    forger = TestSigner(f"{settings.DEPLOYMENT_ID}/audit")

    hand.does(
        "insert into audit_key (id, key_id, vkey, state, round, mac) values (gen_random_uuid(), %s, %s, 'present', 1, %s)",
        forger.key_id,
        forger.vkey,
        b"\0" * 16,
    )

    assert findings() == [
        f"all workspaces, keys: the key {settings.DEPLOYMENT_ID}/audit in audit_key was not put there by this deployment"
    ]


def test_a_truncated_tail_is_found_with_a_checkpoint_from_outside_alone(history, outside, hand, findings):
    hand.does("delete from audit_event where xid >= (select lo from audit_round where n = 5)")
    for table in ("audit_seal", "audit_tile"):
        hand.does(f"delete from {table} where n >= 5")
    hand.does("delete from audit_round where n >= 5")

    assert findings() == []
    found = findings(checkpoints=outside)
    assert (
        "olympus, compliance, entry 40: the log ends here, but had 60 entries: it was truncated or rewritten" in found
    )
    assert (
        "all workspaces, rounds, entry 12: the log ends here, but had 18 entries: it was truncated or rewritten"
        in found
    )


def test_a_rewriting_with_the_stolen_key_is_found_with_a_checkpoint_from_outside_alone(
    history, outside, hand, findings
):
    hand.does("delete from audit_event where id = " + NTH.format(25))
    rewrite(hand)
    history.posts(1)
    last = Sealer()
    last.begin()
    sealed(last)
    connections["sealer"].close()

    assert findings() == []
    found = findings(checkpoints=outside)
    assert (
        "olympus, compliance: the first 60 entries are not those of the checkpoint: history was rewritten" in found
    ), found
    assert findings(checkpoints=outside, workspace_id=history.id)


def test_an_entry_forged_before_its_seal_is_found_by_the_sealer_and_by_the_verifier(history, sealer, hand, findings):
    history.posts(1)
    hand.does("update audit_event set mac = set_byte(mac, 0, get_byte(mac, 0) # 1) where id = " + NTH.format(60))

    assert findings() == [
        "olympus, compliance, entry 60: an entry that is not sealed yet was not written by this deployment"
    ]
    (suspect,) = sealed(sealer).suspects
    assert (suspect.workspace_id, suspect.store, suspect.finding) == (history.id, "compliance", "mac")


def test_an_entry_copied_or_moved_before_its_seal_is_found_by_the_sealer(history, pluto, sealer, hand):
    hand.does(
        "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, epoch, pg_current_xact_id(), at, kind, outcome,"
        " actor_id, target_type, target_id, room_id, request_id, env, mac from audit_event where id = " + NTH.format(3)
    )
    pluto.posts(1)
    hand.does(
        "update audit_event set workspace_id = %s, log_id = gen_random_uuid() where workspace_id = %s",
        history.id,
        pluto.id,
    )

    assert sorted(one.finding for one in sealed(sealer).suspects) == ["moved", "replayed"]


def test_a_twin_that_is_missing_from_one_store_is_found(history, hand, findings, sealer):
    history.makes_roles(1)
    hand.does(
        "delete from audit_event where id = (select id from audit_event where store = 'compliance' order by xid desc limit 1)"
    )
    sealed(sealer)

    (found,) = findings()

    assert found.startswith("olympus, compliance: the twin ")
    assert found.endswith("is missing")


def test_closed_times_of_the_compliance_store_follow_its_switches():
    minute = TOLERANCE_US
    closed, opened, known_closed = (100 * minute, True, False), (200 * minute, False, True), (50 * minute, False, False)

    assert list(closed_times([])) == []
    assert list(closed_times([closed])) == [(99 * minute, float("inf"))]
    assert list(closed_times([closed, opened])) == [(99 * minute, 201 * minute)]
    assert list(closed_times([opened])) == [(float("-inf"), 201 * minute)]
    assert list(closed_times([known_closed, opened, (300 * minute, True, False)])) == [
        (float("-inf"), 201 * minute),
        (299 * minute, float("inf")),
    ]


def test_over_a_rotation_both_keys_are_needed(olympus, sealer, findings):
    old, new = signing.signer(), TestSigner(f"{settings.DEPLOYMENT_ID}/audit-next")
    held = signing.signers()
    vkeys = {"old": old.vkey, "new": new.vkey}
    try:
        for signers in ((old,), (old, new), (new,)):
            connections["sealer"].close()
            signing.register_signer(*signers)
            turn = Sealer()
            turn.begin()
            olympus.posts(2)
            sealed(turn)
    finally:
        signing.register_signer(*held)
        connections["sealer"].close()

    assert findings() == []
    assert findings(trust=of_vkeys(vkeys.values())) == []
    assert "olympus, compliance, seal 3, entry 4: no key in force signed it" in findings(trust=of_vkeys([vkeys["old"]]))
    assert "olympus, compliance, seal 1, entry 0: no key in force signed it" in findings(trust=of_vkeys([vkeys["new"]]))
    ended = Trust((TrustedKey(PublicKey.parse(vkeys["old"]), 1, 2), TrustedKey(PublicKey.parse(vkeys["new"]), 3)))
    assert findings(trust=ended) == []


SECURITY = "(select id from audit_log where store = 'security')"
EMPTIED = ("audit_event", "audit_seal", "audit_tile", "audit_log", "audit_round")
NO_ROUND = "all workspaces, rounds: there is no round of sealing, but there are keys or workspaces"


def test_a_log_that_vanished_is_missed_by_whoever_asks_for_its_workspace(history, hand, findings):
    for statement in (
        "delete from audit_event where log_id = ",
        "delete from audit_seal where log_id = ",
        "delete from audit_tile where log_id = ",
        "delete from audit_log where id = ",
    ):
        hand.does(statement + SECURITY)

    (found,) = findings(workspace_id=history.id)

    assert found.startswith("all workspaces, rounds, seal 1, entry ")
    assert found.endswith("is not the one that was made")
    assert findings() == [found]


def test_a_tail_cut_off_with_its_seal_is_missed_by_whoever_asks_for_its_workspace(history, hand, findings):
    last = f"(select lo from audit_seal where log_id = {SECURITY} and n = 6)"
    hand.does(f"delete from audit_event where log_id = {SECURITY} and xid >= {last}")
    hand.does(f"delete from audit_tile where log_id = {SECURITY} and n = 6")
    hand.does(f"delete from audit_seal where log_id = {SECURITY} and n = 6")

    (found,) = findings(workspace_id=history.id)

    assert found.startswith("all workspaces, rounds, seal 6, entry ")
    assert findings() == [found]


def test_another_workspace_is_not_blamed_for_a_log_that_vanished(history, pluto, sealer, hand, findings):
    pluto.makes_roles(1)
    sealed(sealer)
    hand.does(f"delete from audit_seal where workspace_id = '{history.id}'")

    assert findings(workspace_id=pluto.id) == []
    assert findings(workspace_id=history.id) != []


def test_emptied_stores_are_not_intact(history, hand, findings):
    for table in EMPTIED:
        hand.does(f"delete from {table}")

    assert findings() == [NO_ROUND]
    assert findings(workspace_id=history.id) == [NO_ROUND]


def test_emptied_stores_are_missed_by_an_older_workspace_even_without_keys(history, hand, findings):
    for table in (*EMPTIED, "audit_key"):
        hand.does(f"delete from {table}")
    elder = Workspace(id=UUID("0190163d-8694-739b-aea5-966c26f8ad91"), slug="elder", name="Elder")
    with within(elder.id):
        elder.save(force_insert=True)

    expected = [NO_ROUND, "elder, security: the log is not there; every workspace has one"]

    assert findings() == expected
    assert findings(workspace_id=elder.id) == expected


def test_a_platform_without_workspaces_and_rounds_is_intact(transactional_db):
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert "\nintact\n" in out.getvalue()


@pytest.mark.parametrize("kept", ["", "hello\nworld\n"])
def test_the_command_refuses_a_checkpoint_file_without_a_checkpoint(history, tmp_path, kept):
    (tmp_path / "kept.txt").write_text(kept)

    with pytest.raises(CommandError) as ended:
        call_command("verify_audit", checkpoint=tmp_path / "kept.txt", stdout=StringIO())

    assert ended.value.returncode == 2


def test_a_log_that_cannot_be_read_is_not_called_tampered_with(history, monkeypatch):
    monkeypatch.setitem(connections["auditor"].settings_dict, "PORT", "1")
    connections["auditor"].close()

    with pytest.raises(CommandError, match="could not be read") as ended:
        call_command("verify_audit", stdout=StringIO())

    assert ended.value.returncode == 2


def test_the_command_says_intact_and_keeps_checkpoints(history, tmp_path):
    out, kept = StringIO(), tmp_path / "kept.txt"

    call_command("verify_audit", save_checkpoint=kept, stdout=out)

    assert "olympus compliance: 60 entries in 6 seals" in out.getvalue()
    assert "\nintact\n" in out.getvalue()
    assert out.getvalue().endswith("would not show.\n")
    again = StringIO()
    call_command("verify_audit", checkpoint=kept, stdout=again)
    assert again.getvalue().endswith("\nintact\n")


def test_the_command_verifies_one_workspace_with_its_own_checkpoints(history, tmp_path):
    kept, out = tmp_path / "kept.txt", StringIO()

    call_command("verify_audit", workspace="olympus", save_checkpoint=kept, stdout=StringIO())
    call_command("verify_audit", workspace="olympus", checkpoint=kept, stdout=out)

    assert len(notes.parse_many(kept.read_text())) == 3
    assert out.getvalue().endswith("\nintact\n")


def test_the_command_names_the_first_bad_entry_and_fails(history, hand):
    hand.does("delete from audit_event where id = " + NTH.format(25))
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", stdout=out)

    assert ended.value.code == 1
    assert "NOT INTACT: " + place(25, "the entry is not the sealed one") in out.getvalue()
    with connections["auditor"].cursor() as cursor:
        cursor.execute("select outcome from audit_event where kind = 'audit:log:verified'")
        assert set(cursor.fetchall()) == {("failed",)}


BESIDE = {
    "the workspace of a seal": (
        "update audit_seal set workspace_id = null from audit_log l"
        " where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: its row names another workspace",
    ),
    "the tree stored with a seal": (
        "update audit_seal set frontier = sha256('x') from audit_log l"
        " where l.id = log_id and l.store = 'compliance' and n = 4",
        "olympus, compliance, seal 4, entry 30: its stored tree is not the one that was signed",
    ),
    "the tree stored with a round": (
        "update audit_round set frontier = sha256('x') where n = 3",
        "all workspaces, rounds, seal 3, entry 6: its stored tree is not the one that was signed",
    ),
}


@pytest.mark.parametrize("changed", BESIDE)
def test_a_change_beside_the_signed_note_is_found_and_the_rest_stays_provable(history, hand, findings, changed):
    statement, expected = BESIDE[changed]

    assert hand.does(statement) == 1

    assert findings() == [expected]


def test_an_entry_replayed_before_its_seal_is_found_by_the_verifier(history, hand, findings):
    assert hand.does(
        "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, epoch, pg_current_xact_id(), at, kind, outcome,"
        " actor_id, target_type, target_id, room_id, request_id, env, mac from audit_event where id = " + NTH.format(3)
    )

    assert findings() == [
        "olympus, compliance, entry 60: a column of an entry that is not sealed yet differs from the entry"
    ]
