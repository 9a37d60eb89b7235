"""How rooms, people and messages look on the wire: what one recipient may see, and nothing else.

A message is built once for each distinct view (full, redacted, withheld); what is personal about it (is it
mine, does it
mention me) the client works out from ids that everybody may see.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from rooms.sealing import Part


class View(StrEnum):
    """How much of a message one recipient sees."""

    FULL = "full"
    REDACTED = "redacted"
    WITHHELD = "withheld"
    UNREADABLE = "unreadable"


class PartView(Struct, frozen=True, omit_defaults=True):
    marking: str
    md: str = ""
    withheld: bool = False


class ReactionView(Struct, frozen=True):
    emoji: str
    count: int
    people: list[UUID]


class ThreadSummary(Struct, frozen=True):
    id: UUID
    title: str | None
    replies: int
    last_at: str | None
    participants: list[UUID]


class MentionView(Struct, frozen=True):
    kind: str
    id: UUID


class MessageView(Struct, frozen=True):
    """One message as one kind of recipient sees it."""

    id: UUID
    room: UUID
    client_id: UUID
    author: UUID
    at: str
    edited_at: str | None
    revision: int
    deleted: dict[str, str] | None
    marking: str
    view: str
    parts: list[PartView]
    mentions: list[MentionView]
    reactions: list[ReactionView]
    thread: ThreadSummary | None
    in_thread: UUID | None
    also_to_room: bool


class MessageState(Struct, frozen=True):
    """Everything about one message, opened, before it is cut down to what a recipient may see."""

    workspace_id: UUID
    id: UUID
    room_id: UUID
    seq: int
    changed_seq: int
    client_message_id: UUID
    sender_id: UUID
    at: datetime
    marking: str
    parts: tuple[Part, ...]
    readable: bool = True
    revision: int = 0
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_by_id: UUID | None = None
    mentions: tuple[UUID, ...] = ()
    mentions_room: bool = False
    reactions: tuple[ReactionView, ...] = ()
    thread: ThreadSummary | None = None
    in_thread: UUID | None = None
    also_to_room: bool = False

    @property
    def markings(self) -> frozenset[str]:
        """Every marking that a recipient is judged on."""
        return frozenset(part.marking for part in self.parts) | {self.marking}


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_view(state: MessageState, seen: Mapping[str, bool]) -> MessageView:
    """The message for a recipient who may see portions of these markings; a marking that is missing may not be seen."""
    view, parts = _visible(state, seen)
    withheld = view is View.WITHHELD
    return MessageView(
        id=state.id,
        room=state.room_id,
        client_id=state.client_message_id,
        author=state.sender_id,
        at=stamp(state.at) or "",
        edited_at=stamp(state.edited_at),
        revision=state.revision,
        deleted=_tombstone(state),
        marking=state.marking,
        view=view,
        parts=parts,
        mentions=_mentions(state) if view is View.FULL else [],
        reactions=[] if withheld else list(state.reactions),
        thread=None if withheld else state.thread,
        in_thread=state.in_thread,
        also_to_room=state.also_to_room,
    )


def _visible(state: MessageState, seen: Mapping[str, bool]) -> tuple[View, list[PartView]]:
    if not seen.get(state.marking, False):
        return View.WITHHELD, []
    if not state.readable:
        return View.UNREADABLE, []
    parts = [
        PartView(part.marking, part.md) if seen.get(part.marking, False) else PartView(part.marking, withheld=True)
        for part in state.parts
    ]
    if any(part.withheld for part in parts):
        return View.REDACTED, parts
    return View.FULL, parts


def _tombstone(state: MessageState) -> dict[str, str] | None:
    if state.deleted_at is None:
        return None
    by = "author" if state.deleted_by_id == state.sender_id else "moderator"
    return {"by": by, "at": stamp(state.deleted_at) or ""}


def _mentions(state: MessageState) -> list[MentionView]:
    people = [MentionView("user", user_id) for user_id in state.mentions]
    return [*people, MentionView("room", state.room_id)] if state.mentions_room else people


def error_frame(request_id: str | None, code: str, message: str, **extra: Any) -> dict[str, Any]:
    """What went wrong with one request; `extra` may name field, remedy, decision and retry_after."""
    kept = {name: value for name, value in extra.items() if value}
    return {"t": "error", "id": request_id, "code": code, "message": message, **kept}


def people_of(views: Sequence[MessageView]) -> set[UUID]:
    """Everybody whom these messages name, so that a client can be told who they are."""
    named = {view.author for view in views}
    for view in views:
        named.update(mention.id for mention in view.mentions if mention.kind == "user")
        for reaction in view.reactions:
            named.update(reaction.people)
    return named
