"""The load generator: a process of its own that holds every connection to one server and runs what it is told.

`python -m bench.load PORT < commands`: one JSON command a line, one JSON answer a line. Latency is the time from the
moment a message is written to the moment a receiver has read it, by one clock, in this one process.
"""

import asyncio
import contextlib
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from bench import people
from bench.people import World
from bench.wire import Deliveries, Socket, connect

AT_ONCE = 8
DRAIN_SECONDS = 60.0
FIRST_MESSAGES = 3


class Load:
    """Connections to one server, and what can be done with them."""

    def __init__(self, port: int, world: World) -> None:
        self.port = port
        self.world = world
        self.sockets: dict[str, Socket] = {}
        self.leaving: frozenset[str] = frozenset()
        self.left: dict[str, int] = {}
        self.all_left = asyncio.Event()

    async def connect(self, names: list[str]) -> dict[str, Any]:
        """Open what is not open yet."""
        began = time.monotonic()
        gate = asyncio.Semaphore(AT_ONCE)
        rooms = self._rooms_by_person()

        async def one(name: str) -> None:
            async with gate:
                token, wanted = self.world.tokens[name], rooms[name]
                self.sockets[name] = await connect(name, port=self.port, token=token, rooms=wanted)
                self.sockets[name].on_other = self._heard

        await asyncio.gather(*(one(name) for name in names if name not in self.sockets))
        gc.collect()
        gc.freeze()
        return {"open": len(self.sockets), "seconds": round(time.monotonic() - began, 2)}

    def _rooms_by_person(self) -> dict[str, list[str]]:
        rooms: dict[str, list[str]] = {name: [] for name in self.world.people}
        for room, members in self.world.members.items():
            for name in members:
                rooms[name].append(self.world.rooms[room])
        return rooms

    def _heard(self, socket: Socket, payload: bytes, now: int) -> None:
        if payload.startswith(b'{"t":"room.left"') and socket.name in self.leaving:
            self.left.setdefault(socket.name, now)
            if len(self.left) == len(self.leaving):
                self.all_left.set()

    async def fanout(self, size: int, messages: int, pause: float) -> dict[str, Any]:
        """One sender, one message, everybody has it, a pause, the next."""
        room = people.fan_room(size)
        deliveries = self._listen([people.receiver(number) for number in range(size)])
        sender = self.sockets[people.sender(0)]
        acks: list[float] = []
        await self._one_by_one(sender, room, size, FIRST_MESSAGES, pause, deliveries, [])
        deliveries.clear()
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        began = time.monotonic()
        lost = await self._one_by_one(sender, room, size, messages, pause, deliveries, acks)
        return {
            **_latency(deliveries),
            "messages": messages,
            "lost": lost,
            "ack_p50": _percentile(sorted(acks), 0.5),
            "wall": time.monotonic() - began,
            "generator_cpu": _spent(cpu),
        }

    async def _one_by_one(
        self,
        sender: Socket,
        room: str,
        size: int,
        messages: int,
        pause: float,
        deliveries: Deliveries,
        acks: list[float],
    ) -> int:
        for number in range(1, messages + 1):
            sent = time.monotonic_ns()
            sender.post(self.world.rooms[room], lambda now, sent=sent: acks.append((now - sent) / 1e6))
            if not await deliveries.reach(number * size, DRAIN_SECONDS):
                return number * size - len(deliveries.latencies)
            await asyncio.sleep(pause)
        return 0

    async def crowd(self, seconds: float, window: int) -> dict[str, Any]:
        """One room, 50 receivers, 8 senders, each with so many posts in flight."""
        senders = {people.sender(number): [people.CROWD_ROOM] for number in range(people.CROWD_SENDERS)}
        receivers = [people.receiver(number) for number in range(people.CROWD)]
        return await self._pumped(senders, receivers, people.CROWD, seconds, window)

    async def many(self, seconds: float, window: int) -> dict[str, Any]:
        """100 rooms of 10, 10 senders, each with so many posts in flight."""
        senders: dict[str, list[str]] = {}
        for number in range(people.MANY_ROOMS):
            senders.setdefault(people.sender(number % people.SENDERS), []).append(people.many_room(number))
        count = people.MANY_ROOMS * people.MANY_RECEIVERS
        receivers = [people.receiver(number) for number in range(count)]
        return await self._pumped(senders, receivers, people.MANY_RECEIVERS, seconds, window)

    async def _pumped(
        self, senders: dict[str, list[str]], receivers: list[str], per_message: int, seconds: float, window: int
    ) -> dict[str, Any]:
        deliveries = self._listen(receivers)
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        pump = _Pump(time.monotonic_ns() + int(seconds * 1e9))
        began = time.monotonic_ns()
        for name, rooms in senders.items():
            ids = [self.world.rooms[room] for room in rooms]
            for lane in range(window):
                pump.post(self.sockets[name], ids, lane)
        await pump.finished(DRAIN_SECONDS)
        await deliveries.reach(pump.posted * per_message, DRAIN_SECONDS)
        took = (deliveries.last_ns - began) / 1e9
        delivered = len(deliveries.latencies)
        return {
            **_latency(deliveries),
            "messages": pump.posted,
            "lost": pump.posted * per_message - delivered,
            "rate": delivered / per_message / took,
            "acked": len(pump.acks) / ((pump.last_ack_ns - began) / 1e9),
            "ack_p50": _percentile(sorted(pump.acks), 0.5),
            "wall": took,
            "generator_cpu": _spent(cpu),
        }

    def _listen(self, names: list[str]) -> Deliveries:
        deliveries = Deliveries()
        for socket in self.sockets.values():
            socket.deliveries = None
        for name in names:
            self.sockets[name].deliveries = deliveries
        return deliveries

    async def expect(self, names: list[str]) -> dict[str, Any]:
        """From now on note when these are told to leave a room."""
        self.leaving, self.left = frozenset(names), {}
        self.all_left.clear()
        return {}

    async def departures(self, seconds: float) -> dict[str, Any]:
        """When each of those that were expected to leave was told so, in the nanoseconds of the monotonic clock."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.all_left.wait(), seconds)
        return {"left": self.left}

    async def health(self) -> dict[str, Any]:
        """Whether all connections still stand."""
        wrong = {
            name: [error.decode(errors="replace") for error in one.errors[:2]]
            for name, one in self.sockets.items()
            if one.errors or one.closed
        }
        return {"open": sum(not one.closed for one in self.sockets.values()), "wrong": dict(list(wrong.items())[:5])}


class _Pump:
    """Keeps posts in flight: each ack lets the next one go."""

    def __init__(self, end_ns: int) -> None:
        self.posted = 0
        self.acks: list[float] = []
        self.last_ack_ns = 0
        self._end_ns = end_ns
        self._open = 0
        self._done = asyncio.Event()

    def post(self, socket: Socket, rooms: list[str], turn: int) -> None:
        self.posted += 1
        self._open += 1
        sent = time.monotonic_ns()

        def told(now: int) -> None:
            self._open -= 1
            self.last_ack_ns = now
            self.acks.append((now - sent) / 1e6)
            if now < self._end_ns:
                self.post(socket, rooms, turn + 1)
            elif not self._open:
                self._done.set()

        socket.post(rooms[turn % len(rooms)], told)

    async def finished(self, seconds: float) -> None:
        left = max(0.0, (self._end_ns - time.monotonic_ns()) / 1e9)
        await asyncio.wait_for(self._done.wait(), left + seconds)


def _latency(deliveries: Deliveries) -> dict[str, Any]:
    ordered = sorted(deliveries.latencies)
    return {
        "delivered": len(ordered),
        "p50": _percentile(ordered, 0.50) / 1e6,
        "p95": _percentile(ordered, 0.95) / 1e6,
        "p99": _percentile(ordered, 0.99) / 1e6,
        "max": _percentile(ordered, 1.0) / 1e6,
    }


def _percentile(ordered: list[Any], part: float) -> float:
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * part))]) if ordered else float("nan")


def _spent(before: resource.struct_rusage) -> float:
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def serve(port: int, world: World) -> None:
    load = Load(port, world)
    known: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
        name: getattr(load, name) for name in ("connect", "fanout", "crowd", "many", "expect", "departures", "health")
    }
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        answer = await known[command.pop("do")](**command)
        print(json.dumps(answer), flush=True)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    world = World(**json.loads(Path(sys.argv[2]).read_text()))
    gc.disable()
    uvloop.run(serve(int(sys.argv[1]), world))


if __name__ == "__main__":
    main()
