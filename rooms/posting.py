"""What a post is, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rooms.sealing import Part
from tenancy.actor import Actor


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody wants to say, as it came through a door."""

    actor: Actor
    room_id: UUID
    client_message_id: UUID
    body: str
    marking: str | None = None
    thread_id: UUID | None = None
    reply_to: UUID | None = None
    also_to_room: bool = False

    @property
    def said(self) -> tuple[UUID, str, str, UUID | None, UUID | None, bool]:
        """All that makes it this post and no other: a repeat is equal in each of these (R20)."""
        return self.room_id, self.body, self.marking or "", self.thread_id, self.reply_to, self.also_to_room


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is committed, or was before: then `parts` is empty, since nobody needs to be told again."""

    message_id: UUID
    room_id: UUID
    seq: int
    sender_id: UUID
    client_message_id: UUID
    marking: str
    at: datetime
    cursor: str
    prev: str = ""
    parts: tuple[Part, ...] = ()
    thread_id: UUID | None = None
    also_to_room: bool = False
    mentions: tuple[UUID, ...] = ()
    mentions_room: bool = False


Outcome = Posted | Exception
"""Each post of a batch succeeds or fails alone."""
