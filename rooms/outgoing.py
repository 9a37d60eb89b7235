"""The wire contract `cordon.chat.v1`, the other way: every frame that the server sends, and what each request answers.

`docs/websocket.md` and `docs/asyncapi.json` are written from these classes; the tests read every frame that any test
socket receives by them, unknown fields refused, so that nothing goes out that is not described here.
"""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from rooms import frames
from rooms.shapes import (
    AudienceCount,
    Changes,
    Counts,
    CreatedRoom,
    Explanation,
    FoundPeople,
    History,
    Members,
    Page,
    Person,
    Pong,
    Reason,
    Room,
    RoomAnswer,
    RoomCards,
    RoomPowers,
    ThreadPage,
    Threads,
    Welcome,
)
from rooms.views import MessageView

RESULTS: dict[type[frames.Request], type[Struct]] = {
    frames.Hello: Welcome,
    frames.Ping: Pong,
    frames.OpenRoom: Page,
    frames.RoomChanges: Changes,
    frames.MessageHistory: History,
    frames.OpenThread: ThreadPage,
    frames.ListThreads: Threads,
    frames.BrowseRooms: RoomCards,
    frames.ListMembers: Members,
    frames.FindPeople: FoundPeople,
    frames.ExplainAccess: Explanation,
    frames.Audience: AudienceCount,
    frames.CreateRoom: CreatedRoom,
    frames.OpenDirect: RoomAnswer,
    frames.UpdateRoom: RoomAnswer,
    frames.ArchiveRoom: RoomAnswer,
    frames.UnarchiveRoom: RoomAnswer,
    frames.JoinRoom: RoomAnswer,
    frames.SetRead: Counts,
    frames.UnreadFrom: Counts,
}
"""What a successful request answers; one that is not here answers with an empty object."""


class Frame(Struct, frozen=True, forbid_unknown_fields=True, tag_field="t", kw_only=True):
    """What every frame has in common: `t`, its type."""


class Result(Frame, frozen=True, tag="result"):
    id: str
    data: dict[str, Any]


class Ack(Frame, frozen=True, tag="ack"):
    """The message is committed (CH-2)."""

    id: str
    room: UUID
    message: UUID
    cursor: str
    at: str
    marking: str
    thread: UUID | None


class Error(Frame, frozen=True, tag="error"):
    """Why a request came to nothing; `decision` names the record of a refusal."""

    id: str | None
    code: str
    message: str
    field: str | None = None
    remedy: str | None = None
    decision: UUID | None = None
    retry_after: int | None = None
    max_age: str | None = None


class Event(Frame, frozen=True, tag="event"):
    """Something was said or changed. A client whose last cursor is not `prev` asks for the gap."""

    room: UUID
    cursor: str
    prev: str
    kind: Literal["message.posted", "message.changed"]
    data: MessageView


class RoomJoined(Frame, frozen=True, tag="room.joined"):
    room: Room


class RoomChanged(Frame, frozen=True, tag="room.changed"):
    room: Room


class RoomLeft(Frame, frozen=True, tag="room.left"):
    """Access has ended: the client clears everything that it holds of the room, at once."""

    room: UUID
    reason: Reason
    decision: UUID | None = None


class RoomCovered(Frame, frozen=True, tag="room.covered"):
    """Nobody can say now, or a fresh factor is needed: content is covered, nobody is evicted."""

    room: UUID
    state: Literal["unavailable", "step_up"]
    reason: Reason


class RoomUncovered(Frame, frozen=True, tag="room.uncovered"):
    room: UUID


class MembersChanged(Frame, frozen=True, tag="members.changed"):
    """Who came and who left; `by` stands only where policy did it, and only for those who keep the room.

    Nothing tells others who did what: what policy took or gave back is a leave or a join to them.
    """

    room: UUID
    user: Person
    change: Literal["joined", "left", "revoked", "returned", "role"]
    by: Literal["policy"] | None = None


_PLAIN = {"revoked": "left", "returned": "joined"}


def without_reason(frame: Mapping[str, object]) -> dict[str, object]:
    """The same change for those who do not keep the room: that somebody left or came, and not who did it."""
    plain = {name: value for name, value in frame.items() if name != "by"}
    return plain | {"change": _PLAIN.get(str(frame["change"]), frame["change"])}


class Typing(Frame, frozen=True, tag="typing"):
    room: UUID
    user: UUID
    thread: UUID | None


class Presence(Frame, frozen=True, tag="presence"):
    user: UUID
    state: Literal["active", "away", "dnd", "offline"]


class Read(Frame, frozen=True, tag="read"):
    """The same person has read further on another device."""

    room: UUID
    thread: UUID | None
    message: UUID | None
    unread: int
    mentions: int


class Permissions(Frame, frozen=True, tag="permissions"):
    """The flags that one holds from now on, and what one may do in each room, without a reload (AD-4)."""

    powers: list[str]
    rooms: dict[UUID, RoomPowers] = {}


class Head(Frame, frozen=True, tag="head"):
    """How far each room has come, so that a lost ring is noticed."""

    rooms: dict[UUID, str]


SERVER_FRAMES: tuple[type[Frame], ...] = tuple(Frame.__subclasses__())
