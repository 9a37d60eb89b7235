# ruff: noqa: S608 - statements stand whole
"""The sealer goes on from what was signed: a tree that was exchanged in its table never gets a signature."""

import pytest
from django.db import connections

from audit import health, merkle, notes
from audit.entries import log_id
from audit.heads import RoundsUnsound
from audit.kinds import Store
from audit.models import AuditSeal
from audit.sealer import Sealer
from audit.verify import verify
from chatapp import doctor
from tenancy.scoping import within
from tests.audit.conftest import Place, sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

EACH = 5
LAST = "log_id = %s and n = (select max(n) from audit_seal x where x.log_id = %s)"
EXCHANGED = "its stored tree is not the one that was signed"


@pytest.fixture
def history(olympus, sealer) -> Place:
    for _ in range(2):
        olympus.posts(EACH)
        sealed(sealer)
    return olympus


def begun_anew() -> Sealer:
    connections["sealer"].close()
    successor = Sealer()
    successor.begin()
    return successor


def compliance(place: Place):
    return log_id(place.id, Store.COMPLIANCE.value)


def last_seal(place: Place) -> AuditSeal:
    with within(place.id):
        return AuditSeal.objects.filter(log_id=compliance(place)).order_by("-n").first()


def forged(place: Place) -> bytes:
    """The tree of a history that never was, of the same size."""
    leaves = [merkle.leaf_hash(bytes(one.env)) for one in place.entries(Store.COMPLIANCE)]
    leaves[3] = merkle.leaf_hash(b'{"k":"privilege:role:assigned"}')
    return merkle.pack(merkle.append([], 0, leaves)[0])


def exchange(hand, place: Place) -> None:
    assert hand.does(f"update audit_seal set frontier = %s where {LAST}", forged(place), *[compliance(place)] * 2)


def test_a_forged_tree_is_built_anew_from_the_leaves_before_the_next_seal_is_signed(history, hand, findings):
    exchange(hand, history)

    successor = begun_anew()
    history.posts(EACH)
    sealed(successor)

    root = notes.parse_checkpoint(notes.parse(last_seal(history).note).text).root
    assert root == merkle.root([merkle.leaf_hash(bytes(one.env)) for one in history.entries(Store.COMPLIANCE)])
    assert findings() == [f"olympus, compliance, seal 2, entry {EACH}: {EXCHANGED}"]


def test_a_root_alone_is_no_tree(history, hand):
    hand.does(f"update audit_seal set frontier = root where {LAST}", *[compliance(history)] * 2)

    successor = begun_anew()
    history.posts(1)
    sealed(successor)

    with within(history.id):
        assert AuditSeal.objects.get(log_id=compliance(history), n=3).size_to == 2 * EACH + 1
    assert successor.heads[compliance(history)].size.bit_count() == len(successor.heads[compliance(history)].frontier)


def test_nothing_is_sealed_behind_a_tree_that_cannot_be_built_anew_and_other_logs_go_on(history, pluto, hand):
    exchange(hand, history)
    hand.does("update audit_tile set leaves = sha256('x') where log_id = %s and n = 1", compliance(history))

    successor = begun_anew()
    history.posts(1)
    pluto.posts(1)
    done = sealed(successor)

    assert (done.rows, done.logs) == (1, 1)
    assert last_seal(history).n == 2
    assert verify(workspace_id=pluto.id).findings == []
    (told,) = health.unsealable()
    assert told == (
        f"nothing is sealed for {history.id}/compliance behind seal 2, entry {2 * EACH}:"
        " the stored tree is not the signed one, nor are the leaves"
    )
    assert told in [one.detail for one in doctor.sealer() if not one.well]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("root = sha256('x')", "its checkpoint speaks of something else"),
        ("size_to = size_to + 1", "its checkpoint speaks of something else"),
        ("hi = ('1' || hi::text)::xid8", "its checkpoint speaks of something else"),
        ("note = replace(note, '/compliance', '/security')", "its checkpoint is that of another log"),
    ],
)
def test_nothing_is_sealed_behind_a_seal_whose_signature_says_something_else(history, hand, changed, why):
    hand.does(f"update audit_seal set {changed} where {LAST}", *[compliance(history)] * 2)

    successor = begun_anew()

    assert [one.text for one in successor.unsound.values()] == [why]


def test_what_was_left_out_is_sealed_when_the_leaves_are_back_and_that_is_told(history, hand, findings):
    tile = hand.sees("select leaves from audit_tile where log_id = %s and n = 1", compliance(history))[0][0]
    frontier = hand.sees(f"select frontier from audit_seal where {LAST}", *[compliance(history)] * 2)[0][0]
    exchange(hand, history)
    hand.does("update audit_tile set leaves = sha256('x') where log_id = %s and n = 1", compliance(history))
    stopped = begun_anew()
    history.posts(2)
    sealed(stopped)
    hand.does("update audit_tile set leaves = %s where log_id = %s and n = 1", tile, compliance(history))
    hand.does(f"update audit_seal set frontier = %s where {LAST}", frontier, *[compliance(history)] * 2)

    successor = begun_anew()
    history.posts(1)
    caught_up, done = sealed(successor), sealed(successor)

    assert [one.finding for one in caught_up.suspects] == ["late"]
    assert (caught_up.rows, caught_up.more) == (2, True)
    assert done.suspects == ()
    assert last_seal(history).size_to == 2 * EACH + 3
    assert findings() == []


def test_what_was_left_out_is_sealed_in_rounds_of_bounded_size(history, hand, findings):
    tile = hand.sees("select leaves from audit_tile where log_id = %s and n = 1", compliance(history))[0][0]
    frontier = hand.sees(f"select frontier from audit_seal where {LAST}", *[compliance(history)] * 2)[0][0]
    exchange(hand, history)
    hand.does("update audit_tile set leaves = sha256('x') where log_id = %s and n = 1", compliance(history))
    stopped = begun_anew()
    for _ in range(3):
        history.posts(2)
    sealed(stopped)
    hand.does("update audit_tile set leaves = %s where log_id = %s and n = 1", tile, compliance(history))
    hand.does(f"update audit_seal set frontier = %s where {LAST}", frontier, *[compliance(history)] * 2)

    successor = begun_anew()
    successor.rows_a_round = 3
    rounds = [sealed(successor) for _ in range(3)]

    assert [one.rows for one in rounds] == [2, 2, 2]
    assert last_seal(history).size_to == 2 * EACH + 6
    assert findings() == []


def test_a_log_whose_last_seal_was_taken_away_is_not_sealed_a_second_time(history, hand):
    for table in ("audit_tile", "audit_seal"):
        hand.does(f"delete from {table} where log_id = %s and n = 2", compliance(history))

    successor = begun_anew()

    assert [one.text for one in successor.unsound.values()] == ["its newer seals are gone"]


def test_the_tree_of_the_rounds_is_built_anew_from_their_entries(history, hand, findings):
    hand.does("update audit_round set frontier = sha256('x') where n = 2")

    successor = begun_anew()
    history.posts(1)
    sealed(successor)

    assert findings() == [f"all workspaces, rounds, seal 2, entry 1: {EXCHANGED}"]


def test_nothing_at_all_is_sealed_behind_a_round_that_was_not_signed(history, hand):
    hand.does("update audit_round set root = sha256('x'), frontier = sha256('x') where n = 2")

    with pytest.raises(RoundsUnsound):
        begun_anew()

    assert health.unsealable() == ["nothing is sealed behind round 2: its checkpoint speaks of something else"]
