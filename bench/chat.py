"""Fan-out, throughput and memory: the product, the ceiling and the naive way, turn by turn in one run (R33)."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import figures, people, revocation
from bench.figures import BESIDE, CEILING, NAIVE, PRODUCT, beside, heading, middle, quiet, spread, table
from bench.generator import Generator
from bench.people import World
from bench.processes import memory_kib
from bench.servers import Server, Site

ROUNDS = 10
PAUSE = {10: 0.05, 100: 0.05, 1_000: 0.1}
MESSAGES = {10: 20, 100: 10, 1_000: 5}
WINDOW = 4
SECONDS = 2.0
SETTLE = 3.0

Start = Callable[[], AbstractContextManager[Server]]
Rounds = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Stand:
    """One server with everybody connected to it."""

    server: Server
    generator: Generator
    idle_kib: float = 0.0


@contextmanager
def stands(site: Site, world: World, file: Path, *starts: Start) -> Iterator[list[Stand]]:
    """These servers, everybody connected to each."""
    with ExitStack() as closing:
        opened = []
        for start in starts:
            server = closing.enter_context(start())
            generator = Generator(server, file, site.environment())
            closing.callback(generator.close)
            stand = Stand(server, generator)
            _everybody_comes(stand, world)
            opened.append(stand)
        yield opened


def _everybody_comes(stand: Stand, world: World) -> None:
    """Connect the senders, then all others, and see what the others cost the server in memory."""
    senders = [people.sender(number) for number in range(people.SENDERS)]
    stand.generator.do("connect", names=senders)
    time.sleep(SETTLE)
    before = memory_kib(stand.server.memory_pid)
    others = [name for name in world.people if name not in senders]
    stand.generator.do("connect", names=others)
    time.sleep(SETTLE)
    stand.idle_kib = (memory_kib(stand.server.memory_pid) - before) / len(others)


def measure(site: Site, world: World, file: Path, parts: Sequence[str]) -> None:
    """Print what was asked for: `memory`, `fanout`, `throughput`, `revocation`."""
    compared = (site.ceiling, site.naive) if set(parts) & {"memory", "fanout", "throughput"} else ()
    with stands(site, world, file, site.web, *compared) as opened:
        if "memory" in parts:
            _print_memory(opened)
        if "fanout" in parts:
            for size in people.SIZES:
                with quiet():
                    rounds = _rounds(opened, "fanout", size=size, messages=MESSAGES[size], pause=PAUSE[size])
                    _print_fanout(size, rounds)
        if "throughput" in parts:
            with quiet():
                crowd = _rounds(opened, "crowd", seconds=SECONDS, window=WINDOW)
                _print_throughput(f"1 room x {people.CROWD}, 8 senders", people.CROWD, crowd)
            with quiet():
                many = _rounds(opened, "many", seconds=SECONDS, window=WINDOW)
                _print_throughput(f"{people.MANY_ROOMS} rooms x 10, 10 senders", people.MANY_RECEIVERS, many)
        for stand in opened:
            _insist_on_health(stand)
        if "revocation" in parts:
            revocation.measure(opened[0].generator, world)


def _rounds(opened: Sequence[Stand], command: str, **arguments: object) -> Rounds:
    """Let each server have its turn, many times, so that a disturbance hits all of them alike."""
    rounds: Rounds = {stand.server.name: [] for stand in opened}
    for _ in range(ROUNDS):
        for stand in opened:
            rounds[stand.server.name].append(stand.generator.do(command, **arguments))
    return rounds


def _insist_on_health(stand: Stand) -> None:
    health = stand.generator.do("health")
    if health["wrong"]:
        raise RuntimeError(f"connections to {stand.server.name} went wrong: {health['wrong']}")


def _print_memory(opened: Sequence[Stand]) -> None:
    heading(f"Memory of the web process for each idle connection (PSS), {people.RECEIVERS} connections")
    table(BESIDE, [beside("KiB per connection", {stand.server.name: stand.idle_kib for stand in opened})])


def _print_fanout(size: int, rounds: Rounds) -> None:
    heading(
        f"Fan-out to {size}: {ROUNDS} rounds of {MESSAGES[size]} messages, {PAUSE[size] * 1000:.0f} ms between the last"
        " delivery and the next message; medians of the rounds"
    )
    lines = [_line(f"{name} ms", name, rounds) for name in ("p50", "p99")]
    lines.append(_cpu_line("web process, us CPU per delivery", "web_cpu", rounds))
    lines.append(_cpu_line("all its servers, us CPU per delivery", "server_cpu", rounds))
    table(BESIDE, lines)
    _print_lost(rounds)


def _line(title: str, name: str, rounds: Rounds) -> list[str]:
    values = {server: middle(mine, name) for server, mine in rounds.items()}
    return beside(title, values, spread(rounds[PRODUCT], name))


def _cpu_line(title: str, name: str, rounds: Rounds) -> list[str]:
    """CPU is counted in steps of 10 ms, so it is taken over all rounds together."""
    spent = {server: sum(one[name] for one in mine) * 1e6 for server, mine in rounds.items()}
    delivered = {server: sum(one["delivered"] for one in mine) for server, mine in rounds.items()}
    return beside(title, {server: spent[server] / delivered[server] for server in rounds})


def _print_throughput(title: str, per_message: int, rounds: Rounds) -> None:
    heading(
        f"Throughput, {title}, {WINDOW} posts in flight each, no pause: {ROUNDS} rounds of {SECONDS:.0f} s;"
        " medians of the rounds"
    )
    delivered = {server: middle(mine, "rate") for server, mine in rounds.items()}
    acked = {server: middle(mine, "acked") for server, mine in rounds.items()}
    table(
        BESIDE,
        [
            beside("messages/s delivered to all", delivered, spread(rounds[PRODUCT], "rate")),
            beside("messages/s acked", acked, spread(rounds[PRODUCT], "acked")),
            beside("deliveries/s", {server: rate * per_message for server, rate in delivered.items()}),
            _line("ack p50 ms", "ack_p50", rounds),
            _line("delivery p99 ms", "p99", rounds),
            _cpu_line("all its servers, us CPU per delivery", "server_cpu", rounds),
        ],
    )
    _print_lost(rounds)


def _print_lost(rounds: Rounds) -> None:
    lost = {server: sum(one["lost"] for one in mine) for server, mine in rounds.items()}
    share = [one["generator_cpu"] / one["wall"] for server in (PRODUCT, CEILING, NAIVE) for one in rounds[server]]
    print(f"  lost: {lost}; the load generator used {figures.figure(max(share))} of a core at most", flush=True)
