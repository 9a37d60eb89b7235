"""Figures as they are printed: each with its ratios, and how busy the machine was."""

import fcntl
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

CEILING, NAIVE, PRODUCT = "ceiling", "naive", "product"

PATIENCE = 60.0
SMALL = 0.05
lock_file: Path | None = None
"""What is held while something is measured, so that others who know of it keep the machine quiet."""


@contextmanager
def quiet() -> Iterator[None]:
    """Measure inside; setting up and connecting take minutes and stay outside.

    Nobody is waited for longer than PATIENCE: the load beside each figure tells.
    """
    if lock_file is None:
        yield
        return
    until = monotonic() + PATIENCE
    with lock_file.open("a") as lock:
        while monotonic() < until:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            sleep(0.2)
        yield


def machine() -> str:
    """What these figures were taken on."""
    models = [
        line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} x {models[0] if models else platform.machine()}, Python {platform.python_version()}"


def load() -> str:
    """How many processes wanted a core, on average over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def middle(rounds: Iterable[Mapping[str, Any]], name: str) -> float:
    """The median of a figure over all rounds: one disturbed round does not count."""
    return float(median(one[name] for one in rounds))


def spread(rounds: Iterable[Mapping[str, Any]], name: str) -> str:
    values = [float(one[name]) for one in rounds]
    return f"{figure(min(values))}..{figure(max(values))}"


def percentile(values: Iterable[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def figure(value: float) -> str:
    """Three significant digits, thousands separated."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value: float, other: float) -> str:
    """By how many times the value is the other; a small part as a fraction."""
    if not other or not value:
        return "-"
    return f"1/{figure(other / value)}" if value < other * SMALL else f"{figure(value / other)}x"


def heading(text: str) -> None:
    print(f"\n{text}   [load {load()}]", flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns, the first one to the left."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  " + "  ".join((first, *others)).rstrip(), flush=True)


def beside(name: str, values: Mapping[str, float], detail: str = "") -> list[str]:
    """One line of the table that sets the product beside the ceiling and the naive way, its ratios first."""
    mine, ceiling, naive = values[PRODUCT], values[CEILING], values[NAIVE]
    return [name, ratio(mine, ceiling), ratio(mine, naive), figure(mine), figure(ceiling), figure(naive), detail]


BESIDE = ("", "to ceiling", "to naive", PRODUCT, CEILING, NAIVE, "product, least..most")
