"""From the KMS down to a key that can seal: tenant key, data key, author's subkey; and which of them are in memory.

A key in memory dies with the answer of the KMS it came from (TTL), when its ring was changed in any process (seen
within five seconds), when its workspace is purged, or when others are used more. Keys of different workspaces never
meet: each entry belongs to the ring of one workspace.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast
from uuid import UUID

from django.utils.translation import gettext as _

from keys.cache import CacheKey, KeyCache
from keys.errors import KeyMissing, KeyNotCached, KeyShredded, SealBroken, SealError
from keys.format import Place, Scope, Subkey, commits, derive, unwrap
from keys.kms import GuardedKms
from keys.source import DataKeyRow, KeySource, Name, Owner, TenantKeyRow
from tenancy.actor import NOBODY
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import current_workspace_id

CAPACITY = 10_000
TTL_SECONDS = 300.0
RECHECK_SECONDS = 5.0
PRESENT = 0
"""In place of a key id: the key that seals now. No key has this id."""

_JITTER = 0.1
Made = TypeVar("Made")
_serials = itertools.count(1)


@dataclass(slots=True)
class _Ring:
    """The keys of one workspace as they were at one version of it."""

    workspace_id: UUID
    version: int
    checked_at: float
    serial: int = field(default_factory=lambda: next(_serials))


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """A data key in the clear, and the count of what it has sealed in this process."""

    owner: Owner
    key_id: int
    secret: bytes
    expires_at: float
    settled: bool
    seals: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """A subkey that is ready to seal or open."""

    subkey: Subkey
    seals: "itertools.count[int]"


@dataclass(frozen=True, slots=True)
class _Want:
    """A subkey by what it is for: the present key of its scope, or the one with this id."""

    scope: Scope
    author_id: UUID | None
    key_id: int

    def data_keys(self, workspace_id: UUID) -> list[Name]:
        """What it is made of: the key of the scope, and the author's secret."""
        first: Name = self.key_id if self.key_id != PRESENT else self.owner(workspace_id)
        return [first, ("author", self.author_id)] if self.author_id and self.is_salted else [first]

    @property
    def is_salted(self) -> bool:
        """The platform itself has no author's secret, and in a user's own scope the key is theirs already."""
        return self.author_id not in (None, NOBODY, self.scope.id)

    def owner(self, workspace_id: UUID) -> Owner:
        return (self.scope.kind, self.scope.id or workspace_id)


class Hierarchy:
    """The keys of all workspaces that this process uses. Safe to use from any thread."""

    def __init__(
        self, source: KeySource, kms: Callable[[], GuardedKms], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._kms = kms
        self._clock = clock
        self._cache = KeyCache(CAPACITY)
        self._rings: dict[int, _Ring] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Hierarchy of {len(self._rings)} rings, {self._cache!r}>"

    def __len__(self) -> int:
        """How many keys and things made of keys are in memory."""
        return len(self._cache)

    def ready(self, place: Place, key_id: int) -> Ready:
        """What seals at this place now (key id PRESENT), or what opens that key's records there.

        Raises KeyMissing, KeyShredded, SealBroken and KeyUnavailable.
        """
        now = self._clock()
        ring = self._ring(place.workspace_id, now)
        name = _name(ring.serial, place, key_id)
        cached = self._cache.get(name, now)
        if cached is not None:
            return cached  # type: ignore[return-value] # `cast` costs as much as the lookup

        loaded = self._load(ring, {name: _Want(place.scope, place.author_id, key_id)}, now)[name]
        if isinstance(loaded, SealError):
            raise loaded
        return loaded

    def ready_many(self, wanted: Sequence[tuple[Place, int]]) -> list[Ready | SealError]:
        """The same for many places of one workspace, with one query; one answer or error for each."""
        if not wanted:
            return []
        workspace_id = wanted[0][0].workspace_id
        if any(place.workspace_id is not workspace_id and place.workspace_id != workspace_id for place, _ in wanted):
            raise OutsideWorkspace("a batch of sealed data belongs to one workspace")

        now = self._clock()
        ring = self._ring(workspace_id, now)
        names = [_name(ring.serial, place, key_id) for place, key_id in wanted]
        found = cast("dict[CacheKey, Ready | SealError]", self._cache.get_many(names, now))
        missing = {
            name: _Want(place.scope, place.author_id, key_id)
            for name, (place, key_id) in zip(names, wanted, strict=True)
            if name not in found
        }
        if missing:
            found |= self._load(ring, missing, now)
        return [found[name] for name in names]

    def derived(self, workspace_id: UUID, label: str, purpose: str, make: Callable[[bytes], Made]) -> Made:
        """What `make` makes of a key of the workspace for one purpose; it never rotates and seals no content."""
        now = self._clock()
        ring = self._ring(workspace_id, now)
        name = (ring.serial, "derived", label, purpose)
        held = self._cache.get(name, now)
        if held is not None:
            return held  # type: ignore[return-value]

        owner: Owner = ("index", workspace_id)
        root = self._fetch(ring, {owner}, now)[owner]
        if isinstance(root, SealError):
            raise root
        made = make(derive(root.secret, label.encode(), purpose.encode()))
        if root.settled:
            self._cache.put(name, made, root.expires_at)
        return made

    def tenant_secret(self, row: TenantKeyRow) -> bytes:
        """The tenant key in the clear, for wrapping data keys. Raises KeyShredded, KeyUnavailable."""
        return self._tenant(row, self._clock())[0]

    def purge(self, workspace_id: UUID) -> None:
        """Forget every key of the workspace at once."""
        with self._lock:
            ring = self._rings.pop(workspace_id.int, None)
        self._cache.drop(workspace_id.int)
        if ring:
            self._cache.drop(ring.serial)

    def _ring(self, workspace_id: UUID, now: float) -> _Ring:
        """The ring of the workspace, asked after at most every five seconds whether it still holds."""
        scope = current_workspace_id()
        if scope is not None and scope.int != workspace_id.int:
            raise OutsideWorkspace("sealed data of another workspace was touched")

        ring = self._rings.get(workspace_id.int)
        if ring is not None and now - ring.checked_at < RECHECK_SECONDS:
            return ring
        return self._checked_ring(workspace_id, now)

    def _checked_ring(self, workspace_id: UUID, now: float) -> _Ring:
        _refuse_unscoped()
        version = self._source.version(workspace_id)
        with self._lock:
            ring = self._rings.get(workspace_id.int)
            if ring is not None and ring.version == version:
                ring.checked_at = now
                return ring
            fresh = self._rings[workspace_id.int] = _Ring(workspace_id, version, now)
        if ring is not None:
            self._cache.drop(ring.serial)
        return fresh

    def _load(self, ring: _Ring, wants: dict[CacheKey, _Want], now: float) -> dict[CacheKey, Ready | SealError]:
        """The subkeys that were not in memory, made from data keys; into memory if those are there to stay."""
        made_of = {name: want.data_keys(ring.workspace_id) for name, want in wants.items()}
        keys = self._fetch(ring, {key for names in made_of.values() for key in names}, now)
        loaded: dict[CacheKey, Ready | SealError] = {}
        for name, want in wants.items():
            parts = [keys[key] for key in made_of[name]]
            loaded[name] = ready = _assembled(want, ring.workspace_id, parts)
            lasting = [part for part in parts if isinstance(part, _Key) and part.settled]
            if isinstance(ready, Ready) and len(lasting) == len(parts):
                expires_at = min(part.expires_at for part in lasting)
                for one in {name, _opening(name, ready.subkey.key_id)}:
                    self._cache.put(one, ready, expires_at)
        return loaded

    def _fetch(self, ring: _Ring, names: Collection[Name], now: float) -> dict[Name, _Key | SealError]:
        """The data keys in the clear, from memory or with one query."""
        found: dict[Name, _Key | SealError] = {}
        for name in names:
            held = self._cache.get((ring.serial, "key", name), now)
            if isinstance(held, _Key):
                found[name] = held
        missing = names - found.keys()
        if not missing:
            return found

        _refuse_unscoped()
        rows = self._source.find(ring.workspace_id, missing)
        for name in missing:
            row = rows.get(name)
            found[name] = key = self._unwrapped(row, now) if row else _missing(name)
            if isinstance(key, _Key) and key.settled:
                self._cache.put((ring.serial, "key", name), key, key.expires_at)
        return found

    def _unwrapped(self, row: DataKeyRow, now: float) -> _Key | SealError:
        try:
            tenant_secret, expires_at = self._tenant(row.tenant_key, now)
            if row.wrapped is None:
                return _shredded(row.owner)
            secret = unwrap(tenant_secret, row.context, row.wrapped)
        except SealError as broken:
            return broken
        if not commits(secret, row.commitment):
            return SealBroken("A data key is not the one that was committed to.", remedy="Restore the key tables.")
        return _Key(row.owner, row.key_id, secret, expires_at, row.settled)

    def _tenant(self, row: TenantKeyRow, now: float) -> tuple[bytes, float]:
        """The tenant key and the moment until which it may be used; the KMS is asked if it is not in memory.

        Named by the id of its row, which no other key ever has, it outlives the ring and even a roll-back of that row.
        """
        if row.wrapped is None:
            raise KeyShredded("The keys of this workspace were destroyed.")
        name = (row.workspace_id.int, "tenant", row.id.int)
        held = self._cache.get(name, now)
        if isinstance(held, tuple):
            return held

        secret = self._kms().unwrap(row.context, row.wrapped)
        expires_at = now + TTL_SECONDS * random.uniform(1 - _JITTER, 1)  # noqa: S311 - spreads load, keeps no secret
        self._cache.put(name, (secret, expires_at), expires_at)
        return secret, expires_at


def _name(serial: int, place: Place, key_id: int) -> CacheKey:
    """Plain numbers, since hashing a UUID or a dataclass costs more than sealing."""
    scope, author_id = place.scope, place.author_id
    scope_id = scope.id
    return (serial, scope.kind, scope_id.int if scope_id else 0, author_id.int if author_id else -1, key_id)


def _opening(name: CacheKey, key_id: int) -> CacheKey:
    """The name under which the same subkey is looked for to open what it has sealed."""
    return (*name[:-1], key_id)


def _assembled(want: _Want, workspace_id: UUID, parts: list[_Key | SealError]) -> Ready | SealError:
    secrets = []
    for part in parts:
        if isinstance(part, SealError):
            return part
        secrets.append(part.secret)
    key = parts[0]
    if not isinstance(key, _Key) or key.owner != want.owner(workspace_id):
        return SealBroken("The sealed data names a key of another place.", remedy="Verify the audit log.")

    secret = derive(secrets[0], b"content", *secrets[1:])
    subkey = Subkey(secret, key_id=key.key_id, workspace_id=workspace_id, scope=want.scope, author_id=want.author_id)
    return Ready(subkey, key.seals)


def _refuse_unscoped() -> None:
    """Outside a scope only what is in memory can be used, so that an event loop never waits for the database."""
    if current_workspace_id() is None:
        raise KeyNotCached("The key is not in memory.", remedy="Ask again inside `within(workspace_id)`.")


def _missing(name: Name) -> KeyMissing:
    what = f"key {name}" if isinstance(name, int) else f"key of {name[0]} {name[1]}"
    return KeyMissing(f"There is no {what} in this workspace.", remedy=_("Create it with keys.actions first."))


def _shredded(owner: Owner) -> KeyShredded:
    return KeyShredded(f"The key of {owner[0]} {owner[1]} was destroyed.")
