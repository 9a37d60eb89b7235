"""A seat hears of a room only once it was decided that it may, whatever came between reading it and sitting down."""

import asyncio
from itertools import count

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.models import Session
from rooms import doorbell, frames, news, presence
from rooms.dispatch import answer
from rooms.models import Membership, Room
from rooms.realtime import Realtime
from rooms.seats import Lease, Place, Seat
from rooms.threads import Lane
from tenancy.actor import new_id
from tenancy.errors import Unavailable
from tests.policy.sets import decree, rule
from tests.sockets import chat, connect
from tests.world import CLEARED, World

numbers = count(1)


@pytest.fixture(scope="module")
def olympus(committed) -> World:
    return committed("olympus")


@pytest.fixture
def linus(olympus) -> str:
    """Somebody for this test alone."""
    return olympus.somebody(CLEARED)


@pytest.fixture
def room(olympus, linus) -> Room:
    """A quiet room that nothing guards."""
    return olympus.own_room(linus)


def test_a_place_hears_nothing_before_it_was_decided_that_it_may():
    """Without a requirement a decision is enough until something changes; being in the room is not."""
    place = Place(new_id(), "SECRET", governed=False)

    fresh = place.hears(1.0)
    place.leases["SECRET"] = Lease(sees=True, until=0.0)
    decided = place.hears(1.0)
    place.void()

    assert (fresh, decided, place.hears(1.0), place.undecided) == (False, True, False, True)


async def test_what_was_read_before_something_was_revoked_is_read_again(olympus, linus):
    live = Realtime.__new__(Realtime)
    live.lane = Lane("test", 1)
    seat = Seat(await sync_to_async(olympus.actor)(linus), lambda _: None, lambda _: None)
    read = []

    def read_while_revoked(_actor, room_id):
        read.append(room_id)
        if len(read) == 1:
            seat.void()
        return len(read)

    assert await live.judged(seat, read_while_revoked, new_id()) == 2


async def test_what_is_revoked_each_time_it_is_read_is_told_by_nobody(olympus, linus):
    live = Realtime.__new__(Realtime)
    live.lane = Lane("test", 1)
    seat = Seat(await sync_to_async(olympus.actor)(linus), lambda _: None, lambda _: None)

    with pytest.raises(Unavailable):
        await live.judged(seat, lambda _actor, _about: seat.void(), new_id())


async def test_who_sits_here_is_here_whatever_another_process_says(server, olympus, linus):
    """It saw the last of its own sockets close, and knows nothing of this one."""
    person = olympus.people[linus]
    gone = news.PresenceChanged(workspace_id=olympus.id, user_id=person.id, state=presence.OFFLINE)
    mine = lambda frame: frame["user"] == str(person.id)  # noqa: E731 - reads as what it is
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, linus):
        await ada.expects("presence", mine)
        await sync_to_async(presence.leave)(person.id)
        await sync_to_async(doorbell.ring)([gone])

        assert (await ada.expects("presence", mine))["state"] == "active"


async def test_typing_in_a_quiet_room_reaches_whoever_has_just_come(server, olympus, linus, room):
    """Nothing was said there, so that nobody but the welcome has the guard asked."""
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, linus) as one:
        await ada.send("typing", room=room.id)
        told = await one.expects("typing")

    assert told["room"] == str(room.id)


async def test_a_session_that_has_lost_a_room_hears_of_no_reading_there(server, olympus, linus, room):
    """One of two sessions of a person is on a device that policy lets in."""
    name = next(name for name, one in olympus.rooms.items() if one.id == room.id)
    only = rule(
        "confirmed", "permit", "room:message:*", "room:read_mark:*",
        condition="environment.step_up_age <= 100000", scope={"names": [name]},
    )  # fmt: skip
    confirmed, token = await sync_to_async(olympus.sign_in)(linus)
    await sync_to_async(confirm)(olympus, confirmed)

    async with (
        chat(server, olympus, "ada") as ada,
        chat(server, olympus, linus) as out,
        connect(server, olympus, linus, token=token) as stays,
    ):
        await stays.hello()
        first = await ada.post(room.id, "One.")
        await ada.post(room.id, "Two.")
        await sync_to_async(decree)(olympus, only)
        await out.expects("room.left")
        await stays.result("read.set", room=room.id, message=first["message"])
        await stays.expects("read")
        await asyncio.sleep(0.5)

        assert "read" not in {frame["t"] for frame in out.seen}
    await sync_to_async(decree)(olympus)


def confirm(world: World, actor) -> None:
    with world.inside():
        Session.objects.filter(id=actor.environment.session_id).update(step_up_at=timezone.now())


def test_a_room_is_made_although_somebody_is_named_twice_or_is_its_maker(olympus):
    eve, grace = olympus.people["eve"].id, olympus.people["grace"].id
    made = [
        answer(
            olympus.actor("grace"),
            frames.CreateRoom(id="1", kind=kind, name=f"made {next(numbers)}", members=[eve, eve, grace]),
        )
        for kind in ("public", "private")
    ]

    assert [one["refused"] for one in made] == [[], []]
    with olympus.inside():
        for one in made:
            assert set(Membership.objects.filter(room_id=one["room"]["id"]).values_list("user_id", flat=True)) == {
                eve,
                grace,
            }
