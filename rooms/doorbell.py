"""Valkey as a doorbell between processes: it carries ids, and losing every ring costs seconds, never a message."""

import logging
import secrets
from collections.abc import Callable, Iterable
from functools import cache
from uuid import UUID

import msgspec
import redis
from django.conf import settings

from rooms.news import AnyNews, MessagesChanged, News, TypingNoticed

logger = logging.getLogger(__name__)
ORIGIN = secrets.token_hex(4).encode()
"""This process: it has told its own sockets already and skips its own rings."""
_decoder: msgspec.json.Decoder[News] = msgspec.json.Decoder(AnyNews)
_listeners: list[Callable[[News], None]] = []


def listen(listener: Callable[[News], None]) -> None:
    """Hear what this very process rings, without waiting for Valkey."""
    _listeners.append(listener)


def channel_of(news: News) -> str:
    """What is of interest to one room goes on its own channel, so that a process hears only of rooms it has
    sockets in.
    """
    if isinstance(news, MessagesChanged | TypingNoticed):
        return room_channel(news.room_id)
    return workspace_channel(news.workspace_id)


def room_channel(room_id: UUID) -> str:
    return f"{settings.PREFIX}:room:{room_id}"


def workspace_channel(workspace_id: UUID) -> str:
    return f"{settings.PREFIX}:workspace:{workspace_id}"


def ring(news: Iterable[News]) -> None:
    """Tell this process at once and the others through Valkey."""
    told = list(news)
    for one in told:
        for listener in _listeners:
            listener(one)
    publish(told)


def publish(news: Iterable[News]) -> None:
    """Tell the other processes alone: this one knows already."""
    try:
        pipeline = _client().pipeline(transaction=False)
        for one in news:
            pipeline.publish(channel_of(one), pack(one))
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("the doorbell did not ring: %s", type(error).__name__)


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2)


def pack(news: News) -> bytes:
    return ORIGIN + msgspec.json.encode(news)


def unpack(payload: bytes) -> News | None:
    """What another process rang; None for this process's own ring, and for what is no ring at all."""
    if payload.startswith(ORIGIN):
        return None
    try:
        return _decoder.decode(payload[len(ORIGIN) :])
    except msgspec.DecodeError:
        logger.warning("something rang that is no news")
        return None
