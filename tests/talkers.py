"""Clients as `docs/websocket.md` asks for: what is not acked is sent again, what was missed is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import websockets

from rooms.frames import SUBPROTOCOL
from tenancy.actor import new_id
from tests.sockets import read_by_contract

PAUSE = 0.03
"""Below the limit of frames for one socket."""
AGAIN = 0.1
AT_ONCE = 4
PASSING = frozenset({"unavailable", "server_error", "rate_limited"})


@dataclass(slots=True)
class Talker:
    """Speaks in one room without pause, over as many sockets as it takes."""

    port: int
    host: str
    cookie: str
    room: str
    talking: bool = True
    open: set[str] = field(default_factory=set)
    acked: dict[str, str] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    refused: list[dict[str, Any]] = field(default_factory=list)
    sent_again: int = 0
    sockets: int = 0
    cursor: str | None = None
    _asking: bool = False

    async def run(self) -> None:
        """Come back whenever the line is lost."""
        while True:
            with suppress(OSError, TimeoutError, websockets.WebSocketException):
                await self._talk()
            await asyncio.sleep(AGAIN)

    async def _talk(self) -> None:
        async with websockets.connect(
            f"ws://{self.host}/ws/chat",
            host="127.0.0.1",
            port=self.port,
            subprotocols=[SUBPROTOCOL],
            origin=f"http://{self.host}",
            additional_headers={"Cookie": self.cookie},
            proxy=None,
            open_timeout=5,
        ) as socket:
            self.sockets += 1
            await self._greet(socket)
            speaking = asyncio.create_task(self._speak(socket))
            try:
                async for text in socket:
                    await self._take(socket, json.loads(text))
            finally:
                speaking.cancel()

    async def _greet(self, socket: websockets.ClientConnection) -> None:
        """A greeting that fails is a lost line."""
        resume = {self.room: self.cursor} if self.cursor else {}
        await socket.send(json.dumps({"t": "hello", "id": "hello", "resume": resume}))
        answer = json.loads(await asyncio.wait_for(socket.recv(), 5))
        if answer["t"] != "result":
            raise OSError(answer["code"])
        here = next(one for one in answer["data"]["rooms"] if one["id"] == self.room)
        self._asking = False
        if self.cursor is None:
            self.cursor = here["cursor"]
            return
        self._catch_up(answer["data"]["resumed"][self.room])

    async def _speak(self, socket: websockets.ClientConnection) -> None:
        with suppress(websockets.WebSocketException):
            for client_id in list(self.open):
                await self._send(socket, client_id, again=1)
            while True:
                await asyncio.sleep(PAUSE)
                if self.talking and len(self.open) < AT_ONCE:
                    await self._send(socket, str(new_id()))

    async def _send(self, socket: websockets.ClientConnection, client_id: str, *, again: int = 0) -> None:
        self.open.add(client_id)
        self.sent_again += again
        frame = {"t": "message.post", "id": client_id, "room": self.room, "client_id": client_id, "body": client_id}
        await socket.send(json.dumps(frame))

    async def _take(self, socket: websockets.ClientConnection, frame: dict[str, Any]) -> None:
        read_by_contract(frame)
        match frame:
            case {"t": "ack", "id": client_id, "message": message}:
                self.open.discard(client_id)
                self.acked[client_id] = message
            case {"t": "error", "code": code, "id": client_id} if code in PASSING:
                await asyncio.sleep(AGAIN)
                if client_id in self.open:
                    await self._send(socket, client_id, again=1)
            case {"t": "error"}:
                self.refused.append(frame)
            case {"t": "event", "room": self.room}:
                self._hear([frame["data"]])
                await self._follow(socket, frame["prev"], frame["cursor"])
            case {"t": "head", "rooms": {**cursors}} if self.room in cursors:
                await self._follow(socket, cursors[self.room], cursors[self.room])
            case {"t": "result", "id": "changes", "data": changes}:
                self._asking = False
                self._catch_up(changes)

    async def _follow(self, socket: websockets.ClientConnection, prev: str, cursor: str) -> None:
        """Go on from where one is; whoever is somewhere else asks for the gap."""
        if prev == self.cursor:
            self.cursor = cursor
            return
        if not self._asking and cursor != self.cursor:
            self._asking = True
            await socket.send(
                json.dumps({"t": "room.changes", "id": "changes", "room": self.room, "after": self.cursor})
            )

    def _catch_up(self, changes: dict[str, Any]) -> None:
        assert not changes["resync"], "nobody was away for so long"
        self._hear(changes["messages"])
        self.cursor = changes["cursor"]

    def _hear(self, messages: Sequence[dict[str, Any]]) -> None:
        self.heard.update(one["client_id"] for one in messages)


@asynccontextmanager
async def talking(talkers: Sequence[Talker]) -> AsyncIterator[None]:
    """All of them talk meanwhile."""
    running = [asyncio.create_task(one.run()) for one in talkers]
    try:
        yield
        failed = [one.exception() for one in running if one.done()]
        assert not failed, failed
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
