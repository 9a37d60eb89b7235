"""How often something may be asked: token buckets in Valkey, shared by all processes (ID-14)."""

import time
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import valkey
from tenancy.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once, and `per_minute` in the long run."""

    name: str
    per_minute: float
    burst: int


SIGN_IN = Limit("sign_in", per_minute=20, burst=30)
LINK = Limit("link", per_minute=20, burst=20)
TICKET = Limit("ticket", per_minute=60, burst=60)
STEP_UP = Limit("step_up", per_minute=10, burst=10)
API = Limit("api", per_minute=600, burst=200)
CONNECT = Limit("connect", per_minute=120, burst=60)

_TAKE = """
local at, burst, rate, now = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', at, 'tokens', 'time')
local tokens = tonumber(held[1]) or burst
tokens = math.min(burst, tokens + math.max(0, now - (tonumber(held[2]) or now)) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', at, 'tokens', tokens, 'time', now)
redis.call('PEXPIRE', at, math.ceil(burst / rate * 1000) + 1000)
return tostring(wait)
"""


def spend(limit: Limit, workspace_id: UUID | None, who: str) -> None:
    """Take one from the bucket of `who` (an address, a session, a user).

    Raises:
        RateLimited: the bucket is empty; says when to come back.
        RedisError: Valkey is away; the caller decides whether it stays open for a known device (R44).
    """
    wait = float(_take(limit, valkey.key("rate", workspace_id, limit.name, who)))
    if wait > 0:
        raise RateLimited(_("Too many requests."), retry_after=ceil(wait), remedy=_("Wait a moment, then try again."))


def _take(limit: Limit, key: str) -> bytes:
    return valkey.client().eval(_TAKE, 1, key, limit.burst, limit.per_minute / 60, time.time())  # type: ignore[no-any-return]


class Bucket:
    """The same limit for one socket, in the memory of its process: no round trip per frame."""

    __slots__ = ("_limit", "_since", "_tokens")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._since = time.monotonic()

    def spend(self) -> float:
        """Take one; the answer is how many seconds to wait, 0 if there was one."""
        now, rate = time.monotonic(), self._limit.per_minute / 60
        self._tokens = min(self._limit.burst, self._tokens + (now - self._since) * rate)
        self._since = now
        if self._tokens < 1:
            return (1 - self._tokens) / rate
        self._tokens -= 1
        return 0.0
