"""What reading a room takes is asked at delivery too, and the stricter answer counts (PO-8, R10)."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from policy.catalogue import Action
from rooms import delivery
from rooms.delivery import Sighting
from rooms.models import Room
from tests.asserts import decided
from tests.policy.sets import decree, rule
from tests.sockets import chat
from tests.world import CLEARED, World

STEP_UP = [{"name": "step_up", "params": {"max_age": 300}}]
OF_TITAN = "program any_of {TITAN}"


@pytest.fixture(scope="module")
def olympus(committed) -> World:
    return committed("olympus")


@pytest.fixture
def room(olympus) -> Room:
    """A room without a requirement, with ada and grace in it."""
    return olympus.own_room("grace")


@pytest.fixture(autouse=True)
def nobodys_policy(olympus):
    """Whatever a test decrees is over with it."""
    yield
    decree(olympus)


def in_(world: World, room: Room) -> dict:
    return {"names": [next(name for name, one in world.rooms.items() if one.id == room.id)]}


def of(room: Room):
    return lambda frame: frame["room"] == str(room.id)


@pytest.mark.parametrize("action", ["room:message:read", "room:message:deliver"])
async def test_who_may_no_longer_read_or_be_told_is_out_at_once(server, olympus, room, action):
    closed = rule("closed", "deny", action, condition="department = FLIGHT", scope=in_(olympus, room))
    await sync_to_async(olympus.knows)("grace", {**CLEARED, "department": "FLIGHT"})

    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.post(room.id, "Before.")
        await grace.expects("event", of(room))
        await sync_to_async(decree)(olympus, closed)
        left = await grace.expects("room.left", of(room))
        await ada.post(room.id, "zirconium")
        await asyncio.sleep(0.5)

        assert "zirconium" not in "".join(grace.heard)

    assert left["reason"]["code"] == "denied"
    records = await sync_to_async(decided)(olympus, Action(action))
    assert left["decision"] in {str(record.id) for record in records}


async def test_a_fresh_proof_for_reading_covers_the_open_room_and_the_new_socket(server, olympus, room):
    confirm = rule("confirm", "permit", "room:message:read", obligations=STEP_UP, scope=in_(olympus, room))

    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.post(room.id, "Before.")
        await grace.expects("event", of(room))
        await sync_to_async(decree)(olympus, confirm)
        covered = await grace.expects("room.covered", of(room))
        async with chat(server, olympus, "grace") as fresh:
            view = next(one for one in fresh.welcome["rooms"] if one["id"] == str(room.id))
            await ada.post(room.id, "zirconium")
            await asyncio.sleep(0.5)

            assert "zirconium" not in "".join(grace.heard + fresh.heard)
            assert not [one for one in fresh.seen if one["t"] in ("event", "room.left") and of(room)(one)]

    assert (covered["state"], view["access"]["state"]) == ("step_up", "step_up")


async def test_what_reading_hides_is_hidden_live_and_on_the_page(server, olympus, room):
    await sync_to_async(decree)(olympus, rule("hide", "redact", "room:message:read", scope=in_(olympus, room)))

    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.post(room.id, "zirconium")
        event = await grace.expects("event", of(room))
        page = await grace.result("room.open", room=room.id)

        assert "zirconium" not in "".join(grace.heard)

    assert [event["data"]["view"]] == [one["view"] for one in page["messages"]] == ["withheld"]


def test_the_stricter_of_two_answers_counts(olympus, room):
    sighting = Sighting(olympus.actor("grace"), room.id, "SECRET")

    decree(
        olympus,
        rule("confirm", "permit", "room:message:read", obligations=STEP_UP, scope=in_(olympus, room)),
        rule("unknown", "deny", "room:message:deliver", condition="NOT department = X", scope=in_(olympus, room)),
    )
    olympus.knows("grace", CLEARED)
    unknown = delivery.judge([sighting])[sighting.key]
    olympus.knows("grace", {**CLEARED, "department": "X"})
    known = delivery.judge([sighting])[sighting.key]

    assert (unknown.cover, known.cover, known.sees) == ("unavailable", "step_up", False)


def test_where_no_rule_tells_them_apart_one_question_is_asked(olympus, room):
    sighting = Sighting(olympus.actor("grace"), room.id, "SECRET")
    decree(olympus, rule("open", "permit", "room:message:*", scope=in_(olympus, room)))
    delivery.judge([sighting])
    alike = [len(decided(olympus, action)) for action in (Action.MESSAGE_DELIVER, Action.MESSAGE_READ)]

    delivery.judge([sighting])

    after = [len(decided(olympus, action)) for action in (Action.MESSAGE_DELIVER, Action.MESSAGE_READ)]
    assert after == [alike[0] + 1, alike[1]]
