"""What processes have cost so far, from /proc: CPU seconds and memory of whole process trees."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _PARENT = 11, 12, 1


def _fields(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def tree(root: int) -> list[int]:
    """The process and all that it started and that still lives."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(_fields(int(entry))[_PARENT]), []).append(int(entry))
            except OSError:
                continue
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def cpu_seconds(roots: Iterable[int]) -> dict[int, float]:
    """User and system time of each tree, of the threads and children that it has now."""
    return {root: sum(map(_cpu, tree(root))) for root in roots}


def _cpu(pid: int) -> float:
    try:
        fields = _fields(pid)
    except OSError:
        return 0.0
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS


def memory_kib(pid: int) -> int:
    """The memory of one process: its own, and its share of what it shares (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"no memory figures for process {pid}")
