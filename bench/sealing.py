"""What sealing costs those who post: the same load with the sealer at work and with the sealer stopped."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from bench import people
from bench.figures import figure, heading, quiet, ratio, spread, table
from bench.generator import Generator
from bench.people import World
from bench.servers import Site

ROUNDS = 10
SECONDS = 2.0
WINDOW = 4
CATCH_UP = 2.5


def measure(site: Site, world: World, file: Path) -> None:
    """Print the rate of posting either way, turn by turn."""
    rounds: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    with site.web() as server, closing(Generator(server, file, site.environment())) as generator:
        generator.do("connect", names=[name for name in world.people if _takes_part(name)])
        with quiet():
            _take_turns(generator, server.sealer_pid, rounds)
    heading(
        f"Posting with and without the sealer, 1 room x {people.CROWD}: {ROUNDS} turns of {SECONDS:.0f} s each; medians"
    )
    rates = {way: median(one["rate"] for one in mine) for way, mine in rounds.items()}
    rows = [
        [way, ratio(rates[way], rates["without"]), figure(rates[way]), spread(rounds[way], "rate")] for way in rounds
    ]
    table(("sealer", "to without", "messages/s", "least..most"), rows)


def _take_turns(generator: Generator, sealer: int, rounds: dict[str, list[dict[str, Any]]]) -> None:
    """With the sealer only after it has caught up with what it missed."""
    generator.do("crowd", seconds=SECONDS, window=WINDOW)
    for _ in range(ROUNDS):
        os.kill(sealer, signal.SIGSTOP)
        rounds["without"].append(generator.do("crowd", seconds=SECONDS, window=WINDOW))
        os.kill(sealer, signal.SIGCONT)
        time.sleep(CATCH_UP)
        rounds["with"].append(generator.do("crowd", seconds=SECONDS, window=WINDOW))


def _takes_part(name: str) -> bool:
    crowd = {people.receiver(number) for number in range(people.CROWD)}
    return name in crowd or name.startswith("s")
