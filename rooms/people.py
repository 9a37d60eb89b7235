"""People as a client shows them."""

from collections import defaultdict
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from accounts.access import Card, all_cards, cards
from rooms.presence import presence_of


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

    __slots__ = ("__weakref__", "begun_at", "views")

    def __init__(self) -> None:
        self.begun_at = monotonic()
        self.views = views_of(all_cards().values())


_lately: "WeakValueDictionary[UUID, Everybody]" = WeakValueDictionary()
_reading: defaultdict[UUID, Lock] = defaultdict(Lock)


def everybody(workspace_id: UUID) -> Everybody:
    """Everybody in the workspace. Those who ask while others are read to share the next reading, as when all sockets
    come back at once.

    No answer is older than its question, and nobody keeps the opened names: they go with the last who waits for them.
    """
    asked_at = monotonic()
    with _reading[workspace_id]:
        held = _lately.get(workspace_id)
        if held is None or held.begun_at < asked_at:
            held = _lately[workspace_id] = Everybody()
        return held
