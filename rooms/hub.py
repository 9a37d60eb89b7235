"""The hub of one process: every open socket, and the guard at the exit (house law: judged twice).

It runs on the event loop and never touches the database. A quiet room is told at once; a busy one at most every TICK,
everything in one write per socket. What a lease does not cover waits, in order, for `rooms.guard`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from rooms.frames import encode
from rooms.seats import Happening, Parcel, Place, Seat, Sight
from rooms.streams import Stream
from rooms.views import message_view

TICK = 0.005
WAITING_AT_MOST = 500

Ask = Callable[[Seat, UUID], None]


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told which messages of a room, with one view of them."""

    workspace_id: UUID
    room_id: UUID
    message_ids: tuple[UUID, ...]
    sight: Sight
    people: tuple[UUID, ...]


class Telling:
    """Events that are told together: encoded once for each distinct view, with a note of who was told."""

    __slots__ = ("_parcels", "happenings", "markings", "told")

    def __init__(self, happenings: Sequence[Happening]) -> None:
        self.happenings = happenings
        self.markings = sorted({marking for one in happenings for marking in one.markings})
        self.told: dict[Sight, list[UUID]] = {}
        self._parcels: dict[Sight, Parcel] = {}

    def parcel(self, sight: Sight) -> Parcel:
        parcel = self._parcels.get(sight)
        if parcel is None:
            self.told[sight] = []
            parcel = self._parcels[sight] = Parcel(_frame(one, sight) for one in self.happenings)
        return parcel


class Hub:
    """Seats by room, by person and by session, and what is on its way to them."""

    def __init__(self, ask: Ask, moved: Callable[[], None] = lambda: None) -> None:
        self.by_room: dict[UUID, dict[Seat, Place]] = {}
        self.by_user: dict[UUID, set[Seat]] = defaultdict(set)
        self.by_session: dict[UUID, set[Seat]] = defaultdict(set)
        self.by_workspace: dict[UUID, set[Seat]] = defaultdict(set)
        self._ask = ask
        self._moved = moved
        self._streams: dict[UUID, Stream] = {}
        self._told: list[Told] = []

    def take(self, seat: Seat) -> None:
        """A socket has been opened."""
        for index, key in self._indexes(seat):
            index[key].add(seat)
        self._moved()

    def drop(self, seat: Seat) -> None:
        """A socket has been closed."""
        for room_id in list(seat.places):
            self.leave(seat, room_id)
        for index, key in self._indexes(seat):
            index[key].discard(seat)
            if not index[key]:
                del index[key]
        self._moved()

    def _indexes(self, seat: Seat) -> list[tuple[dict[UUID, set[Seat]], UUID]]:
        indexes: list[tuple[dict[UUID, set[Seat]], UUID]] = [
            (self.by_user, seat.user_id),
            (self.by_workspace, seat.actor.workspace_id),
        ]
        return [*indexes, (self.by_session, seat.session_id)] if seat.session_id else indexes

    def enter(self, seat: Seat, place: Place) -> None:
        seat.places[place.room_id] = place
        seats = self.by_room.get(place.room_id)
        if seats is None:
            seats = self.by_room[place.room_id] = {}
            self._streams[place.room_id] = Stream()
            self._moved()
        seats[seat] = place

    def leave(self, seat: Seat, room_id: UUID) -> None:
        seat.places.pop(room_id, None)
        seat.voided += 1
        seats = self.by_room.get(room_id)
        if seats is None:
            return
        seats.pop(seat, None)
        if not seats:
            del self.by_room[room_id], self._streams[room_id]
            self._moved()

    def is_lively(self, room_id: UUID, now: float, within: float) -> bool:
        """Whether anything was told in this room lately."""
        stream = self._streams.get(room_id)
        return stream is not None and now - stream.flushed < within

    def happen(self, happenings: Iterable[Happening]) -> None:
        """Something was said or changed; within a room it is told in the order of its places."""
        by_room: dict[UUID, list[Happening]] = defaultdict(list)
        for one in happenings:
            by_room[one.state.room_id].append(one)
        now = monotonic()
        for room_id, mine in by_room.items():
            stream = self._streams.get(room_id)
            if stream is not None:
                stream.add(mine)
                self._schedule(room_id, stream, max(now, stream.flushed + TICK))

    def _schedule(self, room_id: UUID, stream: Stream, at: float) -> None:
        if stream.due is not None and stream.due <= at:
            return
        stream.due = at
        pause, loop = at - monotonic(), asyncio.get_running_loop()
        if pause <= 0:
            loop.call_soon(self._flush, room_id)
            return
        loop.call_later(pause, self._flush, room_id)

    def _flush(self, room_id: UUID) -> None:
        stream = self._streams.get(room_id)
        if stream is None:
            return
        now, stream.due = monotonic(), None
        happenings = stream.take(now)
        if stream.overdue_at is not None:
            self._schedule(room_id, stream, stream.overdue_at)
        if not happenings:
            return
        stream.flushed = now
        telling = Telling(happenings)
        for seat, place in self.by_room[room_id].items():
            self._tell(seat, place, telling, now)
        self._note(telling)

    def _tell(self, seat: Seat, place: Place, telling: Telling, now: float) -> None:
        """Write what the leases allow; what must be asked about waits, and all that comes after it."""
        sight = None if place.waiting or place.covered else place.sight_of(telling.markings, now)
        if sight is None:
            self._wait(place, telling.happenings)
            self._ask(seat, place.room_id)
            return
        seat.write(telling.parcel(sight))
        telling.told[sight].append(seat.user_id)

    @staticmethod
    def _wait(place: Place, happenings: Sequence[Happening]) -> None:
        """Beyond a bound the oldest is dropped: the client sees a gap and asks for it."""
        place.waiting.extend(happenings)
        del place.waiting[:-WAITING_AT_MOST]

    def catch_up(self, seat: Seat, room_id: UUID, missed: Sequence[Happening]) -> None:
        """What happened while the seat was on its way into the room is told before all that waits there."""
        place = seat.places.get(room_id)
        if place is None or not missed:
            return
        later = {one.seq for one in place.waiting}
        place.waiting[:0] = [one for one in missed if one.seq not in later]
        self._ask(seat, room_id)

    def release(self, seat: Seat, place: Place, decided_at: float) -> None:
        """A decision has come: tell what was waiting for it, by the leases as they were when it was made."""
        telling = Telling(place.waiting)
        place.waiting = []
        self._tell(seat, place, telling, decided_at)
        self._note(telling)

    def _note(self, telling: Telling) -> None:
        first = telling.happenings[0].state
        message_ids = tuple(one.state.id for one in telling.happenings)
        for sight, people in telling.told.items():
            self._told.append(Told(first.workspace_id, first.room_id, message_ids, sight, tuple(people)))

    def take_told(self) -> list[Told]:
        """Who was told what since this was last asked."""
        told, self._told = self._told, []
        return told


def _frame(happening: Happening, sight: Sight) -> bytes:
    """The frame of one event for one view; what is seen of markings that it does not have makes no other view."""
    own = tuple(one for one in sight if one[0] in happening.markings)
    frame = happening.frames.get(own)
    if frame is None:
        frame = happening.frames[own] = _encoded(happening, own)
    return frame


def _encoded(happening: Happening, sight: Sight) -> bytes:
    state = happening.state
    return encode(
        {
            "t": "event",
            "room": state.room_id,
            "cursor": happening.cursor,
            "prev": happening.prev,
            "kind": "message.posted" if happening.posted else "message.changed",
            "data": message_view(state, dict(sight)),
        }
    )
