"""The wire contract `cordon.chat.v1`, the other way: every frame that the server sends, and what each request answers.

`docs/websocket.md` and `docs/asyncapi.json` are written from these classes; the tests read every frame that any test
socket receives by them, unknown fields refused, so that nothing goes out that is not described here.
"""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

from rooms import frames
from rooms.views import MessageView, PartView


class Shape(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value inside a frame."""


class Reason(Shape, frozen=True):
    """Why, as a stable code and in words that the reader may see."""

    code: str
    words: str


class Person(Shape, frozen=True):
    id: UUID
    username: str
    name: str
    title: str
    initials: str
    hue: int
    bot: bool
    presence: Literal["active", "away", "dnd", "offline"]
    active: bool


class Me(Person, frozen=True):
    powers: list[str]
    groups: list[UUID]
    settings: dict[str, Any]


class Marking(Shape, frozen=True):
    name: str
    short: str
    bar: str


class WorkspaceView(Shape, frozen=True):
    """`markings` from the lowest to the highest."""

    id: UUID
    slug: str
    name: str
    ceiling: str
    markings: list[Marking]


class SessionView(Shape, frozen=True):
    id: UUID
    step_up_until: str | None
    expires_at: str
    idle_seconds: int


class Limits(Shape, frozen=True):
    body_chars: int
    frame_bytes: int


class Requirement(Shape, frozen=True):
    text: str
    words: list[str]


class Access(Shape, frozen=True):
    """`valid_until` is the end of the lease; a client may never show content for longer without asking."""

    state: Literal["permitted", "step_up", "unavailable", "ended"]
    valid_until: str | None
    reason: Reason | None = None
    decision: UUID | None = None


class Room(Shape, frozen=True):
    id: UUID
    kind: Literal["public", "private", "direct", "group"]
    name: str
    topic: str
    state: Literal["active", "archived"]
    marking: str
    governed: bool
    requirement: Requirement | None
    access: Access
    role: str
    people: list[UUID]
    member_count: int
    unread: int
    mentions: int
    muted: bool
    favourite: bool
    cursor: str
    last_read: UUID | None
    last_at: str | None
    powers: list[str]


class Changes(Shape, frozen=True):
    """The present state of everything created or changed after a cursor; `resync` says to begin afresh instead."""

    resync: bool
    messages: list[MessageView] = []
    people: list[Person] = []
    cursor: str | None = None


class Welcome(Shape, frozen=True):
    me: Me
    workspace: WorkspaceView
    session: SessionView
    rooms: list[Room]
    people: list[Person]
    lease_seconds: int
    limits: Limits
    server_time: str
    resumed: dict[UUID, Changes]


class Pong(Shape, frozen=True):
    server_time: str


class Page(Shape, frozen=True):
    room: UUID
    messages: list[MessageView]
    people: list[Person]
    cursor: str
    more_before: bool
    more_after: bool
    before: str | None
    after: str | None
    first_unread: UUID | None


class Revision(Shape, frozen=True):
    revision: int
    marking: str
    at: str
    parts: list[PartView]


class History(Shape, frozen=True):
    revisions: list[Revision]


class ThreadView(Shape, frozen=True):
    id: UUID
    room: UUID
    title: str | None
    replies: int
    last_at: str | None
    following: bool
    unread: int
    root: MessageView | None


class ThreadPage(Shape, frozen=True):
    thread: ThreadView
    messages: list[MessageView]
    people: list[Person]
    more_before: bool
    before: str | None


class Threads(Shape, frozen=True):
    threads: list[ThreadView]
    people: list[Person]
    before: str | None


class RoomCard(Shape, frozen=True):
    """A public room that can be found; `why_not` says in words why one would not be let in."""

    id: UUID
    kind: str
    name: str
    topic: str
    marking: str
    member_count: int
    governed: bool
    requirement: Requirement | None
    can_join: bool
    why_not: str


class RoomCards(Shape, frozen=True):
    rooms: list[RoomCard]


class Member(Shape, frozen=True):
    person: Person
    role: str
    state: Literal["active", "suspended"]
    sources: list[str]
    since: str


class Members(Shape, frozen=True):
    members: list[Member]


class FoundPerson(Person, frozen=True):
    can_read: bool | None


class FoundPeople(Shape, frozen=True):
    people: list[FoundPerson]


class AudienceCount(Shape, frozen=True):
    can_read: int
    members: int


class RoomAnswer(Shape, frozen=True):
    room: Room | None


class CreatedRoom(RoomAnswer, frozen=True):
    """`refused` names those who were not let in, each with the decision."""

    refused: list[dict[str, UUID]]


class Counts(Shape, frozen=True):
    message: UUID | None
    unread: int
    mentions: int


class Condition(Shape, frozen=True):
    text: str
    words: str
    verdict: Literal["true", "false", "unknown"]
    yours: str | None
    source: str
    age_seconds: int | None
    origin: Literal["room", "workspace"] = field(name="from")
    changes: list[str]
    doubts: list[str]


class Power(Shape, frozen=True):
    """One thing that may be done in the room, or not, and why."""

    action: str
    words: str
    effect: Literal["yes", "no", "step_up"]
    why: str


class End(Shape, frozen=True):
    words: str
    at: str


class Explanation(Shape, frozen=True):
    """Why one has access to a room, with one's own facts and nobody else's (PO-13)."""

    verdict: Literal["permit", "deny", "indeterminate", "not_applicable"]
    checked_at: str
    valid_until: str | None
    reason: str
    conditions: list[Condition]
    role: str | None
    can: list[Power]
    rule_text: str
    ends: list[End]


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
    room: UUID
    user: Person
    change: Literal["joined", "left", "revoked", "returned", "role"]
    by: Literal["policy", "person"]


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


class PersonKnown(Frame, frozen=True, tag="person"):
    person: Person


class Permissions(Frame, frozen=True, tag="permissions"):
    """The flags that one holds from now on, without a reload (AD-4)."""

    powers: list[str]


class Head(Frame, frozen=True, tag="head"):
    """How far each room has come, so that a lost ring is noticed."""

    rooms: dict[UUID, str]


SERVER_FRAMES: tuple[type[Frame], ...] = tuple(Frame.__subclasses__())
