"""Nothing lost, nothing doubled, one order for each room, and no number of it outside (CH-2, R18, R20)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from django.db import connections

from keys import envelope
from policy import pep
from policy.types import AccessDenied
from rooms import frames, reads
from rooms.actions.messages import delete_message
from rooms.cursors import cursor_of, seq_of
from rooms.models import Message, RoomKind
from rooms.posting import Post, Posted
from rooms.postqueue import commit_posts
from tenancy.actor import new_id
from tenancy.errors import Conflict, Invalid, OutsideWorkspace
from tests.asserts import assert_refused, unchanged
from tests.world import World, furnish


def post(world: World, body: str, client_id=None, *, by: str = "grace", room: str = "titan") -> Post:
    return Post(world.actor(by), world.rooms[room].id, client_id or new_id(), body)


def commit(world: World, *posts: Post) -> list:
    return commit_posts(world.id, list(posts))


def stored(world: World) -> list[int]:
    with world.inside():
        return list(Message.objects.order_by("seq").values_list("seq", flat=True))


def test_a_repeat_gets_the_first_answer_again(olympus):
    client_id = new_id()

    first = commit(olympus, post(olympus, "Once.", client_id))[0]
    with unchanged(olympus):
        again = commit(olympus, post(olympus, "Once.", client_id))[0]

    assert (again.message_id, again.cursor, again.at) == (first.message_id, first.cursor, first.at)
    assert again.parts == ()
    assert stored(olympus) == [1]


def test_other_words_under_the_same_client_id_are_a_conflict(olympus):
    client_id = new_id()
    commit(olympus, post(olympus, "Once.", client_id))

    outcome = commit(olympus, post(olympus, "Twice.", client_id))[0]

    assert isinstance(outcome, Conflict)
    assert outcome.field == "client_id"
    assert stored(olympus) == [1]


def test_another_room_under_the_same_client_id_is_a_conflict(olympus):
    client_id = new_id()
    commit(olympus, post(olympus, "Once.", client_id))

    assert isinstance(commit(olympus, post(olympus, "Once.", client_id, room="lobby"))[0], Conflict)


def test_another_marking_under_the_same_client_id_is_a_conflict(olympus):
    client_id = new_id()
    said = post(olympus, "Once.", client_id)
    commit(olympus, replace(said, marking="UNCLASSIFIED"))

    with unchanged(olympus):
        outcomes = commit(olympus, said), commit(olympus, replace(said, marking="SECRET"))

    assert [type(one) for (one,) in outcomes] == [Conflict, Conflict]


def test_another_thread_under_the_same_client_id_is_a_conflict_and_the_same_is_named_again(olympus):
    root = commit(olympus, post(olympus, "Root."))[0]
    said = replace(post(olympus, "Once.", new_id()), reply_to=root.message_id)
    first = commit(olympus, said)[0]

    with unchanged(olympus):
        again = commit(olympus, said)[0]
        elsewhere = commit(olympus, replace(said, reply_to=None))[0]
        louder = commit(olympus, replace(said, also_to_room=True))[0]

    assert first.thread_id is not None
    assert (again.message_id, again.thread_id) == (first.message_id, first.thread_id)
    assert isinstance(elsewhere, Conflict)
    assert isinstance(louder, Conflict)


def test_another_marking_under_the_same_client_id_is_a_conflict_within_one_batch_too(olympus):
    said = post(olympus, "Once.", new_id())

    outcomes = commit(olympus, said, replace(said, marking="UNCLASSIFIED"))

    assert isinstance(outcomes[0], Posted)
    assert isinstance(outcomes[1], Conflict)
    assert stored(olympus) == [1]


def test_two_people_may_use_the_same_client_id(olympus):
    client_id = new_id()

    outcomes = commit(olympus, post(olympus, "Mine.", client_id), post(olympus, "Mine.", client_id, by="ada"))

    assert [one.seq for one in outcomes] == [1, 2]


def test_a_repeat_is_known_after_the_message_was_taken_back(olympus):
    """The tombstone remembers what it was (R20)."""
    client_id = new_id()
    first = commit(olympus, post(olympus, "Once.", client_id))[0]
    delete_message(olympus.actor("grace"), message_id=first.message_id)

    again = commit(olympus, post(olympus, "Once.", client_id))[0]

    assert again.message_id == first.message_id
    assert isinstance(commit(olympus, post(olympus, "Other.", client_id))[0], Conflict)


def test_the_same_many_times_in_one_batch_is_stored_once_and_acked_each_time(olympus):
    client_id = new_id()

    outcomes = commit(olympus, *(post(olympus, "Once.", client_id) for _ in range(12)))

    assert {(one.message_id, one.seq, one.cursor) for one in outcomes} == {
        (outcomes[0].message_id, 1, outcomes[0].cursor)
    }
    assert [bool(one.parts) for one in outcomes] == [True] + [False] * 11
    assert stored(olympus) == [1]


def test_other_words_under_the_same_client_id_are_a_conflict_within_one_batch_too(olympus):
    client_id = new_id()

    outcomes = commit(olympus, post(olympus, "Once.", client_id), post(olympus, "Twice.", client_id))

    assert isinstance(outcomes[0], Posted)
    assert isinstance(outcomes[1], Conflict)
    assert stored(olympus) == [1]


def test_what_is_refused_once_is_refused_each_time(olympus):
    client_id = new_id()

    outcomes = commit(olympus, post(olympus, " ", client_id), post(olympus, " ", client_id))

    assert [type(one) for one in outcomes] == [Invalid, Invalid]


def test_what_is_refused_in_a_batch_leaves_no_gap(olympus):
    posts = [post(olympus, "One."), post(olympus, "No.", by="eve"), post(olympus, "   "), post(olympus, "Two.")]

    outcomes = commit(olympus, *posts)

    assert [type(one) for one in outcomes] == [Posted, AccessDenied, Invalid, Posted]
    assert stored(olympus) == [1, 2]


def test_a_cursor_says_nothing_and_is_the_same_for_everybody(olympus):
    titan = olympus.rooms["titan"].id
    with olympus.inside():
        cursors = [cursor_of(olympus.id, titan, seq) for seq in range(1, 200)]
        again = [cursor_of(olympus.id, titan, seq) for seq in range(1, 200)]
        assert [seq_of(olympus.id, titan, one) for one in cursors] == list(range(1, 200))

    assert cursors == again
    assert {len(one) for one in cursors} == {22}
    assert cursors != sorted(cursors)
    assert len({one[:4] for one in cursors}) > 190


def test_a_cursor_is_only_good_in_its_room_and_workspace(olympus, pluto):
    titan, lobby = olympus.rooms["titan"].id, olympus.rooms["lobby"].id
    with olympus.inside():
        of_titan = cursor_of(olympus.id, titan, 5)
        with pytest.raises(Invalid):
            seq_of(olympus.id, lobby, of_titan)
    with pluto.inside(), pytest.raises(Invalid):
        seq_of(pluto.id, titan, of_titan)


@pytest.mark.parametrize("cursor", ["", "A" * 21, "A" * 23, "!" * 22, "A" * 22, "5", "-1"])
def test_a_made_up_cursor_is_refused(olympus, cursor):
    with olympus.inside(), pytest.raises(Invalid):
        seq_of(olympus.id, olympus.rooms["titan"].id, cursor)


def test_a_cursor_of_another_room_opens_no_page(olympus):
    grace = olympus.actor("grace")
    with olympus.inside():
        foreign = cursor_of(olympus.id, olympus.rooms["lobby"].id, 1)

    def open_with(cursor):
        with pep.reading(grace):
            reads.open_room(grace, frames.OpenRoom(id="1", room=olympus.rooms["titan"].id, before=cursor))

    with assert_refused(olympus, Invalid):
        open_with(foreign)


def test_cursors_of_two_workspaces_have_nothing_in_common(olympus, pluto):
    block = b"\0" * 16
    with olympus.inside():
        one = envelope.opaque(olympus.id, "room-cursor", block)
    with pluto.inside():
        assert envelope.opaque(pluto.id, "room-cursor", block) != one


@pytest.mark.django_db(transaction=True)
def test_however_many_post_at_once_the_order_has_no_gap_and_no_double():
    """Four writers, two rooms, every message sent twice by two sockets of its author."""
    olympus = furnish("olympus")
    olympus.room("annex", kind=RoomKind.PUBLIC)
    olympus.joins("grace", "annex")
    client_ids = [new_id() for _ in range(60)]
    barrier = Barrier(4)

    def write(turn):
        room = ("lobby", "annex")[turn % 2]
        try:
            barrier.wait()
            return [
                commit(olympus, *[post(olympus, f"{one}", one, room=room) for one in client_ids[start : start + 5]])
                for start in range(0, 60, 5)
                for client_ids in [mine[turn % 2]]
            ]
        finally:
            connections.close_all()

    mine = [client_ids[:30] + [new_id() for _ in range(30)], client_ids[30:] + [new_id() for _ in range(30)]]
    olympus.actor("grace")
    with ThreadPoolExecutor(4) as pool:
        outcomes = [one for batches in pool.map(write, range(4)) for batch in batches for one in batch]

    assert all(isinstance(one, Posted) for one in outcomes)
    with olympus.inside():
        for room in ("lobby", "annex"):
            rows = Message.objects.filter(room_id=olympus.rooms[room].id)
            assert sorted(rows.values_list("seq", flat=True)) == list(range(1, 61))
    assert len({one.message_id for one in outcomes}) == 120


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_the_database_throws_back_is_tried_once_more():
    """Somebody was faster under the same client id, between the look and the insert (R37)."""
    olympus = furnish("olympus")
    client_id, barrier = new_id(), Barrier(2)
    olympus.actor("grace")

    def write(_turn):
        try:
            barrier.wait()
            return commit(olympus, post(olympus, "Race.", client_id))[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            client_id = new_id()
            outcomes = list(pool.map(write, range(2)))
            assert len({one.message_id for one in outcomes}) == 1

    assert stored(olympus) == list(range(1, 11))


def test_one_batch_never_mixes_workspaces(olympus, pluto):
    stray = post(pluto, "Across.", by="ada")

    with pytest.raises(OutsideWorkspace):
        commit(olympus, stray)

    assert stored(olympus) == stored(pluto) == []
