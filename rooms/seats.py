"""One open socket as the hub sees it: who sits there, in which rooms, and until when it may be told what."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rooms.frames import Close
from rooms.views import MessageState
from tenancy.actor import Actor

Sight = tuple[tuple[str, bool], ...]
"""What one recipient may see, marking by marking, in the order of their names."""


class Parcel:
    """Encoded frames on their way to many sockets; what the sockets of one kind make of them is made once."""

    __slots__ = ("_made", "frames")

    def __init__(self, frames: Iterable[bytes]) -> None:
        self.frames = tuple(frames)
        self._made: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.frames)

    def once(self, make: Callable[[Iterable[bytes]], bytes]) -> bytes:
        """The frames as `make` puts them on the wire. All sockets of a process that ask do so with the same `make`."""
        if self._made is None:
            self._made = make(self.frames)
        return self._made


@dataclass(slots=True)
class Happening:
    """One event of a room on its way out, at its place in the room; it is encoded once for each distinct view."""

    state: MessageState
    seq: int
    cursor: str
    prev: str
    posted: bool
    markings: frozenset[str] = field(init=False)
    frames: dict[Sight, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.markings = self.state.markings


@dataclass(slots=True)
class Lease:
    """Whether this seat may see portions of one marking in one room, and until when it may do so unasked."""

    sees: bool
    until: float


@dataclass(slots=True)
class Place:
    """A seat's standing in one room. `waiting` keeps the order while a decision is being made.

    `voided` counts how often all that was decided became void: an answer to a question from before counts no more.
    """

    room_id: UUID
    marking: str
    governed: bool
    leases: dict[str, Lease] = field(default_factory=dict)
    waiting: list[Happening] = field(default_factory=list)
    covered: str = ""
    voided: int = 0

    def void(self) -> None:
        """Nothing goes out on the strength of an earlier decision any more."""
        self.leases.clear()
        self.voided += 1

    def hears(self, now: float) -> bool:
        """Whether this seat may be told of comings, goings and typing: only on a decision that has not become void.

        Where nothing guards the room, such a decision is enough until something changes.
        """
        lease = self.leases.get(self.marking)
        if self.covered or lease is None:
            return False
        return lease.sees and (not self.governed or lease.until > now)

    @property
    def undecided(self) -> bool:
        """Whether the decision about this room is still to come."""
        return not self.covered and self.marking not in self.leases

    def sight_of(self, markings: Sequence[str], now: float) -> Sight | None:
        """What this seat sees of these markings, or None when it has to be asked first."""
        seen = []
        for marking in markings:
            lease = self.leases.get(marking)
            if lease is None or lease.until <= now:
                return None
            seen.append((marking, lease.sees))
        return tuple(seen)


@dataclass(slots=True, eq=False)
class Seat:
    """One open socket. `write` takes encoded frames and never blocks; `close` ends it with a reason."""

    actor: Actor
    write: Callable[[Iterable[bytes]], None]
    close: Callable[[Close], None]
    places: dict[UUID, Place] = field(default_factory=dict)
    voided: int = 0
    presence: str = "active"
    user_id: UUID = field(init=False)
    session_id: UUID | None = field(init=False)

    def void(self, room_id: UUID | None = None) -> list[Place]:
        """Nothing goes out on the strength of earlier decisions, about one room or all; the answer is which places
        these were. `voided` counts, so that a read that was judged before is judged again before it is told.
        """
        places = [place for place in self.places.values() if room_id is None or place.room_id == room_id]
        self.voided += 1
        for place in places:
            place.void()
        return places

    def __post_init__(self) -> None:
        self.user_id = self.actor.id
        self.session_id = self.actor.environment.session_id
