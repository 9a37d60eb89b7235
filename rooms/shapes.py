"""What stands inside the frames that the server sends: the values of `cordon.chat.v1`."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

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


class RoomPowers(Shape, frozen=True):
    """What may be done in a room; `post_markings`, from the lowest to the highest, are those one may post at there."""

    powers: list[str]
    post_markings: list[str]


class Room(Shape, frozen=True):
    """`powers` and `post_markings` are those of `RoomPowers`."""

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
    post_markings: list[str]


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

    refused: list[dict[str, UUID | None]]


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
