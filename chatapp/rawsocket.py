"""uvicorn's WebSocket protocol, with a way for the hub to write one encoded frame to many sockets (R39).

Leans on names of one uvicorn release. It is tried at start; where it does not fit, uvicorn's own protocol serves, and
the consumer uses plain ASGI `send`, which does the same thing slower.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from rooms.seats import Parcel

logger = logging.getLogger(__name__)
_SHORT, _MEDIUM = 126, 65_536


def text_frame(payload: bytes) -> bytes:
    """One final, unmasked text frame (RFC 6455 §5.2)."""
    size = len(payload)
    if size < _SHORT:
        return bytes((0x81, size)) + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def on_the_wire(payloads: Iterable[bytes]) -> bytes:
    return b"".join(map(text_frame, payloads))


class RawSocket:
    """The open connection under a socket."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol

    def send_text(self, payloads: Iterable[bytes], most: int) -> bool:
        """Write these frames without waiting; False when more than `most` bytes are still pending."""
        transport = self._protocol.transport
        if self._protocol.close_sent or transport.is_closing():
            return True
        if transport.get_write_buffer_size() > most:
            return False
        transport.write(payloads.once(on_the_wire) if isinstance(payloads, Parcel) else on_the_wire(payloads))
        return True

    def forget_handshake(self) -> None:
        """Let go of the request that opened the connection: it carries the session's cookie; nobody reads it again."""
        cast("dict[str, object]", self._protocol.scope).clear()
        del self._protocol.request, self._protocol.response

    def said_goodbye(self) -> bool:
        """Whether the client ended the socket with a close frame of its own, rather than this side."""
        connection = self._protocol.conn
        return connection.close_rcvd is not None and bool(connection.close_rcvd_then_sent)

    def abort(self) -> None:
        """Break the connection off, whatever is still on its way to a client that does not read."""
        self._protocol.transport.abort()


class RawProtocol(WebSocketsSansIOProtocol):
    """Shows the connection to the application once the handshake has been accepted."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        response = getattr(self, "response", None)
        if response is not None and response.status_code == 101:  # noqa: PLR2004 — switching protocols
            extensions = cast("dict[str, object]", self.scope.setdefault("extensions", {}))
            extensions["cordon.raw"] = RawSocket(self)


class _Loopback(asyncio.Transport):
    """A transport that goes nowhere and keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...


_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def _talk() -> bytes:
    """What a socket writes that is opened, accepted and told something by way of RawSocket."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        raw = scope["extensions"]["cordon.raw"]
        if not raw.said_goodbye():
            raw.send_text([b"told"], 1)

    config = Config(application, ws=RawProtocol, ws_per_message_deflate=False, lifespan="off", log_config=None)
    config.load()
    protocol, wire = RawProtocol(config, ServerState(), {}), _Loopback()
    protocol.connection_made(wire)
    protocol.data_received(_HANDSHAKE)
    await asyncio.wait_for(asyncio.gather(*protocol.tasks), 5)
    return wire.written


def self_test() -> bool:
    """Whether frames go out as they should with this uvicorn, tried on a socket that goes nowhere."""
    try:
        fits = asyncio.run(_talk()).endswith(text_frame(b"told"))
    except Exception:
        logger.exception("the raw socket failed its test")
        fits = False
    if not fits:
        logger.error("this uvicorn does not fit the raw socket: frames go out by the slower way")
    return fits


def protocol() -> type[WebSocketsSansIOProtocol]:
    """The protocol to serve with: ours if it passes its test, else uvicorn's own."""
    return RawProtocol if self_test() else WebSocketsSansIOProtocol
