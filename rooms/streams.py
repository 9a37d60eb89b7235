"""What is on its way in one room, in the order of its places, whichever way and however late it came here."""

from collections.abc import Iterable

from rooms.seats import Happening

PATIENCE = 0.2
"""So many seconds an event waits for those before it. A client that sees a gap then asks for it."""


class Stream:
    """Events of one room that have not been told yet.

    Other processes' events come by the doorbell and are read from the database, our own come at once: without order
    here every socket of a busy room would see gaps and ask for them.
    """

    __slots__ = ("_early_since", "_told", "_waiting", "due", "flushed")

    def __init__(self) -> None:
        self.flushed = 0.0
        self.due: float | None = None
        self._waiting: list[Happening] = []
        self._told = 0
        self._early_since: float | None = None

    def add(self, happenings: Iterable[Happening]) -> None:
        self._waiting.extend(happenings)

    def take(self, now: float) -> list[Happening]:
        """What may be told now: all up to the first gap, or everything if that gap has been waited for long enough."""
        ordered = sorted(self._waiting, key=lambda one: one.seq)
        ready = self._unbroken(ordered)
        if ready < len(ordered) and self._early_since is None:
            self._early_since = now
        if self._early_since is not None and now - self._early_since >= PATIENCE:
            ready = len(ordered)
        self._waiting = ordered[ready:]
        if not self._waiting:
            self._early_since = None
        if ready:
            self._told = max(self._told, ordered[ready - 1].seq)
        return ordered[:ready]

    def _unbroken(self, ordered: list[Happening]) -> int:
        """How many of these follow what was told. Whoever has told nothing yet knows of no gap."""
        told = self._told
        for count, one in enumerate(ordered):
            if told and one.seq > told + 1:
                return count
            told = max(told, one.seq)
        return len(ordered)

    @property
    def overdue_at(self) -> float | None:
        """When the patience with a gap ends; None if nothing waits for one."""
        return None if self._early_since is None else self._early_since + PATIENCE
