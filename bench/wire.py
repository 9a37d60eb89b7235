"""A lean WebSocket client: one protocol object per connection, no task, no library, so that one process is a thousand.

Masks with the zero key, which RFC 6455 §5.3 forbids to browsers and which costs nothing to a generator on loopback.
"""

import asyncio
import base64
import os
import re
from array import array
from collections.abc import Callable
from time import monotonic_ns
from typing import Any
from uuid import uuid4

import msgspec

MARK = b"~#"
STAMP_DIGITS = 20
PADDING = "The flight controller confirms nominal telemetry on all channels; continue with the planned burn. " * 3
BODY_CHARS = 200
_MEDIUM, _LARGE = 126, 127
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_ACK = re.compile(rb'^\{"t":"ack","id":"([^"]+)"')


def body() -> str:
    """200 characters that carry the moment of their sending; no sign in them calls anybody."""
    return f"~#{monotonic_ns():0{STAMP_DIGITS}d} {PADDING}"[:BODY_CHARS]


def client_frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    size = len(payload)
    if size < _MEDIUM:
        return bytes((opcode, 0x80 | size, 0, 0, 0, 0)) + payload
    return bytes((opcode, 0x80 | _MEDIUM)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload


class Deliveries:
    """What all connections of a scenario received, as latencies in nanoseconds."""

    def __init__(self) -> None:
        self.latencies = array("Q")
        self.last_ns = 0
        self._target = -1
        self._reached: asyncio.Future[None] | None = None

    def clear(self) -> None:
        self.latencies = array("Q")

    def note(self, latency_ns: int, now_ns: int) -> None:
        self.latencies.append(latency_ns)
        self.last_ns = now_ns
        if self._target == len(self.latencies) and self._reached is not None and not self._reached.done():
            self._reached.set_result(None)

    async def reach(self, count: int, seconds: float) -> bool:
        """Wait until so many have come."""
        if len(self.latencies) >= count:
            return True
        self._target, self._reached = count, asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._reached, seconds)
        except TimeoutError:
            return False
        return True


class Socket(asyncio.Protocol):
    """One person's connection. A receiver notes deliveries, a sender hears its acks, both hear of other frames."""

    def __init__(self, name: str, request: bytes) -> None:
        self.name = name
        self.deliveries: Deliveries | None = None
        self.acks: dict[bytes, Callable[[int], None]] = {}
        self.on_other: Callable[[Socket, bytes, int], None] | None = None
        self.closed = False
        self.errors: list[bytes] = []
        loop = asyncio.get_running_loop()
        self.upgraded: asyncio.Future[None] = loop.create_future()
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._request = request
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        for waiting in (self.upgraded, *self._answers.values()):
            if not waiting.done():
                waiting.set_exception(exc or ConnectionError(f"{self.name}: the server closed; {self._rest[:300]!r}"))

    def data_received(self, data: bytes) -> None:
        now = monotonic_ns()
        if self._rest:
            data, self._rest = self._rest + data, b""
        if not self.upgraded.done():
            self._upgrade(data, now)
            return
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == _MEDIUM:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == _LARGE:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + size > end or start > end:
                break
            self._frame(data[at], data, start, start + size, now)
            at = start + size
        if at < end:
            self._rest = data[at:]

    def _upgrade(self, data: bytes, now: int) -> None:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            self._rest = data
            return
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.upgraded.set_exception(ConnectionError(f"{self.name}: {head[:200]!r}"))
            return
        self.upgraded.set_result(None)
        if rest:
            self.data_received(rest)

    def _frame(self, opcode: int, data: bytes, start: int, stop: int, now: int) -> None:
        if opcode == _TEXT:
            self._text(data, start, stop, now)
        elif opcode == _PING:
            self.transport.write(client_frame(data[start:stop], _PONG))
        elif opcode == _CLOSE:
            self.errors.append(b"closed: " + data[start:stop])
            self.transport.close()

    def _text(self, data: bytes, start: int, stop: int, now: int) -> None:
        found = data.find(MARK, start, stop)
        if found >= 0:
            if self.deliveries is not None:
                sent = int(data[found + 2 : found + 2 + STAMP_DIGITS])
                self.deliveries.note(now - sent, now)
            return
        payload = data[start:stop]
        ack = _ACK.match(payload)
        if ack is not None:
            told = self.acks.pop(ack[1], None)
            if told is not None:
                told(now)
            return
        if payload.startswith((b'{"t":"result"', b'{"t":"error"')):
            self._answered(payload)
            return
        if self.on_other is not None:
            self.on_other(self, payload, now)

    def _answered(self, payload: bytes) -> None:
        told = msgspec.json.decode(payload[:400] if payload.startswith(b'{"t":"error"') else payload)
        waiting = self._answers.pop(told.get("id") or "", None)
        if told["t"] == "error":
            self.errors.append(payload)
        if waiting is not None and not waiting.done():
            waiting.set_result(payload)

    def send(self, frame: dict[str, object]) -> None:
        self.transport.write(client_frame(msgspec.json.encode(frame)))

    async def ask(self, frame: dict[str, object], *, seconds: float = 60) -> bytes:
        """Send a request and give its answer."""
        request_id = str(frame["id"])
        waiting = self._answers[request_id] = asyncio.get_running_loop().create_future()
        self.send(frame)
        return await asyncio.wait_for(waiting, seconds)

    def post(self, room: str, told: Callable[[int], None]) -> None:
        """Post one message now; `told` hears of the ack."""
        client_id = str(uuid4())
        self.acks[client_id.encode()] = told
        self.send({"t": "message.post", "id": client_id, "room": room, "client_id": client_id, "body": body()})


async def connect(name: str, *, port: int, token: str, rooms: list[str]) -> Socket:
    """A connection that has been welcomed. `rooms` is for servers that know no memberships."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET /ws/chat?rooms={','.join(rooms)} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: cordon.chat.v1",
        f"Cookie: cordon_session={token}",
        "User-Agent: bench",
    )
    request = "\r\n".join((*lines, "", "")).encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(name, request), "127.0.0.1", port)
    await socket.upgraded
    await socket.ask({"t": "hello", "id": "h"})
    return socket
