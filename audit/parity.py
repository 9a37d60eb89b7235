"""Dual-written events: what stands in the security store stands in the compliance store too, and the reverse.

Each pair names its twin in the sealed bytes, so that an entry that vanished from one store is missed by the other.
"""

from collections.abc import Iterable, Iterator, Sequence

from audit.evidence import Finding, Walked
from audit.kinds import Store

TOLERANCE_US = 60_000_000
"""How long a transaction may take: entries this close to a switch of the store are not judged."""


def missing_twins(walked: Iterable[Walked]) -> Iterator[Finding]:
    """The first missing twin in each direction, workspace by workspace."""
    by_log = {(one.name.workspace_id, one.name.store): one for one in walked}
    for (workspace_id, store), security in by_log.items():
        compliance = by_log.get((workspace_id, Store.COMPLIANCE))
        if store != Store.SECURITY or workspace_id is None:
            continue
        closed = list(closed_times(security.switches))
        there = compliance or Walked(security.name)
        yield from _missing(security, there, Store.COMPLIANCE, closed)
        yield from _missing(there, security, Store.SECURITY, closed)


def _missing(here: Walked, there: Walked, store: Store, closed: Sequence[tuple[float, float]]) -> Iterator[Finding]:
    for uid, (twin, at) in here.twins.items():
        if there.twins.get(twin, ("", 0))[0] == uid or at <= there.edge:
            continue
        if not any(start <= at <= end for start, end in closed):
            text = f"the twin {twin} of {here.name.store} entry {uid} is missing"
            yield Finding(here.name.workspace, store, None, None, text)
            return


def closed_times(switches: Iterable[tuple[int, bool, bool]]) -> Iterator[tuple[float, float]]:
    """When the compliance store was closed, widened on both sides by the time that a transaction may take."""
    start: float | None = None
    for at, open_before, open_after in switches:
        if not open_before and start is None:
            start = float("-inf")
        if open_after and start is not None:
            yield start, at + TOLERANCE_US
            start = None
        if not open_after and start is None:
            start = at - TOLERANCE_US
    if start is not None:
        yield start, float("inf")
