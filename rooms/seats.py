"""One open socket as the hub sees it: who sits there, in which rooms, and until when it may be told what."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from rooms.frames import Close
from rooms.views import MessageState
from tenancy.actor import Actor

Sight = tuple[tuple[str, bool], ...]
"""What one recipient may see, marking by marking."""


@dataclass(slots=True)
class Happening:
    """One event of a room on its way out; its frame is encoded once for each distinct view."""

    state: MessageState
    cursor: str
    prev: str
    posted: bool
    frames: dict["Sight", bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Lease:
    """Whether this seat may see portions of one marking in one room, and until when it may do so unasked."""

    sees: bool
    until: float


@dataclass(slots=True)
class Place:
    """A seat's standing in one room. `waiting` keeps the order while a decision is being made."""

    room_id: UUID
    marking: str
    governed: bool
    leases: dict[str, Lease] = field(default_factory=dict)
    waiting: deque[Happening] = field(default_factory=deque)
    covered: str = ""

    def sight_of(self, happening: Happening, now: float) -> Sight | None:
        """What this seat sees of every marking in the event, or None when it has to be asked first."""
        seen = []
        for marking in happening.state.markings:
            lease = self.leases.get(marking)
            if lease is None or lease.until <= now:
                return None
            seen.append((marking, lease.sees))
        return tuple(sorted(seen)) if len(seen) > 1 else tuple(seen)


@dataclass(slots=True, eq=False)
class Seat:
    """One open socket. `write` takes encoded frames and never blocks; `close` ends it with a reason."""

    actor: Actor
    write: Callable[[Sequence[bytes]], None]
    close: Callable[[Close], None]
    places: dict[UUID, Place] = field(default_factory=dict)
    presence: str = "active"
    opened_at: float = field(default_factory=monotonic)

    @property
    def user_id(self) -> UUID:
        return self.actor.id

    @property
    def session_id(self) -> UUID | None:
        return self.actor.environment.session_id
