"""What of a room is sealed, and what each sealed value is bound to (R19, R21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from keys import envelope
from keys.envelope import Place, Scope
from keys.errors import SealError
from rooms.models import Message, MessageRevision, Room, Thread

BODY_FORMAT = 1


class Part(msgspec.Struct, frozen=True):
    """A portion of a body: Markdown under one marking."""

    marking: str
    md: str


class _Body(msgspec.Struct, frozen=True):
    v: int
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class BodyPlace:
    """Which body: everything that its ciphertext is bound to."""

    workspace_id: UUID
    room_id: UUID
    message_id: UUID
    author_id: UUID
    revision: int
    marking: str

    def place(self) -> Place:
        return Place(
            self.workspace_id,
            Scope.room(self.room_id),
            self.message_id,
            self.author_id,
            "body",
            revision=self.revision,
            marking=self.marking,
        )


def place_of(message: Message) -> BodyPlace:
    return BodyPlace(
        message.workspace_id, message.room_id, message.id, message.sender_id, message.revision, message.marking
    )


def place_of_revision(message: Message, revision: MessageRevision) -> BodyPlace:
    return BodyPlace(
        message.workspace_id, message.room_id, message.id, message.sender_id, revision.revision, revision.marking
    )


_decoder = msgspec.json.Decoder(_Body)


def encode_body(parts: Sequence[Part]) -> bytes:
    return msgspec.json.encode(_Body(BODY_FORMAT, list(parts)))


def seal_bodies(bodies: Sequence[tuple[BodyPlace, Sequence[Part]]]) -> list[bytes]:
    return envelope.seal_many([(where.place(), encode_body(parts)) for where, parts in bodies])


def open_bodies(sealed: Sequence[tuple[BodyPlace, bytes]]) -> list[tuple[Part, ...] | None]:
    """The parts of each body; None for one whose key was destroyed or that was tampered with.

    Raises KeyUnavailable when the KMS is away.
    """
    opened = envelope.open_each([(where.place(), body) for where, body in sealed])
    return [None if isinstance(one, SealError) else tuple(_decoder.decode(one).parts) for one in opened]


def seal_room_text(room: Room, field: str, text: str) -> bytes:
    return envelope.seal(_room_place(room, field), text.encode())


def room_name(room: Room) -> str:
    """The room's name, or nothing for direct and group messages, which are named by their people."""
    return open_room_text(room, "name", room.name_sealed)


def room_topic(room: Room) -> str:
    return open_room_text(room, "topic", room.topic_sealed)


def open_room_text(room: Room, field: str, sealed: bytes | memoryview | None) -> str:
    return envelope.open_(_room_place(room, field), bytes(sealed)).decode() if sealed else ""


def _room_place(room: Room, field: str) -> Place:
    return Place(room.workspace_id, Scope.room(room.id), room.id, None, field)


def seal_title(thread: Thread, title: str) -> bytes:
    return envelope.seal(_thread_place(thread), title.encode())


def thread_title(thread: Thread) -> str | None:
    if not thread.title_sealed:
        return None
    return envelope.open_(_thread_place(thread), bytes(thread.title_sealed)).decode()


def _thread_place(thread: Thread) -> Place:
    return Place(thread.workspace_id, Scope.room(thread.room_id), thread.id, None, "title")
