"""The ceiling: a bare broadcast on uvloop. No database, no policy, no keys, no order, no sign-in: only the sockets.

Speaks as much of the wire as the load generator does. What no server in Python on one core can be faster than.
"""

import asyncio
import base64
import hashlib
import sys
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import uvloop

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MEDIUM = 126
ROOMS: dict[str, set["Bare"]] = defaultdict(set)


def text_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < _MEDIUM:
        return bytes((0x81, size)) + payload
    return b"\x81\x7e" + size.to_bytes(2, "big") + payload


class Bare(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.up, self.rest = False, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for members in ROOMS.values():
            members.discard(self)

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        if not self.up:
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                self.rest = head
                return
            self._accept(head)
        self.rest = self._frames(data)

    def _accept(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        query = parse_qs(urlsplit(lines[0].split()[1].decode()).query)
        for room in query.get("rooms", [""])[0].split(","):
            ROOMS[room].add(self)
        key = next(line.split(b":", 1)[1].strip() for line in lines if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: cordon.chat.v1\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.up = True

    def _frames(self, data: bytes) -> bytes:
        at = 0
        while len(data) - at >= 6:
            size, start = data[at + 1] & 0x7F, at + 6
            if size == _MEDIUM:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
            if start + size > len(data):
                break
            if data[at] == 0x81:
                self._handle(msgspec.json.decode(data[start : start + size]))
            at = start + size
        return data[at:]

    def _handle(self, frame: dict[str, Any]) -> None:
        if frame["t"] != "message.post":
            self.transport.write(text_frame(msgspec.json.encode({"t": "result", "id": frame["id"], "data": {}})))
            return
        self.transport.write(text_frame(msgspec.json.encode({"t": "ack", "id": frame["id"], "room": frame["room"]})))
        told = {"t": "event", "room": frame["room"], "kind": "message.posted", "data": {"body": frame["body"]}}
        wire = text_frame(msgspec.json.encode(told))
        for member in ROOMS[frame["room"]]:
            member.transport.write(wire)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
