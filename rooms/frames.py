"""The wire contract `cordon.chat.v1`: every frame that a client may send, as a frozen value.

Type names come from this table and nowhere else; an unknown type, an unknown field, a wrong type or an over-long text
is refused with the place named. `docs/websocket.md` is written from these classes and a test holds the two together.
"""

from enum import IntEnum
from typing import Annotated, Literal, Union
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from tenancy.errors import Invalid

SUBPROTOCOL = "cordon.chat.v1"
FRAME_BYTES = 64 * 1024
BODY_CHARS = 16_000
PAGE = 100
CHANGES = 500
ROOMS_RESUMED = 1_000

RequestId = Annotated[str, Meta(min_length=1, max_length=40)]
Cursor = Annotated[str, Meta(min_length=1, max_length=64)]
Body = Annotated[str, Meta(min_length=1, max_length=BODY_CHARS)]
Marking = Annotated[str, Meta(min_length=1, max_length=40)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Topic = Annotated[str, Meta(max_length=250)]
Text = Annotated[str, Meta(max_length=80)]
Emoji = Annotated[str, Meta(min_length=1, max_length=40)]
Limit = Annotated[int, Meta(ge=1, le=PAGE)]
People = Annotated[list[UUID], Meta(max_length=50)]


class Frame(Struct, frozen=True, forbid_unknown_fields=True, tag_field="t", kw_only=True):
    """What every frame has in common: `t`, its type."""


class Request(Frame, frozen=True):
    """A frame that gets exactly one answer: a result, an ack or an error with the same `id`."""

    id: RequestId


class Hello(Request, frozen=True, tag="hello"):
    """The first frame; answers with everything that the client needs to begin, and what it missed."""

    resume: Annotated[dict[UUID, Cursor], Meta(max_length=ROOMS_RESUMED)] = {}


class Ping(Request, frozen=True, tag="ping"): ...


class OpenRoom(Request, frozen=True, tag="room.open"):
    """One page of a room's messages: the newest, or those before, after or around a place."""

    room: UUID
    before: Cursor | None = None
    after: Cursor | None = None
    around: UUID | None = None
    limit: Limit = 50


class RoomChanges(Request, frozen=True, tag="room.changes"):
    """Everything of a room that was created or changed after a cursor."""

    room: UUID
    after: Cursor


class PostMessage(Request, frozen=True, tag="message.post"):
    room: UUID
    client_id: UUID
    body: Body
    marking: Marking | None = None
    thread: UUID | None = None
    reply_to: UUID | None = None
    also_to_room: bool = False


class EditMessage(Request, frozen=True, tag="message.edit"):
    message: UUID
    body: Body
    marking: Marking | None = None


class DeleteMessage(Request, frozen=True, tag="message.delete"):
    message: UUID


class MessageHistory(Request, frozen=True, tag="message.history"):
    message: UUID


class AddReaction(Request, frozen=True, tag="reaction.add"):
    message: UUID
    emoji: Emoji


class RemoveReaction(Request, frozen=True, tag="reaction.remove"):
    message: UUID
    emoji: Emoji


class SetRead(Request, frozen=True, tag="read.set"):
    """Everything up to this message has been read."""

    room: UUID
    message: UUID
    thread: UUID | None = None


class UnreadFrom(Request, frozen=True, tag="read.unread_from"):
    """This message and all later ones count as unread again."""

    room: UUID
    message: UUID


class Typing(Frame, frozen=True, tag="typing"):
    room: UUID
    thread: UUID | None = None


class SetPresence(Request, frozen=True, tag="presence.set"):
    state: Literal["active", "away", "dnd"]


class OpenThread(Request, frozen=True, tag="thread.open"):
    thread: UUID
    before: Cursor | None = None
    limit: Limit = 50


class ListThreads(Request, frozen=True, tag="threads.list"):
    room: UUID | None = None
    before: Cursor | None = None


class BrowseRooms(Request, frozen=True, tag="rooms.browse"):
    text: Text = ""


class CreateRoom(Request, frozen=True, tag="room.create"):
    kind: Literal["public", "private"]
    name: Name
    topic: Topic = ""
    marking: Marking | None = None
    members: People = []


class OpenDirect(Request, frozen=True, tag="direct.open"):
    people: People


class UpdateRoom(Request, frozen=True, tag="room.update"):
    room: UUID
    name: Name | None = None
    topic: Topic | None = None


class ArchiveRoom(Request, frozen=True, tag="room.archive"):
    room: UUID


class UnarchiveRoom(Request, frozen=True, tag="room.unarchive"):
    room: UUID


class JoinRoom(Request, frozen=True, tag="room.join"):
    room: UUID


class LeaveRoom(Request, frozen=True, tag="room.leave"):
    room: UUID


class MuteRoom(Request, frozen=True, tag="room.mute"):
    room: UUID
    muted: bool


class FavouriteRoom(Request, frozen=True, tag="room.favourite"):
    room: UUID
    favourite: bool


class ListMembers(Request, frozen=True, tag="members.list"):
    room: UUID


class AddMember(Request, frozen=True, tag="member.add"):
    room: UUID
    user: UUID


class RemoveMember(Request, frozen=True, tag="member.remove"):
    room: UUID
    user: UUID


class SetMemberRole(Request, frozen=True, tag="member.role"):
    room: UUID
    user: UUID
    role: Literal["owner", "moderator", "member", "reader"]


class FindPeople(Request, frozen=True, tag="people.find"):
    text: Text
    room: UUID | None = None


class ExplainAccess(Request, frozen=True, tag="access.explain"):
    room: UUID


class Audience(Request, frozen=True, tag="audience"):
    """How many of a room's members could read a message with this marking."""

    room: UUID
    marking: Marking


class Close(IntEnum):
    """Why the server closed a socket; `resumable` tells a client whether to come back by itself."""

    GOING_AWAY = 1001
    TOO_LARGE = 1009
    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    REVOKED = 4403
    HELLO_TIMEOUT = 4408
    TOO_SLOW = 4409
    TOO_MANY = 4429
    SERVER_ERROR = 4500

    @property
    def resumable(self) -> bool:
        return self not in (Close.MALFORMED, Close.NOT_SIGNED_IN, Close.REVOKED)


CLIENT_FRAMES: tuple[type[Frame], ...] = (Typing, *Request.__subclasses__())
UNATTENDED = (Hello, Ping, RoomChanges, SetRead, SetPresence)
"""What a client sends by itself: none of these shows that somebody sits before it (ID-8: idle limit)."""

_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Union[CLIENT_FRAMES])  # noqa: UP007 — built from the table
_encoder = msgspec.json.Encoder()


def parse(text: str | bytes) -> Frame:
    """The frame that a client sent. Raises Invalid naming the place and what was expected there."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        fault = _("This is no frame of cordon.chat.v1: %(fault)s.") % {"fault": str(error).rstrip(".")}
        raise Invalid(fault, field="frame", remedy=_("Send a frame as docs/websocket.md describes it.")) from None


class _Named(Struct):
    id: RequestId | None = None


_named = msgspec.json.Decoder(_Named)


def request_id(text: str | bytes) -> str | None:
    """The id that a client gave to what is no frame, so that it learns what was refused; None if it gave none."""
    try:
        return _named.decode(text).id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def encode(frame: object) -> bytes:
    """A frame of the server as the bytes of its JSON text."""
    return _encoder.encode(frame)
