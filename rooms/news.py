"""What an action tells the sockets once it has committed: ids only, never content. Valkey carries it as a doorbell."""

from collections.abc import Callable, Iterable
from typing import Union
from uuid import UUID

import msgspec
from django.db import transaction


class News(msgspec.Struct, frozen=True, tag_field="n", kw_only=True):
    """Something changed in a workspace."""

    workspace_id: UUID


class MessagesChanged(News, frozen=True, tag="messages"):
    """Messages of one room were posted or changed; `seqs` says at which places, in order."""

    room_id: UUID
    posted: bool
    message_ids: list[UUID]
    seqs: list[int]


class RoomChanged(News, frozen=True, tag="room"):
    """The room's name, state, requirement or roster changed for everybody in it."""

    room_id: UUID


class MemberChanged(News, frozen=True, tag="member"):
    """One person's standing in a room changed: joined, left, revoked, returned or role; by a person or by policy."""

    room_id: UUID
    user_id: UUID
    change: str
    by: str


class AccessChanged(News, frozen=True, tag="access"):
    """Everything decided about these keys is void: decide again and enforce (R14). `epochs` are their new values."""

    kind: str
    keys: list[UUID]
    epochs: list[int] = []


class ReadMoved(News, frozen=True, tag="read"):
    """One person has read further, on one of that person's devices."""

    room_id: UUID
    user_id: UUID
    thread_id: UUID | None


class TypingNoticed(News, frozen=True, tag="typing"):
    room_id: UUID
    user_id: UUID
    thread_id: UUID | None


class PresenceChanged(News, frozen=True, tag="presence"):
    user_id: UUID
    state: str


AnyNews = Union[  # noqa: UP007 — msgspec reads the members
    MessagesChanged, RoomChanged, MemberChanged, AccessChanged, ReadMoved, TypingNoticed, PresenceChanged
]

Bell = Callable[[Iterable[News]], None]
_bells: list[Bell] = []


def hang(bell: Bell) -> None:
    """Install the one bell of this process: `rooms.realtime` does."""
    _bells[:] = [bell]


def tell(news: News) -> None:
    """Ring after the commit; a bell that does not ring loses nothing, because every socket asks again by itself."""
    transaction.on_commit(lambda: ring([news]))


def ring(news: Iterable[News]) -> None:
    for bell in _bells:
        bell(news)
