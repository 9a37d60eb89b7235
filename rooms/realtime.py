"""Realtime of one process: the hub with its guard, the queue of posts, and the doorbell. Nobody else touches sockets.

Made when the first socket comes and alive as long as the process. What other processes did arrives by the doorbell;
what the doorbell lost is found by asking the epochs once a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from policy.models import EpochKind
from rooms import delivery, doorbell, loading, news, presence
from rooms.admission import Admission
from rooms.ears import Ears
from rooms.frames import encode
from rooms.guard import Guard
from rooms.outgoing import without_reason
from rooms.postqueue import PostQueue
from rooms.seats import Parcel, Place, Seat
from rooms.threads import Lane
from tenancy.actor import Actor, ActorKey
from tenancy.errors import Unavailable

About = TypeVar("About")
Found = TypeVar("Found")

logger = logging.getLogger(__name__)
EPOCH_CHECK = 1.0
EPOCH_WINDOW = 60.0
"""So far back the net looks each time: a transaction that voids something may have begun long before it commits."""
HEADS = 30.0
RECORD = 0.5
GUARDS = 2
TOLD_TOGETHER = 0.25
"""So many seconds what everybody hears of everybody waits for more of its kind."""
TRIES = 4
"""So often somebody is tried to be told what may be missed, while it is being decided whether they may hear it."""
JUDGED_AT_MOST = 3
POWERS_AGAIN = 5.0
PRESENCE_RENEWED = 30.0
AT_A_TIME = 50
"""So many sockets are written to before others get their turn, where nothing is urgent."""


class Realtime:
    """Everything that lives on this process's event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.lane = Lane("socket", 8)
        self.guard = Guard(Lane("guard", GUARDS), self._moved)
        self.hub = self.guard.hub
        self.posts = PostQueue(self.hub.happen)
        self.admission = Admission()
        self._ears = Ears(self.hub, self._heard)
        self._versions: dict[UUID, dict[tuple[EpochKind, UUID], int]] = {}
        self._present: dict[UUID, dict[UUID, str]] = {}
        self._moved_about: dict[UUID, list[Mapping[str, object]]] = {}
        self._repowered: dict[Seat, None] = {}
        doorbell.listen(self._heard_here)
        loops = (self._ears.run, self.guard.sweep, self._check_epochs, self._heads, self._record, self._stay_present)
        self._tasks = [self.loop.create_task(_forever(work)) for work in (*loops, *[self.guard.run] * GUARDS)]

    # --- the doorbell

    def _moved(self) -> None:
        self._ears.moved()

    def _heard_here(self, one: news.News) -> None:
        self.loop.call_soon_threadsafe(self._heard, one)

    def _heard(self, one: news.News) -> None:
        handler = _HANDLERS.get(type(one))
        if handler is not None:
            handler(self, one)

    # --- what is done about each kind of news

    def _messages(self, one: news.MessagesChanged) -> None:
        if one.room_id in self.hub.by_room:
            self._start(self._tell_messages(one))

    async def _tell_messages(self, one: news.MessagesChanged) -> None:
        self.hub.happen(await self.lane.run(loading.happenings, one))

    def _access(self, one: news.AccessChanged) -> None:
        kind, keys = EpochKind(one.kind), one.keys
        known = self._versions.setdefault(one.workspace_id, {})
        known |= {(kind, key): value for key, value in zip(keys, one.epochs, strict=False)}
        if kind == EpochKind.SUBJECT:
            seats = [seat for key in keys for seat in self.hub.by_user.get(key, ())]
            self.guard.ask_again(seats)
            self._tell_powers_soon(seats)
        if kind == EpochKind.SESSION:
            self._start(self._refresh([seat for key in keys for seat in self.hub.by_session.get(key, ())]))
        if kind == EpochKind.ROOM:
            for key in keys:
                self.guard.ask_again(list(self.hub.by_room.get(key, ())), key)
        if kind == EpochKind.POLICY:
            seats = list(self.hub.by_workspace.get(one.workspace_id, ()))
            self.guard.ask_again(seats)
            self._tell_powers_soon(seats)

    async def _refresh(self, seats: list[Seat]) -> None:
        """Sessions changed: some have ended, some have a fresh factor; until it is known which, nothing goes out."""
        for seat in seats:
            seat.void()
        for seat in seats:
            actor = await self.lane.run(loading.refreshed, seat.actor)
            if actor is not None:
                seat.actor = actor
        self.guard.ask_again(seats)
        self._tell_powers_soon([seat for seat in seats if seat.places])
        for seat in seats:
            if not seat.places:
                await self._close_if_ended(seat)

    async def _close_if_ended(self, seat: Seat) -> None:
        if await self.lane.run(loading.refreshed, seat.actor) is None:
            seat.close(loading.ENDED)

    def _tell_powers_soon(self, seats: list[Seat]) -> None:
        """After what is urgent, and once for all that changes meanwhile."""
        if seats and not self._repowered:
            self.loop.call_later(TOLD_TOGETHER, lambda: self._start(self._tell_powers()))
        self._repowered |= dict.fromkeys(seats)

    async def _tell_powers(self) -> None:
        seats, self._repowered = self._repowered, {}
        for seat in seats:
            await asyncio.sleep(TOLD_TOGETHER if self.guard.pressed else 0)
            try:
                await self._tell_powers_of(seat)
            except Exception:
                logger.exception("somebody could not be told what they may do; it is tried again")
                self.loop.call_later(POWERS_AGAIN, self._tell_powers_soon, [seat])

    async def _tell_powers_of(self, seat: Seat) -> None:
        if seat not in self.hub.by_user.get(seat.user_id, ()):
            return
        powers = await self.lane.run(loading.powers_of, seat.actor, list(seat.places))
        if powers is None:
            seat.close(loading.ENDED)
            return
        seat.write([encode({"t": "permissions", **powers})])

    def _room(self, one: news.RoomChanged) -> None:
        for seat in list(self.hub.by_room.get(one.room_id, ())):
            self._start(self._tell_room(seat, one.room_id, "room.changed"))

    def _member(self, one: news.MemberChanged) -> None:
        self._start(self._tell_member(one))

    async def _tell_member(self, one: news.MemberChanged) -> None:
        person = await self.lane.run(loading.person, one.workspace_id, one.user_id)
        frame = {"t": "members.changed", "room": one.room_id, "user": person, "change": one.change}
        if one.by == "policy":
            frame["by"] = one.by
        for seat in list(self.hub.by_user.get(one.user_id, ())):
            if one.change == "left" and one.room_id in seat.places:
                self.hub.leave(seat, one.room_id)
                reason = {"code": "left", "words": ""}
                seat.write([encode({"t": "room.left", "room": one.room_id, "reason": reason})])
            if one.change in ("joined", "returned"):
                await self._tell_room(seat, one.room_id, "room.joined")
            if one.change == "role":
                await self._tell_room(seat, one.room_id, "room.changed")
        if not self._moved_about:
            self.loop.call_later(TOLD_TOGETHER, self._tell_roster)
        self._moved_about.setdefault(one.room_id, []).append(frame)

    def _tell_roster(self) -> None:
        """Comings and goings of a room are told together: everybody there hears of each."""
        rooms, self._moved_about = self._moved_about, {}
        for room_id, frames in rooms.items():
            self._start(self._tell_moves(room_id, frames))

    async def _tell_moves(self, room_id: UUID, frames: Sequence[Mapping[str, object]]) -> None:
        """That policy did it is told to those who keep the room; the others hear that somebody left or came."""
        seats = list(self.hub.by_room.get(room_id, ()))
        keepers: set[ActorKey] = set()
        if any("by" in frame for frame in frames):
            keepers = await self.lane.run(loading.keepers, room_id, [seat.actor for seat in seats])
        whole, plain = Parcel([encode(one) for one in frames]), Parcel([encode(without_reason(one)) for one in frames])
        self._tell_hearers(room_id, whole, [seat for seat in seats if seat.actor.key in keepers])
        self._tell_hearers(room_id, plain, [seat for seat in seats if seat.actor.key not in keepers])

    def _tell_hearers(self, room_id: UUID, parcel: Parcel, seats: Iterable[Seat], tries: int = TRIES) -> None:
        """Tell those of the seats that hear in this room, and soon those for which that is being decided now."""
        now, undecided = monotonic(), []
        for seat in seats:
            place = seat.places.get(room_id)
            if place is None:
                continue
            if place.hears(now):
                seat.write(parcel)
            if place.undecided:
                undecided.append(seat)
        if undecided and tries > 1:
            self.loop.call_later(TOLD_TOGETHER, self._tell_hearers, room_id, parcel, undecided, tries - 1)

    async def judged(self, seat: Seat, work: Callable[[Actor, About], Found], about: About) -> Found:
        """An answer that was judged before something was revoked is not told: it is judged again.

        Raises Unavailable where something is revoked each time.
        """
        for _try in range(JUDGED_AT_MOST):
            voided = seat.voided
            found = await self.lane.run(work, seat.actor, about)
            if seat.voided == voided:
                return found
        raise Unavailable(_("Your access is changing right now."), remedy=_("Try again in a moment."))

    async def _tell_room(self, seat: Seat, room_id: UUID, kind: str) -> None:
        try:
            found = await self.judged(seat, loading.room_for, room_id)
        except Unavailable:
            self.loop.call_later(TOLD_TOGETHER, lambda: self._start(self._tell_room(seat, room_id, kind)))
            return
        if found is None:
            return
        self.sit(seat, [found.place], {room_id: found.view["cursor"]})
        seat.write([encode({"t": kind, "room": found.view})])

    def sit(self, seat: Seat, places: Sequence[Place], told: Mapping[UUID, str]) -> None:
        """Give a seat its places. One that is held already keeps its leases and what waits there.

        `told` is how far the client is told that each room has come; what was said since that was read is told
        afterwards. A seat that was left meanwhile gets no place. The guard is asked about each new place, and nothing
        is told there before it has answered.
        """
        if seat not in self.hub.by_user.get(seat.user_id, ()):
            return
        entered = {}
        for place in places:
            held = seat.places.get(place.room_id)
            if held is None:
                self.hub.enter(seat, place)
                self.guard.ask(seat, place.room_id)
                entered[place.room_id] = told[place.room_id]
                continue
            held.marking, held.governed = place.marking, place.governed
        if entered:
            self._start(self._catch_up(seat, entered))

    async def _catch_up(self, seat: Seat, told: Mapping[UUID, str]) -> None:
        missed = await self.lane.run(loading.missed, seat.actor.workspace_id, told)
        for room_id, happenings in missed.items():
            self.hub.catch_up(seat, room_id, happenings)

    def _read(self, one: news.ReadMoved) -> None:
        for seat in list(self.hub.by_user.get(one.user_id, ())):
            self._start(self._tell_read(seat, one))

    async def _tell_read(self, seat: Seat, one: news.ReadMoved) -> None:
        """Told to the sessions that have the room; one for which that is being decided is waited for."""
        for _try in range(TRIES):
            place = seat.places.get(one.room_id)
            if place is None or not place.undecided:
                break
            await asyncio.sleep(TOLD_TOGETHER)
        if place is None or place.undecided or place.covered:
            return
        state = await self.lane.run(loading.read_state, seat.actor, one.room_id)
        if state is not None:
            seat.write([encode({"t": "read", "room": one.room_id, "thread": one.thread_id, **state})])

    def _typing(self, one: news.TypingNoticed) -> None:
        frame = encode({"t": "typing", "room": one.room_id, "user": one.user_id, "thread": one.thread_id})
        others = [seat for seat in self.hub.by_room.get(one.room_id, ()) if seat.user_id != one.user_id]
        self._tell_hearers(one.room_id, Parcel((frame,)), others)

    def _presence(self, one: news.PresenceChanged) -> None:
        """Told a little later, together with whoever else came or went meanwhile: everybody hears of everybody."""
        seats = self.hub.by_user.get(one.user_id, set())
        if seats and one.state == presence.OFFLINE:
            self._start(self._still_here(next(iter(seats))))
            return
        if not self._present:
            self.loop.call_later(TOLD_TOGETHER, self._tell_presence)
        self._present.setdefault(one.workspace_id, {})[one.user_id] = one.state
        for seat in seats:
            seat.presence = one.state

    async def _still_here(self, seat: Seat) -> None:
        """Somebody left another process, or came back to this one, in the very moment in which they were taken away."""
        await self.lane.run(loading.tell_arrival, seat.actor)

    def _tell_presence(self) -> None:
        present, self._present = self._present, {}
        for workspace_id, states in present.items():
            parcel = Parcel(encode({"t": "presence", "user": user, "state": state}) for user, state in states.items())
            for seat in self.hub.by_workspace.get(workspace_id, ()):
                seat.write(parcel)

    async def _stay_present(self) -> None:
        """Say of everybody who sits here that they still do."""
        while True:
            await asyncio.sleep(PRESENCE_RENEWED)
            states = {seat.user_id: seat.presence for seats in list(self.hub.by_user.values()) for seat in seats}
            if states:
                await self.lane.run(presence.renew, states)

    # --- nets and records

    async def _check_epochs(self) -> None:
        """What the doorbell lost: every epoch that moved lately and was not heard of yet."""
        while True:
            await asyncio.sleep(EPOCH_CHECK)
            before, self._versions = self._versions, {}
            for workspace_id in list(self.hub.by_workspace):
                known = before.get(workspace_id, {})
                lately = await self.lane.run(loading.changed_epochs, workspace_id, EPOCH_WINDOW)
                self._versions[workspace_id] = lately
                for (kind, key), value in lately.items():
                    if value > known.get((kind, key), 0):
                        self._access(news.AccessChanged(workspace_id=workspace_id, kind=kind, keys=[key]))

    async def _heads(self) -> None:
        """Tell every socket how far its rooms have come, so that a lost ring is noticed within half a minute."""
        while True:
            await asyncio.sleep(HEADS)
            for workspace_id, seats in list(self.hub.by_workspace.items()):
                rooms = {room_id for seat in seats for room_id in seat.places}
                heads = await self.lane.run(loading.heads, workspace_id, list(rooms))
                for count, seat in enumerate(list(seats)):
                    mine = {
                        str(place.room_id): heads[place.room_id]
                        for place in seat.places.values()
                        if place.room_id in heads and not place.covered
                    }
                    seat.write([encode({"t": "head", "rooms": mine})])
                    if count % AT_A_TIME == 0:
                        await asyncio.sleep(0)

    async def _record(self) -> None:
        """Write down who was told what, off the hot path."""
        while True:
            await asyncio.sleep(RECORD)
            told = self.hub.take_told()
            if told:
                await self.lane.run(delivery.record_told, told)

    def _start(self, work: Awaitable[None]) -> None:
        task = self.loop.create_task(_logged(work))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


Handler = Callable[[Realtime, news.News], None]
_HANDLERS: dict[type[news.News], Handler] = {
    news.MessagesChanged: Realtime._messages,  # type: ignore[dict-item]  # noqa: SLF001
    news.AccessChanged: Realtime._access,  # type: ignore[dict-item]  # noqa: SLF001
    news.RoomChanged: Realtime._room,  # type: ignore[dict-item]  # noqa: SLF001
    news.MemberChanged: Realtime._member,  # type: ignore[dict-item]  # noqa: SLF001
    news.ReadMoved: Realtime._read,  # type: ignore[dict-item]  # noqa: SLF001
    news.TypingNoticed: Realtime._typing,  # type: ignore[dict-item]  # noqa: SLF001
    news.PresenceChanged: Realtime._presence,  # type: ignore[dict-item]  # noqa: SLF001
}


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:
        logger.exception("news could not be told")


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    """Run a loop for the life of the process; one that fails is logged and begun again."""
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("%s failed and begins again", work.__qualname__)
        await asyncio.sleep(0.5)


_of_loop: dict[asyncio.AbstractEventLoop, Realtime] = {}


def realtime() -> Realtime:
    """The realtime of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loop:
        _of_loop[loop] = Realtime()
    return _of_loop[loop]
