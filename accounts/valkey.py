"""Counters and short-lived secrets in Valkey: nothing here is the only copy of anything."""

import hmac
from functools import cache
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

__all__ = ["RedisError", "client", "key"]


@cache
def client() -> Redis:
    """The connection pool of this process. It gives up soon: a sign-in must not hang on a dead server."""
    return Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=1)


def key(purpose: str, workspace_id: UUID | None, *parts: str) -> str:
    """A key under this deployment's prefix. Names and addresses enter as a keyed hash: Valkey learns none of them."""
    text = "\0".join((purpose, str(workspace_id), *parts))
    digest = hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256").hex()[:40]
    return f"{settings.PREFIX}:accounts:{purpose}:{digest}"
