"""Who is here: open sockets as Valkey remembers them for a minute; without Valkey everybody is simply offline."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from uuid import UUID

import redis
from django.conf import settings

logger = logging.getLogger(__name__)
STATES = ("active", "away", "dnd")
OFFLINE = "offline"
LASTS = 90
"""Seconds for which a presence is believed; sockets renew it each half minute."""


def note(user_id: UUID, state: str) -> None:
    """This person has an open socket and says so; `offline` forgets it."""
    try:
        if state == OFFLINE:
            _client().delete(_key(user_id))
            return
        _client().set(_key(user_id), state, ex=LASTS)
    except redis.RedisError as error:
        logger.warning("presence was not noted: %s", type(error).__name__)


def renew(states: Mapping[UUID, str]) -> None:
    """All of these are still here, in one round trip."""
    try:
        pipeline = _client().pipeline(transaction=False)
        for user_id, state in states.items():
            pipeline.set(_key(user_id), state, ex=LASTS)
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("presence was not renewed: %s", type(error).__name__)


def presence_of(user_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What is known of each of them."""
    if not user_ids:
        return {}
    try:
        held = _client().mget([_key(user_id) for user_id in user_ids])
    except redis.RedisError:
        return dict.fromkeys(user_ids, OFFLINE)
    return {user_id: state.decode() if state else OFFLINE for user_id, state in zip(user_ids, held, strict=True)}


def _key(user_id: UUID) -> str:
    return f"{settings.PREFIX}:presence:{user_id}"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2)
