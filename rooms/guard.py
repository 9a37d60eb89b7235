"""The guard at the exit: asks the decision point about seats whose leases have run out, and acts on the answers.

A permit is a lease; a deny ends the seat's place in the room at once; an answer that cannot be had covers the room
without evicting anybody (R7, R9). Runs on the event loop; decisions are made on a thread, for many seats in one batch.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime
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
BATCH = 2_000
EARLY = 0.25
"""Leases are renewed within the last quarter of their life, each at another moment, so that a full room never
asks at once."""


class Guard:
    """Decides again for the seats of one hub."""

    def __init__(self, lane: Lane) -> None:
        self.hub = Hub(self.ask)
        self._lane = lane
        self._asked: dict[tuple[Seat, UUID], None] = {}
        self._wake = asyncio.Event()

    def ask(self, seat: Seat, room_id: UUID) -> None:
        """Have this seat's place in this room judged as soon as possible."""
        self._asked[seat, room_id] = None
        self._wake.set()

    def ask_again(self, seats: Sequence[Seat], room_id: UUID | None = None) -> None:
        """Everything decided about these seats is void: nothing more goes out to them before they are judged again."""
        for seat in seats:
            for place in list(seat.places.values()):
                if room_id is None or place.room_id == room_id:
                    place.leases.clear()
                    self.ask(seat, place.room_id)

    async def run(self) -> None:
        """Judge what was asked, batch by batch, for as long as the process lives."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._asked:
                batch = list(self._asked)[:BATCH]
                for key in batch:
                    del self._asked[key]
                await self._judge(batch)

    async def _judge(self, batch: Sequence[tuple[Seat, UUID]]) -> None:
        sightings = [
            Sighting(seat.actor, room_id, marking)
            for seat, room_id in batch
            if room_id in seat.places
            for marking in _markings(seat.places[room_id])
        ]
        try:
            verdicts = await self._lane.run(delivery.judge, sightings)
        except Exception:
            logger.exception("the guard got no answer for %d questions", len(sightings))
            verdicts = {sighting.key: delivery.NO_ANSWER for sighting in sightings}
        for seat, room_id in batch:
            place = seat.places.get(room_id)
            if place is not None:
                self._settle(seat, place, verdicts)

    def _settle(self, seat: Seat, place: Place, verdicts: dict[delivery.SightingKey, Verdict]) -> None:
        for marking in _markings(place):
            verdict = verdicts.get((seat.user_id, seat.session_id, place.room_id, marking))
            if verdict is None:
                continue
            if verdict.session_ended:
                seat.close(Close.REVOKED)
                return
            if marking == place.marking and not self._stays(seat, place, verdict):
                return
            place.leases[marking] = Lease(verdict.sees, _until(verdict))
        if place.waiting and not place.covered:
            self.hub.release(seat, place)

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
        place.leases.clear()
        if place.covered == verdict.cover:
            return
        place.covered = verdict.cover
        seat.write(
            [encode({"t": "room.covered", "room": place.room_id, "state": verdict.cover, "reason": verdict.reason})]
        )

    async def sweep(self) -> None:
        """Renew the leases of guarded rooms before they run out, and try covered ones again."""
        while True:
            await asyncio.sleep(SWEEP)
            now = monotonic()
            for seats in list(self.hub.by_user.values()):
                for seat in list(seats):
                    self._look_after(seat, now)

    def _look_after(self, seat: Seat, now: float) -> None:
        for place in seat.places.values():
            if place.covered and random.random() < SWEEP / RETRY_COVERED:
                self.ask(seat, place.room_id)
            if not place.governed or place.covered:
                continue
            lease = place.leases.get(place.marking)
            if lease is None or lease.until <= now + SWEEP:
                self.ask(seat, place.room_id)


def _markings(place: Place) -> set[str]:
    """What to ask about: the room's own marking, and every marking that waits or was leased."""
    wanted = {place.marking, *place.leases}
    for happening in place.waiting:
        wanted |= happening.state.markings
    return wanted


def _until(verdict: Verdict) -> float:
    left = (verdict.valid_until - datetime.now(UTC)).total_seconds()
    return monotonic() + max(0.0, left) * (1 - EARLY * random.random())
