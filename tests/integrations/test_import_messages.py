"""Bringing in what was said before: by whom it may be done, and what it keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.events import Event
from policy import epochs
from policy.models import EpochKind
from policy.types import AccessDenied
from rooms import news
from rooms.actions.importing import PastMessage, import_members, import_messages
from rooms.actions.rooms import archive_room
from rooms.models import Membership, Message, Reaction, Room, Thread, ThreadFollow
from tenancy.actor import new_id
from tenancy.errors import Conflict, Invalid, NotFound
from tests.accounts.records import entries
from tests.world import CLEARED

THEN = datetime(2020, 2, 3, 4, 5, tzinfo=UTC)


def past(world, username, body, *, minutes=0, **how):
    return PastMessage(world.people[username].id, new_id(), THEN + timedelta(minutes=minutes), body, **how)


def bring(world, by, room, *messages):
    actor = world.system if by == "system" else world.actor(by)
    return import_messages(actor, room_id=world.rooms[room].id, import_id=new_id(), messages=messages)


def test_a_message_keeps_its_author_and_its_time(olympus):
    message = past(olympus, "grace", "Said long ago.")

    done = bring(olympus, "ada", "lobby", message)

    assert done.stored == 1
    with olympus.inside():
        row = Message.objects.get(id=done.ids[message.client_message_id])
    assert (row.sender_id, row.at, row.seq) == (olympus.people["grace"].id, THEN, 1)
    assert b"long ago" not in bytes(row.body_sealed)


def test_who_has_not_the_power_is_refused_and_it_is_recorded(olympus):
    with pytest.raises(AccessDenied):
        bring(olympus, "grace", "lobby", past(olympus, "ada", "Words in somebody's mouth."))

    with olympus.inside():
        assert Message.objects.count() == 0
    assert [entry.actor_id for entry in entries(olympus.id, Event.ACCESS_DENIED)] == [olympus.people["grace"].id]


def test_members_are_not_brought_in_without_the_power_either(olympus):
    with pytest.raises(AccessDenied):
        import_members(olympus.actor("eve"), room_id=olympus.rooms["titan"].id, user_ids=[olympus.people["eve"].id])

    with olympus.inside():
        assert not Membership.objects.filter(room=olympus.rooms["titan"], user=olympus.people["eve"]).exists()


def test_who_is_brought_in_hears_of_it_and_no_answer_about_them_is_voided(olympus, monkeypatch):
    """Two imports that take the same people in at once would wait for each other, did they bump what both hold."""
    told: list[news.News] = []
    monkeypatch.setattr(news, "tell", told.append)
    room, names = olympus.room("archive"), [olympus.somebody(CLEARED) for _ in range(3)]
    people = {olympus.people[name].id for name in names}
    about = [(EpochKind.SUBJECT, user_id) for user_id in people]
    with olympus.inside():
        before = epochs.current(about)

    done = import_members(olympus.system, room_id=room.id, user_ids=people)

    assert done.added == 3
    joined = {(one.room_id, one.user_id, one.change) for one in told if isinstance(one, news.MemberChanged)}
    assert {(room.id, user_id, "joined") for user_id in people} <= joined
    with olympus.inside():
        assert epochs.current(about) == before
        assert Membership.objects.filter(room=room, user_id__in=people, state="active").count() == 3


def test_an_answer_goes_under_the_message_it_answers_in_one_batch_or_two(olympus):
    root = past(olympus, "grace", "A question.")
    answer = past(olympus, "ada", "An answer.", minutes=1, reply_to=root.client_message_id)
    later = past(olympus, "ada", "Another one.", minutes=2, reply_to=root.client_message_id)

    first = bring(olympus, "ada", "lobby", root, answer)
    second = bring(olympus, "ada", "lobby", later)

    with olympus.inside():
        thread = Thread.objects.get()
        assert thread.root_id == first.ids[root.client_message_id]
        assert (thread.replies, thread.last_seq) == (2, 3)
        follows = set(ThreadFollow.objects.values_list("user_id", flat=True))
    assert (first.threads, second.threads) == (1, 0)
    assert follows == {olympus.people["grace"].id, olympus.people["ada"].id}


def test_an_answer_to_nothing_brings_nothing(olympus):
    with pytest.raises(NotFound):
        bring(olympus, "ada", "lobby", past(olympus, "ada", "Yes."), past(olympus, "ada", "No.", reply_to=new_id()))

    with olympus.inside():
        assert Message.objects.count() == 0
        assert Room.objects.get(id=olympus.rooms["lobby"].id).last_seq == 0


def test_reactions_come_along(olympus):
    people = olympus.people
    message = past(olympus, "grace", "Good news.", reactions=((people["ada"].id, "🎉"), (people["eve"].id, "🎉")))

    bring(olympus, "ada", "lobby", message)

    with olympus.inside():
        assert Reaction.objects.filter(emoji="🎉").count() == 2


def test_what_is_here_is_told_from_what_has_changed(olympus):
    message = past(olympus, "grace", "First words.")
    other = PastMessage(message.sender_id, message.client_message_id, message.at, "Other words.")
    bring(olympus, "ada", "lobby", message)

    again = bring(olympus, "ada", "lobby", message)
    changed = bring(olympus, "ada", "lobby", other)

    assert (again.stored, again.standing, again.changed) == (0, 1, 0)
    assert (changed.stored, changed.standing, changed.changed) == (0, 0, 1)
    assert again.ids == changed.ids


def test_nothing_goes_above_the_room_or_into_one_that_is_closed(olympus):
    with pytest.raises(Invalid):
        bring(olympus, "ada", "lobby", past(olympus, "ada", "Too high.", marking="TOP_SECRET"))
    archive_room(olympus.actor("ada"), room_id=olympus.rooms["lobby"].id)
    with pytest.raises(Conflict):
        bring(olympus, "ada", "lobby", past(olympus, "ada", "Too late."))

    with olympus.inside():
        assert Message.objects.count() == 0


def test_the_record_is_bound_to_what_was_stored(olympus):
    done = bring(olympus, "ada", "lobby", past(olympus, "ada", "One."), past(olympus, "grace", "Two.", minutes=1))

    (entry,) = entries(olympus.id, Event.MESSAGES_IMPORTED)
    assert entry.actor_id == olympus.people["ada"].id
    assert entry.data["counts"] == {"messages": done.stored, "first_seq": 1, "last_seq": 2}
    assert len(bytes.fromhex(entry.data["digest"])) == 32
