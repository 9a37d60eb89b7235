"""People as a client shows them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from accounts.access import Card, all_cards, cards
from rooms.presence import presence_of

SHARED = 1.0
"""So many seconds what was read of everybody serves others too who ask meanwhile."""


def people_views(user_ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """These people, in one go."""
    return views_of(cards(user_ids).values())


def views_of(found: Iterable[Card]) -> list[dict[str, Any]]:
    held = list(found)
    present = presence_of([card.id for card in held])
    return [
        {
            "id": card.id,
            "username": card.username,
            "name": card.name,
            "title": card.title,
            "initials": card.initials,
            "hue": card.hue,
            "bot": card.bot,
            "presence": present[card.id],
            "active": card.active,
        }
        for card in held
    ]


class Everybody:
    """The people of one workspace, as they were read at one moment."""

    __slots__ = ("__weakref__", "cards", "read_at")

    def __init__(self) -> None:
        self.read_at = monotonic()
        self.cards: Sequence[Card] = tuple(all_cards().values())


_lately: "WeakValueDictionary[UUID, Everybody]" = WeakValueDictionary()
_reading: defaultdict[UUID, Lock] = defaultdict(Lock)


def everybody(workspace_id: UUID) -> Everybody:
    """Everybody in the workspace, read once for all who ask at the same time, as when all sockets come back.

    Nobody keeps the opened names: they are gone when the last of those who asked has its answer.
    """
    with _reading[workspace_id]:
        held = _lately.get(workspace_id)
        if held is None or monotonic() - held.read_at > SHARED:
            held = _lately[workspace_id] = Everybody()
        return held
