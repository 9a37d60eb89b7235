"""Keys held in memory: few, not for long, and forgotten on request."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable

CacheKey = tuple[Hashable, ...]
"""The number of the group that an entry is dropped with, then what names it inside the group."""


class KeyCache:
    """The most recently used entries, each until its own moment. Safe to use from any thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[CacheKey, tuple[object, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<KeyCache of {len(self)} entries>"

    def get(self, key: CacheKey, now: float) -> object | None:
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            if found[1] <= now:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return found[0]

    def get_many(self, keys: Iterable[CacheKey], now: float) -> dict[CacheKey, object]:
        """Those of the keys that are there."""
        return {key: value for key in set(keys) if (value := self.get(key, now)) is not None}

    def put(self, key: CacheKey, value: object, expires_at: float) -> None:
        with self._lock:
            self._entries[key] = (value, expires_at)
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)

    def drop(self, group: int) -> None:
        with self._lock:
            for key in [key for key in self._entries if key[0] == group]:
                del self._entries[key]
