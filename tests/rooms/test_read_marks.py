"""How far somebody has read: counts come from the server and are each person's own (CH-1)."""

import pytest

from audit.events import Event
from policy import pep
from policy.catalogue import Action
from rooms.access import memberships_of
from rooms.actions.messages import delete_message
from rooms.actions.reading import keep_room, mark_read, mark_unread_from
from rooms.cursors import cursor_of
from rooms.models import Membership, ReadMark
from rooms.roomlist import room_views
from rooms.unread import unread_in
from tenancy.errors import NotFound
from tests.asserts import assert_audited, assert_denied, assert_refused, unchanged
from tests.policy.sets import decree, rule
from tests.world import World


def counts(world: World, username: str, room: str = "titan") -> tuple[int, int]:
    """Unread messages and mentions."""
    room_id = world.rooms[room].id
    with world.inside():
        state = unread_in(world.actor(username), [room_id])[room_id]
    return state.unread, state.mentions


@pytest.fixture
def said(olympus: World) -> list:
    texts = ["One.", "Two, @grace.", "Three.", "@room Four."]
    return [olympus.says("ada", "titan", text).message_id for text in texts]


def read(world: World, username: str, message_id, **how) -> None:
    mark_read(world.actor(username), room_id=world.rooms["titan"].id, message_id=message_id, **how)


def test_who_is_called_where_words_are_withheld_does_not_learn_it(olympus, said):
    decree(olympus, rule("hide", "redact", "room:message:deliver", condition="clearance < TOP_SECRET"))

    assert counts(olympus, "grace") == (4, 0)


def test_what_others_said_is_unread_and_ones_own_is_not(olympus, said):
    assert counts(olympus, "grace") == (4, 2)
    assert counts(olympus, "ada") == (0, 0)


def test_who_reads_to_a_message_has_read_all_before_it(olympus, said):
    read(olympus, "grace", said[1])

    assert counts(olympus, "grace") == (2, 1)
    assert_audited(olympus, Event.READ_MARK_MOVED, olympus.actor("grace"), olympus.rooms["titan"].id)


def test_reading_never_goes_back_by_itself(olympus, said):
    read(olympus, "grace", said[3])

    with unchanged(olympus):
        read(olympus, "grace", said[0])

    assert counts(olympus, "grace") == (0, 0)


def test_one_may_call_it_unread_again(olympus, said):
    read(olympus, "grace", said[3])

    mark_unread_from(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, message_id=said[2])

    assert counts(olympus, "grace") == (2, 1)


def test_what_was_taken_back_is_not_unread(olympus, said):
    delete_message(olympus.actor("ada"), message_id=said[1])

    assert counts(olympus, "grace") == (3, 1)


def test_a_thread_has_a_mark_of_its_own(olympus, said):
    reply = olympus.says("ada", "titan", "Aside.", reply_to=said[0])

    read(olympus, "grace", reply.message_id, thread_id=reply.thread_id)

    assert counts(olympus, "grace") == (4, 2)
    with olympus.inside():
        assert ReadMark.objects.get(thread_id=reply.thread_id).seq == reply.seq


def test_only_messages_and_threads_of_the_room_are_read_there(olympus, said):
    elsewhere = olympus.says("eve", "lobby", "Elsewhere.")
    aside = olympus.says("grace", "lobby", "Aside.", reply_to=elsewhere.message_id)

    with assert_refused(olympus, NotFound, field="message"):
        read(olympus, "grace", elsewhere.message_id)
    with assert_refused(olympus, NotFound, field="thread"):
        read(olympus, "grace", said[0], thread_id=aside.thread_id)
    with assert_refused(olympus, NotFound, field="message"):
        mark_unread_from(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, message_id=elsewhere.message_id)


def test_nobody_reads_where_they_are_not(olympus, said):
    with assert_denied(olympus, Action.READ_MARK_SET, code="not_found"):
        read(olympus, "eve", said[0])


def test_one_keeps_a_room_as_one_likes(olympus):
    grace, titan = olympus.actor("grace"), olympus.rooms["titan"].id

    keep_room(grace, room_id=titan, muted=True)
    keep_room(grace, room_id=titan, favourite=True)

    with olympus.inside():
        kept = Membership.objects.get(user_id=grace.id, room_id=titan)
        others = Membership.objects.exclude(id=kept.id)
        assert (kept.muted, kept.favourite) == (True, True)
        assert not others.filter(muted=True).exists()
    assert_audited(olympus, Event.MEMBERSHIP_KEPT, grace, titan, changed=["favourite"])


def test_nobody_keeps_a_room_that_is_not_theirs(olympus):
    with assert_denied(olympus, Action.ROOM_KEEP, code="not_found"):
        keep_room(olympus.actor("eve"), room_id=olympus.rooms["titan"].id, muted=True)


def test_a_covered_room_tells_neither_how_far_it_has_come_nor_when(olympus):
    said = olympus.says("ada", "titan", "Hold, @grace.")
    grace, titan = olympus.actor("grace"), olympus.rooms["titan"]
    mark_read(grace, room_id=titan.id, message_id=said.message_id)

    def listed() -> dict:
        with pep.reading(grace):
            held = [one for one in memberships_of(grace.id) if one.room_id == titan.id]
            return room_views(grace, held)[0]

    before = listed()
    step_up = [{"name": "step_up", "params": {"max_age": 300}}]
    decree(olympus, rule("confirm", "permit", "room:message:read", obligations=step_up))
    covered = listed()

    with olympus.inside():
        assert (before["last_read"], before["cursor"]) == (said.message_id, said.cursor)
        assert (covered["access"]["state"], covered["cursor"]) == ("step_up", cursor_of(olympus.id, titan.id, 0))
    assert before["last_at"] is not None
    assert (covered["last_read"], covered["last_at"], covered["unread"], covered["mentions"]) == (None, None, 0, 0)
