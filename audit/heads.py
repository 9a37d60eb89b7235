"""Where the logs stand, as it was signed: a stored tree that does not come to the signed root is never built upon.

The sealer signs what it appends to these trees. One that was exchanged in its table is built anew from the leaves;
where that does not come to the signed root either, nothing more is sealed for the log, while the others go on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from audit import merkle, names, signed, trust
from audit.draft import ROUND_ENTRY, Head
from audit.entries import id_of
from audit.notes import Checkpoint
from audit.trust import Trust

_SEALS = (
    "select distinct on (log_id) log_id, n, round, epoch, lo::text::bigint, hi::text::bigint, size_to, frontier, root,"
    " note, ((extract(epoch from at) * 1000000)::bigint)::text from audit_seal order by log_id, n desc"
)
_ROUND = (
    "select n, epoch, lo::text::bigint, hi::text::bigint, size_to, frontier, root, note,"
    " ((extract(epoch from at) * 1000000)::bigint)::text, at from audit_round order by n desc limit 1"
)
_BOUNDARY = "select n, size, frontier from audit_boundary where log_id = %s and n <= %s order by n desc limit 1"
_LEAVES = "select leaves from audit_tile where log_id = %s and n > %s and n <= %s order by n, part"
_ENTRIES = "select entries from audit_round order by n"
_LATE = (
    "select l.id from unnest(%s::uuid[], %s::text[]) as l(id, lo) where exists (select 1 from audit_event e"
    " where e.log_id = l.id and e.epoch = %s and e.xid >= l.lo::xid8 and e.xid < %s::xid8)"
)
_LATER_SEAL = "select exists (select 1 from audit_round where n > %s and position(uuid_send(%s) in entries) > 0)"


@dataclass(frozen=True, slots=True)
class Unsound:
    """A log for which nothing more can be sealed, by its name, and from where on."""

    name: str
    log_id: UUID
    seal: int
    size: int
    text: str

    def __str__(self) -> str:
        return f"nothing is sealed for {self.name} behind seal {self.seal}, entry {self.size}: {self.text}"


class RoundsUnsound(Exception):
    """The last round is not the signed one and cannot be built anew: nothing at all can be sealed."""


@dataclass(slots=True)
class Heads:
    """Where the rounds and the logs stand. `late` are logs with entries that an earlier round should have sealed."""

    last: Head
    logs: dict[UUID, Head]
    unsound: dict[UUID, Unsound]
    late: frozenset[UUID] = frozenset()


class _Seal(NamedTuple):
    log_id: UUID
    n: int
    round: int
    epoch: int
    lo: int
    hi: int
    size: int
    frontier: bytes
    root: bytes
    note: str
    at: str


class _Round(NamedTuple):
    n: int
    epoch: int
    lo: int
    hi: int
    size: int
    frontier: bytes
    root: bytes
    note: str
    time: str
    at: datetime


class _Unfit(Exception):
    """What a table holds is not what was signed."""


def load(using: str, epoch: int) -> Heads:
    """Learn where everything stands, from the signed notes alone. Raises RoundsUnsound, Untrusted."""
    trusted = trust.load(using)
    heads = Heads(_last(using, trusted), {}, {})
    rounds: dict[UUID, int] = {}
    for seal in map(_Seal._make, _rows(using, _SEALS)):
        try:
            heads.logs[seal.log_id] = _head(using, seal, trusted)
            rounds[seal.log_id] = seal.round
        except _Unfit as unfit:
            heads.unsound[seal.log_id] = Unsound(_name(seal), seal.log_id, seal.n, seal.size, str(unfit))
    heads.late = frozenset(_late(using, epoch, heads, rounds))
    return heads


def _rows(using: str, statement: str, *values: Any) -> list[tuple]:  # type: ignore[type-arg]
    with connections[using].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _last(using: str, trusted: Trust) -> Head:
    rows = _rows(using, _ROUND)
    if not rows:
        return Head()
    last = _Round._make(rows[0])
    said = (("round", str(last.n)), ("window", f"{last.epoch} {last.lo} {last.hi}"), ("time", last.time))
    expected = Checkpoint(names.rounds_origin(), last.size, bytes(last.root), said)
    wrong = signed.fault(trusted, last.note, last.n, expected)
    if wrong:
        raise RoundsUnsound(f"nothing is sealed behind round {last.n}: {wrong}")
    frontier = merkle.unpack(bytes(last.frontier))
    if not merkle.comes_to(frontier, last.size, expected.root):
        frontier, size = merkle.append([], 0, _round_leaves(bytes(one) for (one,) in _rows(using, _ENTRIES)))
        if size != last.size or not merkle.comes_to(frontier, size, expected.root):
            raise RoundsUnsound(f"nothing is sealed behind round {last.n}: the stored tree is not the signed one")
    return Head(last.n, last.epoch, last.hi, last.size, tuple(frontier), last.at)


def _round_leaves(entries: Iterable[bytes]) -> Iterable[bytes]:
    step = ROUND_ENTRY.size
    return (merkle.leaf_hash(one[at : at + step]) for one in entries for at in range(0, len(one), step))


def _name(seal: _Seal) -> str:
    """The log that its note names. Whether it is this one, the id tells, which is derived from it."""
    return seal.note.partition("\n")[0].removeprefix(names.log_origin(""))


def _head(using: str, seal: _Seal, trusted: Trust) -> Head:
    """Raises _Unfit."""
    name = _name(seal)
    if id_of(name) != seal.log_id:
        raise _Unfit("its checkpoint is that of another log")
    said = (
        *(("seal", str(seal.n)), ("round", str(seal.round))),
        *(("window", f"{seal.epoch} {seal.lo} {seal.hi}"), ("time", seal.at)),
    )
    wrong = signed.fault(
        trusted, seal.note, seal.round, Checkpoint(names.log_origin(name), seal.size, bytes(seal.root), said)
    )
    if wrong:
        raise _Unfit(wrong)
    frontier = merkle.unpack(bytes(seal.frontier))
    if not merkle.comes_to(frontier, seal.size, bytes(seal.root)):
        frontier = _rebuilt(using, seal)
    return Head(seal.n, seal.epoch, seal.hi, seal.size, tuple(frontier))


def _rebuilt(using: str, seal: _Seal) -> list[bytes]:
    """The tree of a log from its leaves, or from its pruning boundary on. Raises _Unfit."""
    edge = _rows(using, _BOUNDARY, seal.log_id, seal.n)
    n, size, kept = edge[0] if edge else (0, 0, b"")
    base = merkle.unpack(bytes(kept))
    leaves = chain.from_iterable(
        merkle.unpack(bytes(tile)) for (tile,) in _rows(using, _LEAVES, seal.log_id, n, seal.n)
    )
    if len(base) == size.bit_count():
        frontier, size = merkle.append(base, size, leaves)
        if size == seal.size and merkle.comes_to(frontier, size, bytes(seal.root)):
            return frontier
    raise _Unfit("the stored tree is not the signed one, nor are the leaves")


def _late(using: str, epoch: int, heads: Heads, rounds: dict[UUID, int]) -> Iterable[UUID]:
    """Logs that were left out of rounds. One whose newer seals are gone is unsound: it would be sealed twice."""
    ids = list(heads.logs)
    from_on = [str(heads.logs[one].lo(epoch)) for one in ids]
    for (log_id,) in _rows(using, _LATE, ids, from_on, epoch, str(heads.last.lo(epoch))):
        if not _rows(using, _LATER_SEAL, rounds[log_id], log_id)[0][0]:
            yield log_id
            continue
        head = heads.logs.pop(log_id)
        heads.unsound[log_id] = Unsound(str(log_id), log_id, head.n, head.size, "its newer seals are gone")
