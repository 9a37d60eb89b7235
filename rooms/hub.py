"""The hub of one process: every open socket, and the guard at the exit (house law: judged twice).

It runs on the event loop and never touches the database. A quiet room is told at once; a busy one at most every TICK,
everything in one write per socket. What a lease does not cover waits, in order, for `rooms.guard`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import monotonic
from uuid import UUID

from rooms.frames import encode
from rooms.seats import Happening, Place, Seat, Sight
from rooms.views import message_view

TICK = 0.005
WAITING_AT_MOST = 500

Ask = Callable[[Seat, UUID], None]
SeenKey = tuple[UUID, UUID, UUID, Sight]


class Hub:
    """Seats by room, by person and by session, and what is on its way to them."""

    def __init__(self, ask: Ask) -> None:
        self.by_room: dict[UUID, set[Seat]] = defaultdict(set)
        self.by_user: dict[UUID, set[Seat]] = defaultdict(set)
        self.by_session: dict[UUID | None, set[Seat]] = defaultdict(set)
        self.by_workspace: dict[UUID, set[Seat]] = defaultdict(set)
        self._ask = ask
        self._pending: dict[UUID, list[Happening]] = {}
        self._flushed: dict[UUID, float] = {}
        self._seen: dict[SeenKey, set[UUID]] = defaultdict(set)

    def take(self, seat: Seat) -> None:
        """A socket has been opened."""
        for index, key in self._indexes(seat):
            index[key].add(seat)

    def drop(self, seat: Seat) -> None:
        """A socket has been closed."""
        for room_id in list(seat.places):
            self.leave(seat, room_id)
        for index, key in self._indexes(seat):
            index[key].discard(seat)
            if not index[key]:
                del index[key]

    def _indexes(self, seat: Seat) -> tuple[tuple[dict[UUID, set[Seat]], UUID], ...]:
        indexes = ((self.by_user, seat.user_id), (self.by_workspace, seat.actor.workspace_id))
        return (*indexes, (self.by_session, seat.session_id)) if seat.session_id else indexes

    def enter(self, seat: Seat, place: Place) -> None:
        seat.places[place.room_id] = place
        self.by_room[place.room_id].add(seat)

    def leave(self, seat: Seat, room_id: UUID) -> None:
        seat.places.pop(room_id, None)
        seats = self.by_room.get(room_id, set())
        seats.discard(seat)
        if not seats:
            self.by_room.pop(room_id, None)
            self._flushed.pop(room_id, None)

    def happen(self, happenings: Sequence[Happening]) -> None:
        """Something was said or changed, in the order of the places in the room."""
        for happening in happenings:
            room_id = happening.state.room_id
            if room_id not in self.by_room:
                continue
            waiting = self._pending.setdefault(room_id, [])
            waiting.append(happening)
            if len(waiting) == 1:
                self._schedule(room_id)

    def _schedule(self, room_id: UUID) -> None:
        loop = asyncio.get_running_loop()
        pause = self._flushed.get(room_id, 0.0) + TICK - monotonic()
        if pause <= 0:
            loop.call_soon(self._flush, room_id)
            return
        loop.call_later(pause, self._flush, room_id)

    def _flush(self, room_id: UUID) -> None:
        happenings = self._pending.pop(room_id, [])
        now = self._flushed[room_id] = monotonic()
        for seat in list(self.by_room.get(room_id, ())):
            self.tell(seat, seat.places[room_id], happenings, now)

    def tell(self, seat: Seat, place: Place, happenings: Sequence[Happening], now: float) -> None:
        """Write what the leases allow, in order; from the first that must be asked about, everything waits."""
        frames = []
        for happening in happenings:
            sight = None if place.waiting or place.covered else place.sight_of(happening, now)
            if sight is None:
                self._wait(place, happening)
                continue
            frames.append(_frame(happening, sight))
            state = happening.state
            self._seen[seat.actor.workspace_id, state.room_id, state.id, sight].add(seat.user_id)
        if frames:
            seat.write(frames)
        if place.waiting:
            self._ask(seat, place.room_id)

    @staticmethod
    def _wait(place: Place, happening: Happening) -> None:
        """Beyond a bound the oldest is dropped: the client sees a gap and asks for it."""
        place.waiting.append(happening)
        if len(place.waiting) > WAITING_AT_MOST:
            place.waiting.popleft()

    def release(self, seat: Seat, place: Place) -> None:
        """A decision has come: tell what was waiting for it."""
        waiting = list(place.waiting)
        place.waiting.clear()
        self.tell(seat, place, waiting, monotonic())

    def take_seen(self) -> dict[SeenKey, set[UUID]]:
        """Who was told what since this was last asked."""
        seen, self._seen = self._seen, defaultdict(set)
        return seen


def _frame(happening: Happening, sight: Sight) -> bytes:
    frame = happening.frames.get(sight)
    if frame is None:
        frame = happening.frames[sight] = _encoded(happening, sight)
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
