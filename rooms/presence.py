"""Who is here: open sockets as Valkey remembers them for a minute and a half; without Valkey everybody is offline.

Each process notes for itself, so that whoever leaves one of them may still sit in another.

This is a signal and no state of record, and therefore no action: no row holds it, no decision reads it, nobody can set
another's, and it is gone within `LASTS` unless a socket says it again. Losing all of it loses nothing. An action would
write a decision and an audit entry for each renewal, which would say when people sit at their desks: the record is to
say what was done, not who was awake. So it is with typing, too, which is not kept at all. What limits both is that only
a live session, renewed for each frame, gets here, and the frame limit of its socket.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from functools import cache
from uuid import UUID

import redis
from django.conf import settings

from rooms.doorbell import ORIGIN

logger = logging.getLogger(__name__)
OFFLINE = "offline"
ACTIVE = "active"
STATES = ("dnd", ACTIVE, "away")
"""What is true of somebody who sits in several places: the first of these that any of them says."""
LASTS = 90
"""Seconds for which a presence is believed; sockets renew it each half minute."""


def arrive(user_id: UUID) -> str:
    """This person has opened a socket here; the answer is the state that others see, the one from elsewhere first."""
    standing = presence_of([user_id])[user_id]
    state = ACTIVE if standing == OFFLINE else standing
    renew({user_id: state})
    return state


def choose(user_id: UUID, state: str) -> None:
    """This person says so of themselves, whatever other sockets said before. Whoever calls has refreshed the actor."""
    try:
        pipeline = _client().pipeline(transaction=False)
        pipeline.delete(_key(user_id))
        _note(pipeline, user_id, state)
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("presence was not noted: %s", type(error).__name__)


def leave(user_id: UUID) -> str:
    """The last socket of this person in this process has closed; the answer is what is left elsewhere."""
    try:
        _client().hdel(_key(user_id), ORIGIN)
    except redis.RedisError as error:
        logger.warning("presence was not taken back: %s", type(error).__name__)
    return presence_of([user_id])[user_id]


def renew(states: Mapping[UUID, str]) -> None:
    """All of these are still here, in one round trip."""
    try:
        pipeline = _client().pipeline(transaction=False)
        for user_id, state in states.items():
            _note(pipeline, user_id, state)
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("presence was not renewed: %s", type(error).__name__)


def presence_of(user_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What is known of each of them."""
    if not user_ids:
        return {}
    try:
        pipeline = _client().pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.hvals(_key(user_id))
        held = pipeline.execute()
    except redis.RedisError:
        return dict.fromkeys(user_ids, OFFLINE)
    return {user_id: _strongest(notes) for user_id, notes in zip(user_ids, held, strict=True)}


def _note(pipeline: "redis.client.Pipeline", user_id: UUID, state: str) -> None:
    key = _key(user_id)
    pipeline.hset(key, ORIGIN, f"{state} {int(time.time()) + LASTS}")
    pipeline.expire(key, LASTS)


def _strongest(notes: Sequence[bytes]) -> str:
    """What the processes say that have spoken lately; one that was killed is forgotten."""
    now = time.time()
    said = {state for state, _, until in (note.decode().partition(" ") for note in notes) if int(until) > now}
    return next((state for state in STATES if state in said), OFFLINE)


def _key(user_id: UUID) -> str:
    return f"{settings.PREFIX}:presence:{user_id}"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2)
