"""A real server and real sockets: `async with chat(world, "grace") as grace: await grace.post(room, "..")`."""

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import uvicorn
import uvloop
import websockets
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.module_loading import import_string

from rooms.frames import SUBPROTOCOL
from tenancy.actor import new_id
from tests.world import World

WITHIN = 5.0


class _Quiet(uvicorn.Server):
    def install_signal_handlers(self) -> None: ...


@pytest.fixture(scope="session")
def server(django_db_setup) -> Iterator[int]:
    """The product's own ASGI application under uvicorn, in a thread of the test process; gives its port."""
    from chatapp.asgi import application  # noqa: PLC0415 — builds the whole tree

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        ws=import_string(settings.WEBSOCKET_PROTOCOL),
        ws_max_size=settings.FRAME_LIMIT,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    running = _Quiet(config)
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(running.serve()), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not running.started and time.monotonic() < until:
        time.sleep(0.02)
    yield port
    running.should_exit = True
    thread.join(5)


@pytest.fixture
def live_server_url(server: int) -> str:
    return f"http://127.0.0.1:{server}"


class Chat:
    """One person's socket. Frames that answer a request go to it; all others are kept in order in `seen`."""

    def __init__(self, connection: websockets.ClientConnection, world: World, username: str) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._waiters: list[asyncio.Event] = []
        self.world = world
        self.username = username
        self.seen: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self._connection:
            frame = json.loads(text)
            answer = self._answers.pop(frame.get("id") or "", None)
            if answer is not None:
                answer.set_result(frame)
                continue
            self.seen.append(frame)
            for waiter in self._waiters:
                waiter.set()

    async def send(self, kind: str, **fields: Any) -> None:
        """A frame without an answer."""
        await self._connection.send(json.dumps({"t": kind, **_plain(fields)}))

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """A request and its one answer, whatever it is."""
        request_id = str(next(self._ids))
        self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.send(kind, id=request_id, **fields)
        return await asyncio.wait_for(self._answers_or_gone(request_id), WITHIN)

    async def _answers_or_gone(self, request_id: str) -> dict[str, Any]:
        return await self._answers[request_id] if request_id in self._answers else {}

    async def result(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The data of a request that must succeed."""
        answer = await self.ask(kind, **fields)
        assert answer["t"] == "result", answer
        return answer["data"]

    async def hello(self, **fields: Any) -> dict[str, Any]:
        self.welcome = await self.result("hello", **fields)
        return self.welcome

    async def post(self, room: UUID | str, body: str, **fields: Any) -> dict[str, Any]:
        """Post and give the answer: an ack, or an error."""
        return await self.ask("message.post", room=room, body=body, client_id=fields.pop("client_id", new_id()), **fields)

    async def expects(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next frame of this type that fits, already here or still to come."""
        event = asyncio.Event()
        self._waiters.append(event)
        try:
            async with asyncio.timeout(WITHIN):
                while True:
                    event.clear()
                    for index, frame in enumerate(self.seen):
                        if frame["t"] == kind and fits(frame):
                            return self.seen.pop(index)
                    await event.wait()
        except TimeoutError:
            raise AssertionError(f"{self.username} saw no {kind}; saw {[one['t'] for one in self.seen]}") from None
        finally:
            self._waiters.remove(event)

    async def closed(self) -> int | None:
        """The close code, once the server has closed."""
        await asyncio.wait_for(self._connection.wait_closed(), WITHIN)
        return self._connection.close_code

    async def drop(self) -> None:
        """Lose the connection without a word, as a network does."""
        self._connection.transport.abort()

    async def close(self) -> None:
        self._reader.cancel()
        await self._connection.close()


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in fields.items()}


def _json(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    return value


@asynccontextmanager
async def connect(port: int, world: World, username: str, *, token: str | None = None, **headers: str) -> AsyncIterator[Chat]:
    """A socket that has not said hello yet."""
    token = token or await sync_to_async(world.token)(username)
    host = f"{world.workspace.slug}.localhost:{port}"
    given = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={token}", **headers}
    async with websockets.connect(
        f"ws://{host}/ws/chat",
        host="127.0.0.1",
        port=port,
        subprotocols=[SUBPROTOCOL],
        origin=headers.get("Origin", f"http://{host}"),
        additional_headers={name: value for name, value in given.items() if name != "Origin"},
        proxy=None,
    ) as connection:
        chat = Chat(connection, world, username)
        try:
            yield chat
        finally:
            await chat.close()


@asynccontextmanager
async def chat(port: int, world: World, username: str, **fields: Any) -> AsyncIterator[Chat]:
    """A socket that has been welcomed."""
    async with connect(port, world, username) as one:
        await one.hello(**fields)
        yield one
