"""The socket's contract as an AsyncAPI 3 document, made from the frames themselves."""

from typing import Any

import msgspec
from msgspec import Struct

from rooms.frames import CLIENT_FRAMES, FRAME_BYTES, SUBPROTOCOL, Close, Request
from rooms.outgoing import RESULTS, SERVER_FRAMES

_REF = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """The whole contract: one channel, what may be sent, what is received, what each request answers."""
    shapes = [*CLIENT_FRAMES, *SERVER_FRAMES, *dict.fromkeys(RESULTS.values())]
    names = _names(shapes)
    _, schemas = msgspec.json.schema_components(shapes, ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cordon chat",
            "version": "1.0.0",
            "description": (
                f"JSON text frames of at most {FRAME_BYTES} bytes over one WebSocket, subprotocol {SUBPROTOCOL}. "
                f"Close codes: {_close_codes()}."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "channels": {
            "chat": {
                "address": "/ws/chat",
                "messages": {_tag(frame): {"$ref": f"#/components/messages/{names[frame]}"} for frame in _all()},
            }
        },
        "operations": {
            "receive": _operation("receive", "What a client may send.", CLIENT_FRAMES),
            "send": _operation("send", "What the server sends.", SERVER_FRAMES),
        },
        "components": {
            "messages": {names[frame]: _message(frame, names) for frame in _all()},
            "schemas": schemas,
        },
    }


def _all() -> list[type[Struct]]:
    return [*CLIENT_FRAMES, *SERVER_FRAMES]


def _names(shapes: list[type[Struct]]) -> dict[type[Struct], str]:
    """The component name that msgspec gives each shape: its class, with its module where two share a name."""
    references, _ = msgspec.json.schema_components(shapes, ref_template="{name}")
    return {shape: reference["$ref"] for shape, reference in zip(shapes, references, strict=True)}


def _tag(frame: type[Struct]) -> str:
    direction = "client" if frame in CLIENT_FRAMES else "server"
    return f"{direction}.{frame.__struct_config__.tag}"


def _operation(action: str, summary: str, frames: tuple[type[Struct], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{_tag(frame)}"} for frame in frames],
    }


def _message(frame: type[Struct], names: dict[type[Struct], str]) -> dict[str, Any]:
    message = {
        "name": str(frame.__struct_config__.tag),
        "payload": {"$ref": _REF.format(name=names[frame])},
        "summary": (frame.__doc__ or "").split("\n")[0],
    }
    if issubclass(frame, Request):
        answer = RESULTS.get(frame)
        message["x-answer"] = {"$ref": _REF.format(name=names[answer])} if answer else {"type": "object"}
    return message


def _close_codes() -> str:
    return ", ".join(
        f"{code.value} {code.name.lower()} ({'resumable' if code.resumable else 'final'})" for code in Close
    )
