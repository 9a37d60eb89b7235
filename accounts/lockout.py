"""Progressive lockout: 1, 2, 4 .. 60 minutes after repeated failures, per account and per address (ID-8).

Counts by the name that was typed, whether or not somebody has it, so that a lock says nothing about who exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from accounts import valkey
from accounts.circumstances import counted_as

LONGEST_MINUTES = 60
_MEMORY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted, and how many failures are forgiven."""

    name: str
    forgiven: int


ACCOUNT = Scope("account", forgiven=4)
ADDRESS = Scope("address", forgiven=19)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that has just begun or ended."""

    scope: str
    minutes: int = 0
    user_id: UUID | None = None


_FAIL = """
local fails, lock, register = KEYS[1], KEYS[2], KEYS[3]
local forgiven, longest, memory = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now, member = tonumber(ARGV[4]), ARGV[5]
if (tonumber(redis.call('GET', lock)) or 0) > now then return -1 end
local count = redis.call('INCR', fails)
redis.call('EXPIRE', fails, memory)
if count <= forgiven then return 0 end
local minutes = math.min(longest, 2 ^ math.min(count - forgiven - 1, 10))
redis.call('SET', lock, now + minutes * 60, 'EX', minutes * 60)
redis.call('ZADD', register, now + minutes * 60, member)
redis.call('EXPIRE', register, memory)
return minutes
"""

_ENDED = """
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if #gone > 0 then redis.call('ZREM', KEYS[1], unpack(gone)) end
return gone
"""


def locked_until(workspace_id: UUID, *, username: str, address: str, now: datetime) -> datetime | None:
    """When the next attempt will be heard, or None if it is now. Raises RedisError when Valkey is away."""
    held = valkey.client().mget(
        _key("lock", workspace_id, ACCOUNT, username), _key("lock", workspace_id, ADDRESS, address)
    )
    last = max((float(end) for end in held if end), default=0.0)
    return datetime.fromtimestamp(last, UTC) if last > now.timestamp() else None


class Locked(Exception):
    """A lock began while this attempt was on its way: it is not heard."""


def fail(workspace_id: UUID, *, scope: Scope, who: str, user_id: UUID | None, now: datetime) -> list[Lock]:
    """Count one failure; the answer is the lock that it started, if it did.

    One of an account is counted before the password is looked at, so that of many at once no more are heard than one
    by one; whoever turns out to be right takes it back. One of an address is counted once it is known.

    Raises:
        Locked: a lock holds already; nothing more was counted.
        RedisError: Valkey is away.
    """
    minutes = valkey.client().eval(
        _FAIL,
        3,
        _key("fails", workspace_id, scope, who),
        _key("lock", workspace_id, scope, who),
        _register(workspace_id),
        scope.forgiven,
        LONGEST_MINUTES,
        _MEMORY_SECONDS,
        now.timestamp(),
        _member(workspace_id, scope, who, user_id),
    )
    if minutes < 0:
        raise Locked
    return [Lock(scope.name, int(minutes), user_id)] if minutes else []


def take_back(workspace_id: UUID, *, username: str, user_id: UUID | None, started: Sequence[Lock]) -> None:
    """Somebody signed in: it was no failure, what it started ends, and the failures of the account no longer count."""
    fails, lock = (_key(kind, workspace_id, ACCOUNT, username) for kind in ("fails", "lock"))
    valkey.client().delete(fails, *([lock] if started else []))
    if started:
        valkey.client().zrem(_register(workspace_id), _member(workspace_id, ACCOUNT, username, user_id))


def unlock(workspace_id: UUID, username: str, user_id: UUID) -> bool:
    """Lift the lock of an account and forget its failures; whether there was one."""
    valkey.client().delete(
        _key("fails", workspace_id, ACCOUNT, username), _key("lock", workspace_id, ACCOUNT, username)
    )
    return bool(valkey.client().zrem(_register(workspace_id), _member(workspace_id, ACCOUNT, username, user_id)))


def ended(workspace_id: UUID, now: datetime) -> list[Lock]:
    """The locks that ran out since this was last asked; each is told once."""
    members = valkey.client().eval(_ENDED, 1, _register(workspace_id), now.timestamp())
    return [_lock_of(member.decode()) for member in members]


def _key(kind: str, workspace_id: UUID, scope: Scope, who: str) -> str:
    counted = counted_as(who) if scope is ADDRESS else who
    return valkey.key(f"lockout-{kind}", workspace_id, scope.name, counted)


def _register(workspace_id: UUID) -> str:
    return valkey.key("lockout-register", workspace_id)


def _member(workspace_id: UUID, scope: Scope, who: str, user_id: UUID | None) -> str:
    return f"{scope.name} {user_id or '-'} {_key('lock', workspace_id, scope, who)}"


def _lock_of(member: str) -> Lock:
    scope, user_id, _ = member.split(" ", 2)
    return Lock(scope, user_id=None if user_id == "-" else UUID(user_id))
