"""From a withdrawn entitlement to `room.left`, with a thousand sockets open in governed rooms (R14).

The withdrawal is the real action, performed in this process and not in the one that holds the sockets, so that the
doorbell is in the path. The clock starts when the withdrawal is committed and stops when the client has read
`room.left`; both ends read the same monotonic clock of one machine.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from uuid import UUID

from bench import people
from bench.figures import figure, heading, percentile, quiet, table
from bench.generator import Generator
from bench.people import CLEARED, UNCLEARED, World

ALONE = 300
STREAM = 300
BURST = 300
HANDS = 4
WAIT = 30.0


def measure(generator: Generator, world: World) -> None:
    """Print how long it takes one at a time, in an unbroken stream, and in a burst from several hands.

    Everybody is connected already.
    """
    names = [people.receiver(number) for number in range(people.RECEIVERS)]
    alone, stream, burst = names[:ALONE], names[ALONE : ALONE + STREAM], names[-BURST:]
    try:
        with quiet():
            heading(f"Revocation: withdrawal of a fact to room.left, {len(world.people)} open sockets")
            lines = [
                *_lines(f"{ALONE} one at a time", _one_at_a_time(generator, world, alone), ALONE),
                *_lines(f"{STREAM} without a pause", _at_once(generator, world, stream, hands=1), STREAM),
                *_lines(f"{BURST} from {HANDS} hands", _at_once(generator, world, burst, hands=HANDS), BURST),
            ]
        table(("ms", "from", "p50", "p99", "max", "revocations", "not told"), lines)
    finally:
        _give_back(world, [*alone, *stream, *burst])


Taken = tuple[list[float], list[float]]
"""Milliseconds from the start of each action, and from its commit, to the frame."""


def _lines(title: str, taken: Taken, count: int) -> Iterator[list[str]]:
    for start, values in zip(("its start", "its commit"), taken, strict=True):
        shown = [figure(percentile(values, part)) for part in (0.5, 0.99, 1.0)] if values else ["-"] * 3
        yield [title, start, *shown, str(len(values)), str(count - len(values))]


def _one_at_a_time(generator: Generator, world: World, names: Sequence[str]) -> Taken:
    """The next one only after the last one has arrived."""
    from_start, from_commit = [], []
    for name in names:
        one_start, one_commit = _at_once(generator, world, [name], hands=1)
        from_start += one_start
        from_commit += one_commit
    return from_start, from_commit


def _at_once(generator: Generator, world: World, names: Sequence[str], *, hands: int) -> Taken:
    """As fast as so many hands can withdraw."""
    generator.do("expect", names=list(names))
    with _commits_noted() as commits, ThreadPoolExecutor(hands) as pool:
        starts = dict(pool.map(lambda name: _withdrawn(world, name), names))
        left: dict[str, int] = generator.do("departures", seconds=WAIT)["left"]
    told = [name for name in names if name in left]
    return (
        [(left[name] - starts[name]) / 1e6 for name in told],
        [(left[name] - commits[UUID(world.people[name])]) / 1e6 for name in told],
    )


def _withdrawn(world: World, name: str) -> tuple[str, int]:
    started = time.monotonic_ns()
    copy_context().run(_say, world, name, UNCLEARED)
    return name, started


def _say(world: World, name: str, facts: dict[str, object]) -> None:
    from tenancy.actor import system_actor  # noqa: PLC0415

    people.tell_facts(system_actor(UUID(world.workspace), cause="bench"), UUID(world.people[name]), facts)


@contextmanager
def _commits_noted() -> Iterator[dict[UUID, int]]:
    """When the withdrawal of each person was committed: the first ring about that person comes right after it."""
    from rooms import doorbell, news  # noqa: PLC0415

    commits: dict[UUID, int] = {}

    def ring(told: Iterable[news.News]) -> None:
        heard, now = list(told), time.monotonic_ns()
        for one in heard:
            for key in one.keys if isinstance(one, news.AccessChanged) else ():
                commits.setdefault(key, now)
        doorbell.ring(heard)

    news.hang(ring)
    try:
        yield commits
    finally:
        news.hang(doorbell.ring)


def _give_back(world: World, names: Sequence[str]) -> None:
    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(lambda name: copy_context().run(_say, world, name, CLEARED), names))
