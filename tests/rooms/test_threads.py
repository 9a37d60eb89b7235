"""Threads: opened by the first reply, counted, followed by those who spoke in them."""

import pytest

from audit.events import Event
from policy import pep
from rooms import frames, pages, reads
from rooms.models import Message, Thread, ThreadFollow
from tenancy.actor import new_id
from tenancy.errors import NotFound
from tests.asserts import assert_audited, assert_refused, recorded
from tests.policy.sets import decree, rule
from tests.world import CLEARED, World


@pytest.fixture
def root(olympus: World):
    return olympus.says("ada", "titan", "Status?").message_id


def thread_of(world: World, root_id) -> Thread:
    with world.inside():
        return Thread.objects.get(root_id=root_id)


def opened(world: World, username: str, thread_id, **how) -> dict:
    actor = world.actor(username)
    with pep.reading(actor):
        return reads.open_thread(actor, frames.OpenThread(id="1", thread=thread_id, **how))


def test_the_first_reply_opens_it_and_the_next_finds_it(olympus, root):
    first = olympus.says("grace", "titan", "Nominal.", reply_to=root)
    second = olympus.says("ada", "titan", "Thanks.", reply_to=root)

    assert first.thread_id == second.thread_id == thread_of(olympus, root).id
    assert_audited(olympus, Event.THREAD_CREATED, olympus.actor("grace"), first.thread_id)
    assert len(recorded(olympus, Event.THREAD_CREATED)) == 1


def test_a_reply_to_a_reply_stays_in_the_same_thread(olympus, root):
    reply = olympus.says("grace", "titan", "Nominal.", reply_to=root)

    assert olympus.says("ada", "titan", "All?", reply_to=reply.message_id).thread_id == reply.thread_id


def test_replies_participants_and_times_are_counted(olympus, root):
    olympus.says("grace", "titan", "One.", reply_to=root)
    olympus.says("ada", "titan", "Two.", reply_to=root)
    last = olympus.says("grace", "titan", "Three.", reply_to=root)

    thread = thread_of(olympus, root)
    assert (thread.replies, thread.last_seq, thread.last_at) == (3, last.seq, last.at)
    assert thread.participants == [olympus.people["grace"].id, olympus.people["ada"].id]


def test_who_is_answered_and_who_answers_follows(olympus, root):
    olympus.says("grace", "titan", "Nominal.", reply_to=root)

    with olympus.inside():
        following = set(ThreadFollow.objects.values_list("user__username", flat=True))
    assert following == {"ada", "grace"}


def test_the_message_that_is_answered_tells_of_its_thread(olympus, root):
    olympus.says("grace", "titan", "Nominal.", reply_to=root)
    actor = olympus.actor("ada")

    with pep.reading(actor):
        page = reads.open_room(actor, frames.OpenRoom(id="1", room=olympus.rooms["titan"].id))

    assert [(one.id, one.thread.replies) for one in page["messages"]] == [(root, 1)]


def test_a_reply_stays_out_of_the_room_unless_it_is_also_for_the_room(olympus, root):
    olympus.says("grace", "titan", "Aside.", reply_to=root)
    shown = olympus.says("grace", "titan", "For everybody.", reply_to=root, also_to_room=True)

    with olympus.inside():
        page = pages.page_of(olympus.rooms["titan"], around=None, limit=10)
    assert [one.id for one in page.messages] == [root, shown.message_id]


def test_a_thread_is_read_page_by_page(olympus, root):
    replies = [olympus.says("grace", "titan", f"Reply {number}.", reply_to=root) for number in range(5)]
    thread_id = replies[0].thread_id

    newest = opened(olympus, "ada", thread_id, limit=2)
    older = opened(olympus, "ada", thread_id, limit=2, before=newest["before"])

    assert [one.id for one in newest["messages"]] == [one.message_id for one in replies[3:]]
    assert [one.id for one in older["messages"]] == [one.message_id for one in replies[1:3]]
    assert (newest["more_before"], newest["thread"]["replies"]) == (True, 5)
    assert newest["thread"]["root"].id == root


def test_replies_count_as_unread_in_the_thread_and_not_in_the_room(olympus, root):
    reply = olympus.says("grace", "titan", "Nominal.", reply_to=root)

    assert opened(olympus, "ada", reply.thread_id)["thread"]["unread"] == 1
    assert opened(olympus, "grace", reply.thread_id)["thread"]["unread"] == 0


@pytest.mark.parametrize("how", ["reply_to", "thread_id"])
def test_nothing_is_answered_that_is_not_in_the_room(olympus, root, how):
    elsewhere = olympus.says("eve", "lobby", "In the lobby.")
    inside = olympus.says("grace", "lobby", "A reply.", reply_to=elsewhere.message_id)
    foreign = {"reply_to": elsewhere.message_id, "thread_id": inside.thread_id}[how]

    with assert_refused(olympus, NotFound, field={"reply_to": "reply_to", "thread_id": "thread"}[how]):
        olympus.says("grace", "titan", "Across.", **{how: foreign})
    with assert_refused(olympus, NotFound):
        olympus.says("grace", "titan", "Nowhere.", **{how: new_id()})


def test_the_threads_that_one_follows_are_those_of_rooms_that_one_may_read(olympus, root):
    olympus.says("grace", "titan", "Nominal.", reply_to=root)
    grace = olympus.actor("grace")

    def followed():
        with pep.reading(grace):
            return [one["id"] for one in reads.list_threads(grace, frames.ListThreads(id="1"))["threads"]]

    assert followed() == [thread_of(olympus, root).id]
    olympus.knows("grace", {"clearance": "SECRET"})
    assert followed() == []


def test_a_reply_takes_its_place_in_the_one_order_of_the_room(olympus, root):
    reply = olympus.says("grace", "titan", "Nominal.", reply_to=root)
    after = olympus.says("ada", "titan", "Next.")

    with olympus.inside():
        seqs = dict(Message.objects.filter(room_id=olympus.rooms["titan"].id).values_list("id", "seq"))
    assert [seqs[one] for one in (root, reply.message_id, after.message_id)] == [1, 2, 3]


@pytest.fixture
def guest(olympus: World, root) -> str:
    """Somebody in the room from whom what is marked SECRET is withheld, and who has answered before it was."""
    olympus.person("linus", CLEARED)
    olympus.joins("linus", "titan")
    olympus.says("linus", "titan", "Nominal.", reply_to=root)
    olympus.knows("linus", {**CLEARED, "department": "GUESTS"})
    decree(
        olympus,
        rule(
            "hide",
            "redact",
            "room:message:deliver",
            condition='resource.marking >= SECRET and department = "GUESTS"',
        ),
    )
    return "linus"


def test_of_a_thread_under_a_withheld_message_nothing_is_told(olympus, root, guest):
    olympus.says("grace", "titan", "Nominal.", reply_to=root)
    actor = olympus.actor(guest)

    with pep.reading(actor):
        listed = reads.list_threads(actor, frames.ListThreads(id="1", room=olympus.rooms["titan"].id))["threads"]
        followed = reads.list_threads(actor, frames.ListThreads(id="1"))["threads"]
    thread = opened(olympus, guest, thread_of(olympus, root).id)["thread"]

    for one in (*listed, *followed, thread):
        assert (one["title"], one["replies"], one["last_at"], one["unread"]) == (None, 0, None, 0)
        assert one["root"].view == "withheld"
    assert (len(listed), len(followed)) == (1, 1)


def test_what_is_withheld_is_not_there_to_be_answered(olympus, root, guest):
    other = olympus.says("ada", "titan", "Nobody has answered this.").message_id

    with assert_refused(olympus, NotFound, field="reply_to"):
        olympus.says(guest, "titan", "Aye.", reply_to=root)
    with assert_refused(olympus, NotFound, field="reply_to"):
        olympus.says(guest, "titan", "Aye.", reply_to=other)
    with assert_refused(olympus, NotFound, field="thread"):
        olympus.says(guest, "titan", "Aye.", thread_id=thread_of(olympus, root).id)
    assert olympus.says("grace", "titan", "Aye.", reply_to=root).thread_id == thread_of(olympus, root).id
