"""A real server and real sockets: `async with chat(world, "grace") as grace: await grace.post(room, "..")`."""

import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Union
from uuid import UUID

import msgspec
import pytest
import websockets
from asgiref.sync import sync_to_async
from django.conf import settings

from rooms.frames import CLIENT_FRAMES, SUBPROTOCOL
from rooms.outgoing import RESULTS, SERVER_FRAMES
from tenancy.actor import new_id
from tests.world import World

WITHIN = 20.0
MANAGE = Path(__file__).resolve().parent.parent / "manage.py"


@pytest.fixture(scope="session")
def server(django_db_setup) -> Iterator[int]:
    """The product's own web process on this worker's database; gives its port."""
    with serving() as (port, _process):
        yield port


@contextmanager
def serving(log_file: Path | None = None, **environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`manage.py serve` as an operator runs it, on a free port of loopback."""
    port = free_port()
    with log_file.open("wb+") if log_file else tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, MANAGE, "serve", "--port", str(port)],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "chatapp.settings_test", **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(port, process, log)
            yield port, process
        finally:
            process.terminate()
            process.wait(15)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    log.seek(0)
    raise RuntimeError(f"the web process did not start:\n{log.read().decode()}")


_SERVER_FRAME = Union[SERVER_FRAMES]  # noqa: UP007 — built from the table
_REQUESTS = {frame.__struct_config__.tag: frame for frame in CLIENT_FRAMES}


def read_by_contract(frame: dict[str, Any], asked: str = "") -> None:
    """Every frame that a test receives must be one that is described, in every field; so must the data of an answer."""
    msgspec.convert(frame, _SERVER_FRAME)
    shape = RESULTS.get(_REQUESTS[asked]) if asked and frame["t"] == "result" else None
    if shape is not None:
        msgspec.convert(frame["data"], shape)


class Chat:
    """One person's socket. Frames that answer a request go to it; all others are kept in order in `seen`.

    `heard` is everything, as it came over the wire.
    """

    def __init__(self, connection: websockets.ClientConnection, world: World, username: str) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._waiters: list[asyncio.Event] = []
        self.world = world
        self.username = username
        self.seen: list[dict[str, Any]] = []
        self.heard: list[str] = []
        self.welcome: dict[str, Any] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self._connection:
            self.heard.append(text)
            frame = json.loads(text)
            read_by_contract(frame)
            answer = self._answers.pop(frame.get("id") or "", None)
            if answer is not None:
                answer.set_result(frame)
                continue
            self.seen.append(frame)
            for waiter in self._waiters:
                waiter.set()

    async def send(self, kind: str, /, **fields: Any) -> None:
        """A frame without an answer."""
        await self._connection.send(json.dumps({"t": kind, **_plain(fields)}))

    async def ask(self, kind: str, /, **fields: Any) -> dict[str, Any]:
        """A request and its one answer, whatever it is."""
        request_id = str(next(self._ids))
        self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.send(kind, id=request_id, **fields)
        return await asyncio.wait_for(self._answers_or_gone(request_id), WITHIN)

    async def _answers_or_gone(self, request_id: str) -> dict[str, Any]:
        return await self._answers[request_id] if request_id in self._answers else {}

    async def result(self, kind: str, /, **fields: Any) -> dict[str, Any]:
        """The data of a request that must succeed."""
        answer = await self.ask(kind, **fields)
        assert answer["t"] == "result", answer
        read_by_contract(answer, kind)
        return answer["data"]

    async def hello(self, **fields: Any) -> dict[str, Any]:
        self.welcome = await self.result("hello", **fields)
        return self.welcome

    async def post(self, room: UUID | str, body: str, **fields: Any) -> dict[str, Any]:
        """Post and give the answer: an ack, or an error."""
        return await self.ask(
            "message.post", room=room, body=body, client_id=fields.pop("client_id", new_id()), **fields
        )

    async def expects(
        self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True, *, within: float = WITHIN
    ) -> dict[str, Any]:
        """The next frame of this type that fits, already here or still to come."""
        event = asyncio.Event()
        self._waiters.append(event)
        try:
            async with asyncio.timeout(within):
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
async def connect(
    port: int, world: World, username: str, *, token: str | None = None, path: str = "", **headers: str
) -> AsyncIterator[Chat]:
    """A socket that has not said hello yet."""
    token = token or await sync_to_async(world.token)(username)
    host = f"{world.workspace.slug}.localhost:{port}"
    given = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={token}", **headers}
    async with websockets.connect(
        f"ws://{host}{path}/ws/chat",
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
