"""uvicorn's WebSocket protocol, with a way for the hub to write one encoded frame to many sockets (R39).

Leans on names of one uvicorn release: `self_test` says so loudly at start when they are gone, and the consumer then
falls back to the plain ASGI `send`, which does the same thing slower.
"""

import inspect
import logging
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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


class RawProtocol(WebSocketsSansIOProtocol):
    """Shows the connection to the application once the handshake has been accepted."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        response = getattr(self, "response", None)
        if response is not None and response.status_code == 101:  # noqa: PLR2004 — switching protocols
            self.scope.setdefault("extensions", {})["cordon.raw"] = RawSocket(self)


def self_test() -> bool:
    """Whether this uvicorn still has the names that RawProtocol and RawSocket lean on."""
    source = inspect.getsource(WebSocketsSansIOProtocol)
    fits = all(name in source for name in ("def handle_connect", "self.response", "self.close_sent", "self.transport"))
    if not fits:
        logger.error("this uvicorn has other names than the raw socket leans on: frames go out by the slower way")
    return fits
