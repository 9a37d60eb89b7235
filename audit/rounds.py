"""The walk over the rounds of sealing: their tree, and each seal's place in it. A log that vanished is missed here."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from audit import merkle, names, signed
from audit.draft import ROUND_ENTRY
from audit.evidence import MOST_ODD, Broken, Walked
from audit.notes import Checkpoint
from audit.reading import streaming_cursor
from audit.trust import Trust

_ROUNDS = (
    "select n, epoch, lo::text::bigint, hi::text::bigint, size_from, size_to, entries, frontier, root, note,"
    " (extract(epoch from at) * 1000000)::bigint from audit_round order by n"
)
_SEALS = (
    "select round, log_id, n, size_to, root from audit_seal where %s::uuid[] is null or log_id = any(%s)"
    " order by round, log_id"
)


class RoundRow(NamedTuple):
    n: int
    epoch: int
    lo: int
    hi: int
    size_from: int
    size_to: int
    entries: bytes
    frontier: bytes
    root: bytes
    note: str
    at: int


class _Seals:
    """The seals of all logs, taken round by round."""

    def __init__(self, rows: Iterator[tuple]) -> None:  # type: ignore[type-arg]
        self._rows = rows
        self._next = next(rows, None)

    def upto(self, round_number: int) -> list[tuple]:  # type: ignore[type-arg]
        taken = []
        while self._next is not None and self._next[0] <= round_number:
            taken.append(self._next)
            self._next = next(self._rows, None)
        return taken

    @property
    def left(self) -> tuple | None:  # type: ignore[type-arg]
        return self._next


class RoundsWalk:
    """Follows the rounds from the first to the last, and judges by them the seals of all logs, or of some."""

    def __init__(
        self, trust: Trust, walked: Iterable[Walked], wanted_sizes: frozenset[int], *, only: frozenset[UUID] | None
    ) -> None:
        self.count = self.size = 0
        self.note = ""
        self.roots: dict[int, bytes] = {}
        self.odd: list[Broken] = []
        """Findings that leave the rest provable; no more than MOST_ODD of them."""
        self._trust = trust
        self._wanted = wanted_sizes
        self._only = only
        self._edges = {one.name.id: one.edge_seal for one in walked}
        self._frontier: list[bytes] = []
        self._before: RoundRow | None = None

    def run(self, using: str) -> None:
        """Walk. Raises Broken at the first round that does not hold."""
        only = None if self._only is None else list(self._only)
        with streaming_cursor(using, "audit_rounds") as rounds, streaming_cursor(using, "audit_round_seals") as rows:
            seals = _Seals(rows.execute(_SEALS, [only, only], binary=True))
            for one in map(RoundRow._make, rounds.execute(_ROUNDS, binary=True)):
                self._continues(one)
                self._signed(one)
                self._entries(one)
                self._seals(one, seals)
                self._before = one
                self.count, self.size, self.note = one.n, one.size_to, one.note
                if self.size in self._wanted:
                    self.roots[self.size] = one.root
            if seals.left is not None:
                raise Broken(f"a seal claims round {seals.left[0]}, which is not there", seal=seals.left[0])

    def _continues(self, one: RoundRow) -> None:
        before = self._before
        expected = before.n + 1 if before else 1
        if one.n != expected:
            raise Broken("the round is missing", seal=expected, entry=self.size)
        lo = before.hi if before and before.epoch == one.epoch else 0
        if one.lo != lo or (before and one.epoch < before.epoch) or one.size_from != self.size:
            raise Broken("the round does not continue the one before it", seal=one.n, entry=self.size)

    def _signed(self, one: RoundRow) -> None:
        said = (("round", str(one.n)), ("window", f"{one.epoch} {one.lo} {one.hi}"), ("time", str(one.at)))
        expected = Checkpoint(names.rounds_origin(), one.size_to, one.root, said)
        wrong = signed.fault(self._trust, one.note, one.n, expected)
        if wrong:
            raise Broken(wrong, seal=one.n, entry=self.size)

    def _entries(self, one: RoundRow) -> None:
        step = ROUND_ENTRY.size
        if len(one.entries) % step:
            raise Broken("its entries cannot be read", seal=one.n, entry=one.size_from)
        leaves = [merkle.leaf_hash(one.entries[at : at + step]) for at in range(0, len(one.entries), step)]
        self._frontier, size = merkle.append(self._frontier, one.size_from, leaves)
        if size != one.size_to or merkle.frontier_root(self._frontier) != one.root:
            raise Broken("its entries do not make its root", seal=one.n, entry=one.size_from)
        if merkle.pack(self._frontier) != one.frontier and len(self.odd) < MOST_ODD:
            text = "its stored tree is not the one that was signed"
            self.odd.append(Broken(text, seal=one.n, entry=one.size_from))

    def _seals(self, one: RoundRow, seals: _Seals) -> None:
        """Every seal that the round speaks of is there and the same, unless pruning took it; and no other."""
        present = {(log_id, n): (size, root) for number, log_id, n, size, root in seals.upto(one.n) if number == one.n}
        for position, (raw, n, size, root) in enumerate(ROUND_ENTRY.iter_unpack(one.entries)):
            log_id = UUID(bytes=raw)
            if self._only is not None and log_id not in self._only:
                continue
            found = present.pop((log_id, n), None)
            if found == (size, root) or (found is None and n < self._edges.get(log_id, 0)):
                continue
            text = f"seal {n} of log {log_id} is not the one that was made"
            raise Broken(text, seal=one.n, entry=one.size_from + position)
        if present:
            log_id, n = next(iter(present))
            raise Broken(f"seal {n} of log {log_id} is in no round", seal=one.n, entry=one.size_to)
