"""The guard at the exit: asks the decision point about seats whose leases have run out, and acts on the answers.

A permit is a lease; a deny ends the seat's place in the room at once; an answer that cannot be had covers the room
without evicting anybody (R7, R9). Runs on the event loop; decisions are made on a thread, for many seats in one batch.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from time import monotonic
from uuid import UUID

from rooms import delivery
from rooms.delivery import Sighting, Verdict
from rooms.frames import Close, encode
from rooms.hub import Hub
from rooms.seats import Lease, Place, Seat
from rooms.threads import Lane

logger = logging.getLogger(__name__)
SWEEP = 1.0
RETRY_COVERED = 5.0
LIVELY = 60.0
"""The leases of a room where something was told within so many seconds are kept fresh, guarded or not."""
BATCH = 200
"""Small enough that a revocation never waits long behind a full room whose leases are renewed."""
GATHERED = 0.003
"""One change rings several times, and a batch of changes more often; so many seconds are waited for the rest."""
EARLY = 0.25
"""Leases are renewed within the last quarter of their life, each at another moment, so that a full room never
asks at once."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One place to be judged, as it was when it was put to the decision point."""

    seat: Seat
    place: Place
    voided: int

    @property
    def stands(self) -> bool:
        """Whether the answer still counts: the seat is there, and nothing was revoked while it was being judged."""
        return self.seat.places.get(self.place.room_id) is self.place and self.place.voided == self.voided


class Guard:
    """Decides again for the seats of one hub."""

    def __init__(self, lane: Lane, moved: Callable[[], None] = lambda: None) -> None:
        self.hub = Hub(self.ask, moved)
        self._lane = lane
        self._urgent: dict[tuple[Seat, UUID], None] = {}
        self._asked: dict[tuple[Seat, UUID], None] = {}
        self._wake = asyncio.Event()

    def ask(self, seat: Seat, room_id: UUID) -> None:
        """Have this seat's place in this room judged soon."""
        self._asked[seat, room_id] = None
        self._wake.set()

    def ask_again(self, seats: Sequence[Seat], room_id: UUID | None = None) -> None:
        """Everything decided about these seats is void: nothing more goes out to them before they are judged again.

        They are judged before all whose leases are merely renewed.
        """
        for seat in seats:
            for place in seat.void(room_id):
                self._urgent[seat, place.room_id] = None
        self._wake.set()

    @property
    def pressed(self) -> bool:
        """Whether anybody who may not be told anything more waits to be judged."""
        return bool(self._urgent)

    async def run(self) -> None:
        """Judge what was asked, batch by batch, for as long as the process lives. Several of these share the work."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._urgent:
                await asyncio.sleep(GATHERED)
            while self._urgent or self._asked:
                await self._judge(self._next())

    def _next(self) -> list[_Asked]:
        asked = self._urgent or self._asked
        keys = list(islice(asked, BATCH))
        for key in keys:
            del asked[key]
        held = ((seat, seat.places.get(room_id)) for seat, room_id in keys)
        return [_Asked(seat, place, place.voided) for seat, place in held if place is not None]

    async def _judge(self, batch: Sequence[_Asked]) -> None:
        asked_at = monotonic()
        sightings = [
            Sighting(one.seat.actor, one.place.room_id, marking) for one in batch for marking in _markings(one.place)
        ]
        try:
            verdicts = await self._lane.run(delivery.judge, sightings)
        except Exception:
            logger.exception("the guard got no answer for %d questions", len(sightings))
            verdicts = {sighting.key: delivery.NO_ANSWER for sighting in sightings}
        for one in batch:
            if one.stands:
                self._settle(one.seat, one.place, verdicts, asked_at)

    def _settle(self, seat: Seat, place: Place, verdicts: dict[delivery.SightingKey, Verdict], asked_at: float) -> None:
        """Act on the answers. What waited for them goes out even where they make no lease, as at the top marking."""
        for marking in _markings(place):
            verdict = verdicts.get((seat.actor.key, place.room_id, marking))
            if verdict is None:
                continue
            if verdict.session_ended:
                seat.close(Close.REVOKED)
                return
            if marking == place.marking and not self._stays(seat, place, verdict):
                return
            place.leases[marking] = Lease(verdict.sees, _until(verdict))
        if place.waiting and not place.covered:
            self.hub.release(seat, place, asked_at)

    def _stays(self, seat: Seat, place: Place, verdict: Verdict) -> bool:
        """Act on the answer about the room itself; False when the seat may not go on there now."""
        if verdict.ended:
            self.expel(seat, place.room_id, verdict)
            return False
        if verdict.cover:
            self._cover(seat, place, verdict)
            return False
        if place.covered:
            place.covered = ""
            place.waiting.clear()
            seat.write([encode({"t": "room.uncovered", "room": place.room_id})])
        return True

    def expel(self, seat: Seat, room_id: UUID, verdict: Verdict) -> None:
        """The seat's place in the room has ended; the client clears everything it holds of it."""
        self.hub.leave(seat, room_id)
        seat.write(
            [encode({"t": "room.left", "room": room_id, "reason": verdict.reason, "decision": verdict.decision_id})]
        )

    @staticmethod
    def _cover(seat: Seat, place: Place, verdict: Verdict) -> None:
        place.void()
        if place.covered == verdict.cover:
            return
        place.covered = verdict.cover
        seat.write(
            [encode({"t": "room.covered", "room": place.room_id, "state": verdict.cover, "reason": verdict.reason})]
        )

    async def sweep(self) -> None:
        """Renew the leases of guarded and of lively rooms before they run out, and try covered ones again."""
        while True:
            await asyncio.sleep(SWEEP)
            now = monotonic()
            for seats in list(self.hub.by_user.values()):
                for seat in list(seats):
                    self._look_after(seat, now)

    def _look_after(self, seat: Seat, now: float) -> None:
        for place in seat.places.values():
            if place.covered and random.random() < SWEEP / RETRY_COVERED:  # noqa: S311 — spreads load
                self.ask(seat, place.room_id)
            if place.covered or not (place.governed or self.hub.is_lively(place.room_id, now, LIVELY)):
                continue
            lease = place.leases.get(place.marking)
            if lease is None or lease.until <= now + SWEEP:
                self.ask(seat, place.room_id)


def _markings(place: Place) -> set[str]:
    """What to ask about: the room's own marking, and every marking that waits or was leased."""
    wanted = {place.marking, *place.leases}
    for happening in place.waiting:
        wanted |= happening.markings
    return wanted


def _until(verdict: Verdict) -> float:
    left = (verdict.valid_until - datetime.now(UTC)).total_seconds()
    return monotonic() + max(0.0, left) * (1 - EARLY * random.random())  # noqa: S311 — spreads load
