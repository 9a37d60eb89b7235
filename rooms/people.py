"""People as a client shows them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.access import Card, cards
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
