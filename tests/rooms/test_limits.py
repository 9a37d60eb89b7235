"""What one client may not do to all others: too many sockets, too many frames, too much at once (IN-5)."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts.models import Session
from audit.events import Event
from rooms import admission
from rooms.admission import Admission
from rooms.frames import ROOMS_RESUMED, Close
from tenancy.actor import Actor, new_id
from tenancy.errors import RateLimited
from tests.asserts import recorded
from tests.sockets import chat, connect
from tests.world import World


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


def coming_from(actor: Actor, address: str) -> Actor:
    return replace(actor, environment=replace(actor.environment, address=address))


def test_a_person_holds_so_many_sockets_and_no_more(olympus):
    doors, ada, grace = Admission(), olympus.actor("ada"), olympus.actor("grace")
    for _ in range(admission.PER_PERSON):
        doors.admit(ada)

    with pytest.raises(RateLimited):
        doors.admit(ada)
    doors.admit(grace)

    doors.release(ada)
    doors.admit(ada)


def test_an_address_holds_so_many_sockets_and_no_more(olympus, settings):
    settings.SOCKETS_PER_ADDRESS = 3
    doors = Admission()
    crowd = [coming_from(olympus.actor("ada"), "192.0.2.7") for _ in range(3)]
    for one in crowd:
        doors.admit(one)

    with pytest.raises(RateLimited):
        doors.admit(coming_from(olympus.actor("grace"), "192.0.2.7"))
    doors.admit(coming_from(olympus.actor("grace"), "192.0.2.8"))


async def test_the_socket_too_many_is_told_to_come_back_later(server, olympus):
    async with AsyncExitStack() as open_sockets:
        for _ in range(admission.PER_PERSON):
            await open_sockets.enter_async_context(connect(server, olympus, "ada"))
        one_more = await open_sockets.enter_async_context(connect(server, olympus, "ada"))

        assert await one_more.closed() == Close.TOO_MANY
    assert Close.TOO_MANY.resumable


async def test_who_floods_is_told_to_wait_and_then_let_go(server, olympus):
    async with chat(server, olympus, "grace") as grace:
        with suppress(ConnectionClosed):
            async with asyncio.timeout(30):
                while True:
                    await grace.send("typing", room=new_id())
                    await asyncio.sleep(0)
        code = await grace.closed()
        refused = await grace.expects("error")

    assert refused["code"] == "rate_limited"
    assert refused["retry_after"] >= 1
    assert code == Close.TOO_MANY
    scopes = [line.data.get("scope") for line in await sync_to_async(recorded)(olympus, Event.RATE_LIMITED)]
    assert scopes.count("frames") == 1


async def test_what_a_client_does_by_itself_keeps_no_session_awake(server, olympus):
    room = olympus.rooms["titan"].id
    async with chat(server, olympus, "grace") as grace:
        rested = await sync_to_async(rest)(grace, olympus)
        await grace.result("ping")
        await grace.ask("room.changes", room=room, after="x")
        assert await sync_to_async(last_used)(grace, olympus) == rested

        await grace.result("room.open", room=room)

        async with asyncio.timeout(5):
            while await sync_to_async(last_used)(grace, olympus) == rested:  # noqa: ASYNC110 — it is in a database
                await asyncio.sleep(0.02)


async def test_more_rooms_than_anybody_has_cannot_be_resumed(server, olympus):
    async with connect(server, olympus, "grace") as grace:
        answer = await grace.ask("hello", resume={new_id(): "x" for _ in range(ROOMS_RESUMED + 1)})

    assert answer["code"] == "invalid"
    assert "resume" in answer["message"]


def rest(one, world: World):
    """The session was last used a while ago."""
    then = timezone.now() - timedelta(minutes=5)
    with world.inside():
        Session.objects.filter(id=one.welcome["session"]["id"]).update(last_used_at=then)
    return then


def last_used(one, world: World):
    with world.inside():
        return Session.objects.get(id=one.welcome["session"]["id"]).last_used_at
