"""Who writes in this process, and what it has committed: the stamp in every entry, and the count behind the heartbeat.

Between a commit and its seal an entry is vouched for by its MAC alone, and a MAC does not show a deletion. So each
writer tells, some seconds later and under a MAC too, how many entries it committed in each interval and what their
hashes sum up to; the sealer holds that against what it sealed. Rolled-back entries are not counted, and leave no gap.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from uuid import UUID

from tenancy.actor import new_id

INTERVAL_SECONDS = 5.0
MODULUS = 2**256
MOST_UNTOLD = 720
"""Intervals kept for a heartbeat; a process without one forgets what is an hour old."""
_STAMP = b'"w":["'


@dataclass(slots=True)
class Count:
    """How many entries, and the sum of their leaf hashes: equal sets have equal counts, in any order."""

    rows: int = 0
    sum: int = 0

    def add(self, leaf: bytes) -> None:
        self.rows += 1
        self.sum = (self.sum + int.from_bytes(leaf, "big")) % MODULUS

    def plus(self, rows: int, summed: int) -> None:
        self.rows += rows
        self.sum = (self.sum + summed) % MODULUS


def stamp_in(env: bytes) -> bytes:
    """The stamp as it stands in the bytes of an entry."""
    start = env.rindex(_STAMP) + len(_STAMP)
    return env[start : env.index(b"]", start)]


def read_stamp(stamp: bytes) -> tuple[str, int]:
    """The boot id and interval of a stamp."""
    boot, _, interval = stamp.partition(b'",')
    return boot.decode(), int(interval)


@dataclass(slots=True)
class Writer:
    """One life of a process."""

    boot: UUID = field(default_factory=new_id)
    name: str = field(init=False)
    beats: int = 0
    _began: float = field(default_factory=time.monotonic)
    _counts: dict[int, Count] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.name = str(self.boot)

    def stamp(self) -> list[str | int]:
        return [self.name, int((time.monotonic() - self._began) / INTERVAL_SECONDS)]

    def committed(self, envs: Sequence[bytes]) -> None:
        """Count entries that are durable now."""
        with self._lock:
            for env in envs:
                boot, interval = read_stamp(stamp_in(env))
                if boot == self.name:
                    self._counts.setdefault(interval, Count()).add(sha256(b"\x00" + env).digest())
            while len(self._counts) > MOST_UNTOLD:
                del self._counts[min(self._counts)]

    def untold(self) -> list[tuple[int, Count]]:
        """What has been committed since the last heartbeat, by interval."""
        with self._lock:
            return [(interval, Count(one.rows, one.sum)) for interval, one in sorted(self._counts.items())]

    def told(self, interval: int, count: Count) -> None:
        """A heartbeat that told this is durable."""
        with self._lock:
            left = self._counts[interval]
            left.plus(-count.rows, -count.sum)
            if not left.rows:
                del self._counts[interval]


_writer = Writer()


def present() -> Writer:
    return _writer


def _after_fork() -> None:
    global _writer  # noqa: PLW0603 - a forked process is another writer
    _writer = Writer()


os.register_at_fork(after_in_child=_after_fork)
