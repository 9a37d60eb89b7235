"""Somebody who does not read what is sent is let go, and may come back; nobody else notices (CH-2)."""

import asyncio
import socket
import struct

import psutil
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from rooms.consumers import GONE_WITHIN
from rooms.frames import BODY_CHARS, SUBPROTOCOL, Close
from rooms.models import RoomKind
from rooms.posting import Post
from rooms.postqueue import commit_posts, ring_others
from tenancy.actor import new_id
from tests.sockets import chat
from tests.world import World

POSTS = 400
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


class Sleeper:
    """A client that says hello and then reads nothing: what is sent to it piles up on the server."""

    def __init__(self, port: int, world: World, username: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        host = f"{world.workspace.slug}.localhost:{port}"
        self.protocol = ClientProtocol(parse_uri(f"ws://{host}/ws/chat"), subprotocols=[SUBPROTOCOL], max_size=None)
        request = self.protocol.connect()
        request.headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={world.token(username)}"
        request.headers["Origin"] = f"http://{host}"
        self.protocol.send_request(request)
        self._flush()

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            self.socket.sendall(data)

    def says_hello(self) -> None:
        while self.protocol.state.name == "CONNECTING":
            self.protocol.receive_data(self.socket.recv(65536))
        self.protocol.send_text(b'{"t":"hello","id":"1"}')
        self._flush()
        while not any(isinstance(event, Frame) for event in self.protocol.events_received()):
            self.protocol.receive_data(self.socket.recv(65536))

    def wakes(self) -> int:
        """Read everything that has piled up; the code with which the server closed."""
        self.socket.settimeout(10)
        while True:
            data = self.socket.recv(1 << 20)
            if not data:
                raise AssertionError("the server was gone without a word")
            self.protocol.receive_data(data)
            for event in self.protocol.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                    return struct.unpack("!H", event.data[:2])[0]


def pour(world: World, room_id) -> None:
    actor = world.actor("ada")
    for _ in range(POSTS // 50):
        posts = [Post(actor, room_id, new_id(), "x" * BODY_CHARS) for _ in range(50)]
        ring_others(world.id, commit_posts(world.id, posts))


def held(port: int, client: Sleeper) -> bool:
    """Whether the server still keeps the connection of this client."""
    ours = client.socket.getsockname()[1]
    return any(
        one.pid is not None and one.laddr.port == port and one.raddr and one.raddr.port == ours
        for one in psutil.net_connections("tcp")
    )


async def test_who_does_not_read_is_closed_and_everybody_else_hears_everything(server, olympus):
    room = await sync_to_async(olympus.room)("flood", kind=RoomKind.PUBLIC)
    for username in ("grace", "eve"):
        await sync_to_async(olympus.joins)(username, "flood")
    sleeper, dead = [await sync_to_async(Sleeper)(server, olympus, "grace") for _ in range(2)]
    for one in (sleeper, dead):
        await sync_to_async(one.says_hello)()

    async with chat(server, olympus, "eve") as eve:
        pouring = asyncio.create_task(sync_to_async(pour)(olympus, room.id))
        heard = [await eve.expects("event") for _ in range(POSTS)]
        await pouring
    code = await sync_to_async(sleeper.wakes)()
    async with asyncio.timeout(GONE_WITHIN + 10):
        while await sync_to_async(held)(server, dead):  # noqa: ASYNC110 — it is the kernel that knows
            await asyncio.sleep(0.1)
    for one in (sleeper, dead):
        one.socket.close()

    assert code == Close.TOO_SLOW
    assert Close.TOO_SLOW.resumable
    assert [one["prev"] for one in heard[1:]] == [one["cursor"] for one in heard[:-1]]
