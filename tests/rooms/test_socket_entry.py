"""The way in to a socket: who gets one, what is said first, and what is no frame at all (ID-14, IN-7)."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import websockets
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from audit.events import Event
from policy.catalogue import Action
from rooms.frames import BODY_CHARS, FRAME_BYTES, SUBPROTOCOL, Close
from rooms.models import Message
from tenancy.actor import new_id
from tests.asserts import assert_audited, decided, recorded
from tests.sockets import chat, connect, serving
from tests.world import World


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@asynccontextmanager
async def plain(port: int, world: World, *, subprotocols: list[str], origin: str | None = None, token: str = ""):
    """A client that sends exactly this, and nothing of its own."""
    host = f"{world.workspace.slug}.localhost:{port}"
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={token}"} if token else {}
    async with websockets.connect(
        f"ws://{host}/ws/chat",
        host="127.0.0.1",
        port=port,
        subprotocols=subprotocols,
        origin=origin.format(host=host) if origin else None,
        additional_headers=headers,
        proxy=None,
    ) as connection:
        yield connection


async def code_of(connection) -> int:
    await connection.wait_closed()
    return connection.close_code


async def refused(*arguments, **options) -> int:
    """The status with which the handshake was refused."""
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with plain(*arguments, **options):
            pass
    return caught.value.response.status_code


def messages_in(world: World, room_id) -> int:
    with world.inside():
        return Message.objects.filter(room_id=room_id).count()


def ticket_of(world: World, username: str) -> str:
    client = Client(HTTP_HOST=f"{world.workspace.slug}.localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = world.token(username)
    return client.post("/api/v1/ticket/").json()["ticket"]


async def test_without_our_subprotocol_nobody_gets_in(server, olympus):
    status = await refused(server, olympus, subprotocols=["chat"], origin="http://{host}", token=olympus.token("grace"))

    assert status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
async def test_a_page_of_somebody_else_gets_no_socket_with_our_cookie(server, olympus, origin):
    token = olympus.token("grace")

    assert await refused(server, olympus, subprotocols=[SUBPROTOCOL], origin=origin, token=token) == 403

    await sync_to_async(assert_audited)(olympus, Event.ORIGIN_REFUSED, outcome="refused")


async def test_who_is_not_signed_in_is_told_so(server, olympus):
    async with plain(server, olympus, subprotocols=[SUBPROTOCOL], origin="http://{host}", token="crd_made_up") as one:
        assert await code_of(one) == Close.NOT_SIGNED_IN


async def test_a_ticket_opens_one_socket_and_no_second(server, olympus):
    ticket = await sync_to_async(ticket_of)(olympus, "grace")
    offered = [SUBPROTOCOL, f"ticket.{ticket}"]

    async with plain(server, olympus, subprotocols=offered) as first:
        await first.send(json.dumps({"t": "hello", "id": "1"}))
        welcome = json.loads(await first.recv())
        assert first.subprotocol == SUBPROTOCOL
        assert welcome["data"]["me"]["username"] == "grace"
    async with plain(server, olympus, subprotocols=offered) as second:
        assert await code_of(second) == Close.NOT_SIGNED_IN


@pytest.mark.slow
async def test_who_says_nothing_is_not_waited_for(server, olympus):
    async with connect(server, olympus, "grace") as silent:
        assert await silent.closed() == Close.HELLO_TIMEOUT


async def test_the_first_frame_is_hello(server, olympus):
    async with connect(server, olympus, "grace") as hasty:
        await hasty.send("ping", id="1")
        assert await hasty.closed() == Close.MALFORMED

    grace = await sync_to_async(olympus.actor)("grace")
    await sync_to_async(assert_audited)(olympus, Event.FRAME_REFUSED, grace, outcome="refused")


async def test_a_binary_frame_is_no_frame(server, olympus):
    async with chat(server, olympus, "grace") as grace:
        await grace._connection.send(b'{"t":"ping","id":"1"}')
        assert await grace.closed() == Close.MALFORMED


@pytest.mark.parametrize(
    ("who", "size", "code"), [("ada", FRAME_BYTES, Close.MALFORMED), ("eve", 4 * FRAME_BYTES, Close.TOO_LARGE)]
)
async def test_a_frame_of_more_than_64_kib_ends_the_socket_and_is_on_record(server, olympus, who, size, code):
    async with chat(server, olympus, who) as one:
        await one._connection.send(json.dumps({"t": "ping", "id": "1", "x": "y" * size}))
        assert await one.closed() == code
        await asyncio.sleep(1)  # what was not even read is noted once the socket has ended

    actor = await sync_to_async(olympus.actor)(who)
    await sync_to_async(assert_audited)(olympus, Event.FRAME_REFUSED, actor, outcome="refused")


@pytest.mark.parametrize("code", [1002, 1007, 1009])
async def test_a_client_that_leaves_with_such_a_code_was_not_refused(server, olympus, code):
    before = await sync_to_async(recorded)(olympus, Event.FRAME_REFUSED)

    async with chat(server, olympus, "grace") as one:
        await one._connection.close(code)
        await asyncio.sleep(1)

    assert await sync_to_async(recorded)(olympus, Event.FRAME_REFUSED) == before


async def test_an_invalid_hello_is_told_why_and_let_go(server, olympus):
    async with connect(server, olympus, "grace") as odd:
        await odd.send("hello", id="1", resume="everything")
        assert (await odd.expects("error"))["field"] == "frame"
        assert await odd.closed() == Close.MALFORMED


MALFORMED = {
    "no JSON": "hello",
    "no object": "[1, 2, 3]",
    "an unknown type": {"t": "room.destroy", "id": "1"},
    "no type": {"id": "1"},
    "an unknown field": {"t": "ping", "id": "1", "admin": True},
    "a missing field": {"t": "message.edit", "id": "1", "message": str(new_id())},
    "another type of value": {"t": "room.mute", "id": "1", "room": str(new_id()), "muted": "yes"},
    "no id of a room": {"t": "room.open", "id": "1", "room": "titan"},
    "a state that there is not": {"t": "presence.set", "id": "1", "state": "everywhere"},
    "a limit out of range": {"t": "room.open", "id": "1", "room": str(new_id()), "limit": 100_000},
    "an id that is too long": {"t": "ping", "id": "1" * 41},
    "a name of a method": {"t": "__class__", "id": "1"},
    "a depth that nobody means": "[" * 30_000 + "]" * 30_000,
    "an object that never ends": '{"t":' * 10_000,
    "too many people": {"t": "direct.open", "id": "1", "people": [str(new_id())] * 51},
}


async def test_what_is_no_frame_is_refused_and_the_socket_goes_on(server, olympus):
    async with chat(server, olympus, "grace") as grace:
        for what, frame in MALFORMED.items():
            await grace._connection.send(frame if isinstance(frame, str) else json.dumps(frame))
            error = await grace.expects("error")
            assert (error["code"], error["field"]) == ("invalid", "frame"), what
            assert error["id"] == ("1" if isinstance(frame, dict) and frame["id"] == "1" else None), what
            assert error["message"], what
        assert (await grace.ask("ping"))["t"] == "result"


async def test_a_body_has_so_many_characters_and_no_more(server, olympus):
    lobby = olympus.rooms["lobby"].id
    async with chat(server, olympus, "grace") as grace:
        assert (await grace.post(lobby, "x" * BODY_CHARS))["t"] == "ack"
        await grace.send("message.post", id="long", room=lobby, client_id=new_id(), body="x" * (BODY_CHARS + 1))
        error = await grace.expects("error")

    assert (error["id"], "body" in error["message"]) == ("long", True)
    assert await sync_to_async(messages_in)(olympus, lobby) == 1


async def test_who_asks_too_much_is_slowed_down_and_not_thrown_out(server, olympus):
    async with chat(server, olympus, "grace") as grace:
        for number in range(90):
            await grace.send("ping", id=f"p{number}")
        for _ in range(60):
            await grace.expects("result")
        slowed = await grace.expects("error")

    assert (slowed["code"], slowed["retry_after"] >= 1) == ("rate_limited", True)
    assert slowed["id"].startswith("p")


async def test_an_error_names_the_decision_that_refused(server, olympus):
    async with chat(server, olympus, "eve") as eve:
        error = await eve.ask("room.archive", room=olympus.rooms["lobby"].id)

    assert (error["t"], error["code"]) == ("error", "denied")
    records = await sync_to_async(decided)(olympus, Action.ROOM_ARCHIVE)
    assert error["decision"] in {str(one.id) for one in records}


async def test_welcome_tells_what_one_may_see_and_nothing_else(server, olympus):
    async with chat(server, olympus, "eve") as eve:
        rooms = {room["name"] for room in eve.welcome["rooms"]}
        raw = "".join(eve.heard)

    assert rooms == {"lobby"}
    assert str(olympus.rooms["titan"].id) not in raw
    assert "clearance" not in raw


async def test_on_a_shared_origin_each_workspace_has_its_socket_below_its_path(olympus):
    name, token = settings.SESSION_COOKIE_NAME, await sync_to_async(olympus.token)("grace")
    with serving(CORDON_SHARED_ORIGIN="1") as (port, _process):
        async with connect(port, olympus, "grace", path="/w/olympus", Cookie=f"{name}_olympus={token}") as grace:
            welcome = await grace.hello()

    assert welcome["workspace"]["slug"] == "olympus"
