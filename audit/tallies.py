"""What writers said they committed, held against what was sealed: this finds entries deleted before their seal.

A tally is sealed in the same round as the entries it counts or in a later one, because they were committed before it
was written. So what is missing then is missing for good.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from audit.events import Event
from audit.writer import Count, read_stamp, stamp_in

LONGEST_TRANSACTION_SECONDS = 65.0
LONGEST_TRANSACTION_INTERVALS = 13
KEPT_INTERVALS = 60
_TALLY = f'"k":"{Event.WRITER_TALLIED}"'.encode()


@dataclass(slots=True)
class _Boot:
    """What is known of one life of a writing process."""

    since: int
    """The first interval of which every entry was seen here."""
    beats: int = 0
    sealed: dict[int, Count] = field(default_factory=dict)
    told: dict[int, Count] = field(default_factory=dict)

    def forget_before(self, interval: int) -> None:
        for counts in (self.sealed, self.told):
            for old in [one for one in counts if one < interval]:
                del counts[old]


class Tallies:
    """Kept by the sealer in memory; after its restart only what began later is judged."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._boots: dict[str, _Boot] = {}
        self._sealed: dict[bytes, Count] = {}
        """The counts of the present round by the raw stamp, so that each stamp is read once."""
        self._waiting: list[dict] = []  # type: ignore[type-arg]

    def observe(self, env: bytes, leaf: bytes) -> None:
        """Count an entry, whose MAC holds, as sealed."""
        stamp = stamp_in(env)
        count = self._sealed.get(stamp)
        if count is None:
            name, interval = read_stamp(stamp)
            boot = self._boot(name, interval)
            count = self._sealed[stamp] = boot.sealed.setdefault(interval, Count())
        count.add(leaf)

    def hear(self, env: bytes) -> bool:
        """Whether this entry, whose MAC holds, is a tally; it then waits for `judge` and counts nowhere."""
        if _TALLY not in env:
            return False
        self._waiting.append(orjson.loads(env))
        return True

    def _boot(self, name: str, interval: int) -> _Boot:
        """What was begun before this sealer, which may seal late entries first, is not judged."""
        found = self._boots.setdefault(name, _Boot(interval))
        if time.monotonic() - self._began < LONGEST_TRANSACTION_SECONDS:
            found.since = max(found.since, interval + LONGEST_TRANSACTION_INTERVALS)
        return found

    def judge(self) -> Iterator[tuple[str, str]]:
        """Hold the waiting tallies against what was sealed; gives (entry id of the tally, finding)."""
        waiting, self._waiting = self._waiting, []
        self._sealed.clear()
        for env in sorted(waiting, key=lambda one: one["data"]["n"]):
            data = env["data"]
            boot = self._boot(data["writer"], data["interval"])
            if boot.beats and data["n"] <= boot.beats:
                continue
            if boot.beats and data["n"] != boot.beats + 1:
                yield env["uid"], "tally_missing"
            boot.beats = data["n"]
            finding = _missing(boot, data)
            if finding:
                yield env["uid"], finding
            if data["closed"]:
                del self._boots[data["writer"]]


def _missing(boot: _Boot, data: dict) -> str:  # type: ignore[type-arg]
    interval = data["interval"]
    told = boot.told.setdefault(interval, Count())
    told.plus(data["rows"], int(data["sum"], 16))
    sealed = boot.sealed.get(interval, Count())
    boot.forget_before(interval - KEPT_INTERVALS)
    if interval < boot.since or sealed.rows > told.rows:
        return ""
    return "" if (sealed.rows, sealed.sum) == (told.rows, told.sum) else "entries_missing"
