"""What the hot walks cost in statements. The numbers may go down; neither a crowd nor a batch drives them up."""

from itertools import count

import pytest

from accounts.actions import create_group
from rooms import delivery, loading
from rooms.actions.messages import posted_news
from rooms.delivery import Sighting
from rooms.dispatch import answer
from rooms.frames import Hello, ListThreads, OpenRoom
from rooms.posting import Post, Posted
from rooms.postqueue import commit_posts
from tenancy.actor import new_id
from tests.statements import cost_of, sent
from tests.world import CLEARED, GUARD, World

POSTING = 6
"""Scope, epochs held, look up, places taken, messages, record."""
POSTING_AFTER_ALL_WAS_VOID = 17
ANSWERING = 29
TELLING_OTHERS = 4
JUDGING_RECIPIENTS = 15
"""One of them asks whether policy tells delivering and reading apart."""
OPENING_A_ROOM = 34
LISTING_THREADS = 35
COMING_IN = 47
numbers = count(1)


@pytest.fixture(scope="module")
def olympus(committed) -> World:
    """Committed, as in life: what is known of keys and policy is kept between two pieces of work."""
    return committed("olympus")


@pytest.fixture
def room(olympus: World) -> str:
    """A governed room of this test alone."""
    name = f"vault {next(numbers)}"
    olympus.room(name, requirement=GUARD)
    olympus.joins("grace", name)
    return name


def posts(world: World, room: str, times: int, *people: str, body: str = "Word.", **how: object) -> list[Post]:
    room_id = world.rooms[room].id
    return [Post(world.actor(one), room_id, new_id(), body, **how) for one in people for _ in range(times)]


def say(world: World, room: str, times: int, *people: str) -> list[Posted]:
    outcomes = commit_posts(world.id, posts(world, room, times, *people or ("grace",)))
    assert all(isinstance(one, Posted) for one in outcomes)
    return outcomes


def test_a_batch_of_fifty_is_posted_with_as_many_statements_as_one_message(olympus, room):
    say(olympus, room, 1, "grace", "ada")

    one = cost_of(lambda: say(olympus, room, 1))
    fifty = cost_of(lambda: say(olympus, room, 50))
    of_two = cost_of(lambda: say(olympus, room, 25, "grace", "ada"))

    assert one == fifty == of_two <= POSTING


CALLS = " ".join(f"@crew{number} @group:team{number}" for number in range(24))


@pytest.mark.parametrize(
    ("body", "most"),
    [("@ada, look.", 8), ("@group:nobodys and @ada", 20), (CALLS, 22), ("@room", 18), (f"@room {CALLS}", 32)],
    ids=["a person", "a group", "many", "the room", "all of it"],
)
def test_a_batch_that_calls_people_costs_as_many_statements_as_one_message_that_does(olympus, room, body, most):
    def called(times: int) -> int:
        batch = posts(olympus, room, times, "grace", "ada", body=body)
        heard: list[object] = []
        cost = cost_of(lambda: heard.extend(commit_posts(olympus.id, batch)))
        assert all(isinstance(one, Posted) for one in heard)
        return cost

    create_group(olympus.system, name=f"nobodys {room}")
    called(1)

    assert called(1) == called(40) <= most


def test_a_batch_of_replies_costs_as_many_statements_as_one_reply(olympus, room):
    roots = [one.message_id for one in say(olympus, room, 60)]
    batches = [[Post(olympus.actor("ada"), olympus.rooms[room].id, new_id(), "Aye.", reply_to=root) for root in some]
               for some in (roots[:1], roots[1:2], roots[2:], roots[:1], roots)]  # fmt: skip

    _warm, opening, opening_many, answering, answering_many = (
        cost_of(lambda batch=batch: commit_posts(olympus.id, batch)) for batch in batches
    )

    assert opening == opening_many <= ANSWERING + 4
    assert answering == answering_many <= ANSWERING


def test_a_batch_without_a_lease_is_judged_with_as_many_statements_as_one_message(olympus, room):
    say(olympus, room, 1)

    olympus.knows("grace", CLEARED | {"department": "ONE"})
    one = cost_of(lambda: say(olympus, room, 1))
    olympus.knows("grace", CLEARED)
    fifty = cost_of(lambda: say(olympus, room, 50))

    assert one == fifty <= POSTING_AFTER_ALL_WAS_VOID


def test_fifty_messages_are_told_with_as_many_statements_as_one(olympus, room):
    posted = say(olympus, room, 50)

    one = cost_of(lambda: loading.happenings(posted_news(olympus.id, posted[:1])))
    fifty = cost_of(lambda: loading.happenings(posted_news(olympus.id, posted)))

    assert one == fifty <= TELLING_OTHERS


def test_what_this_process_has_posted_is_told_without_a_statement(olympus, room):
    posted = say(olympus, room, 50)

    assert cost_of(lambda: loading.fresh_happenings(olympus.id, posted)) == 0


def test_ten_recipients_are_judged_with_as_many_statements_as_one(olympus, room):
    crew = [f"crew{number}" for number in range(10)]
    for name in crew:
        olympus.person(name, CLEARED)
        olympus.joins(name, room)
    sightings = [Sighting(olympus.actor(name), olympus.rooms[room].id, "SECRET") for name in crew]
    delivery.judge(sightings)

    one = cost_of(lambda: delivery.judge(sightings[:1]))
    ten = cost_of(lambda: delivery.judge(sightings))

    assert one == ten <= JUDGING_RECIPIENTS
    assert all(verdict.sees for verdict in delivery.judge(sightings).values())


def test_a_page_of_fifty_costs_as_many_statements_as_a_page_of_one(olympus, room):
    say(olympus, room, 50, "grace", "ada")
    grace, room_id = olympus.actor("grace"), olympus.rooms[room].id

    def opened(limit: int) -> int:
        return cost_of(lambda: answer(grace, OpenRoom(id="1", room=room_id, limit=limit)))

    opened(50)

    assert opened(1) == opened(50) <= OPENING_A_ROOM


def test_thirty_threads_are_listed_with_as_many_statements_as_one(olympus, room):
    grace, room_id = olympus.actor("grace"), olympus.rooms[room].id

    def answered(times: int) -> None:
        roots = say(olympus, room, times)
        olympus.says("ada", room, "For its own.", reply_to=roots[0].message_id)
        commit_posts(
            olympus.id,
            [Post(olympus.actor("ada"), room_id, new_id(), "Aye.", reply_to=root.message_id) for root in roots],
        )

    def listed(**of: object) -> tuple[int, int]:
        heard: list[int] = []
        cost = cost_of(lambda: heard.append(len(answer(grace, ListThreads(id="1", **of))["threads"])))
        return heard[0], cost

    answered(1)
    listed(room=room_id), listed()
    one, followed = listed(room=room_id), listed()
    answered(29)

    assert (listed(room=room_id)[0], one[0]) == (30, 1)
    assert listed(room=room_id)[1] == one[1] <= LISTING_THREADS
    assert listed()[1] == followed[1] <= LISTING_THREADS


def test_coming_in_costs_as_many_statements_with_ten_rooms_as_with_one(olympus):
    olympus.person("linus")
    for name in ("lobby", *(f"room {number}" for number in range(10))):
        if name not in olympus.rooms:
            olympus.room(name)
        olympus.joins("linus", name)
    linus, eve = olympus.actor("linus"), olympus.actor("eve")

    def came_in(actor) -> int:
        loading.welcomed(actor, Hello(id="1"))
        return cost_of(lambda: loading.welcomed(actor, Hello(id="1")))

    assert came_in(eve) == came_in(linus) <= COMING_IN


def test_a_statement_that_goes_past_django_is_counted_too(olympus, room):
    with sent() as heard:
        say(olympus, room, 1)

    assert [one for one in heard if "insert into rooms_message" in one]
    assert [one for one in heard if "insert into audit_event" in one]
