"""The walk over one log: every entry against its leaf, every seal against its root, window and signature."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import orjson
import psycopg

from audit import merkle, names, signed, signing
from audit.entries import log_name
from audit.events import Event
from audit.evidence import MOST_ODD, Broken, LogName, Walked
from audit.notes import Checkpoint
from audit.reading import streaming_cursor
from audit.trust import Trust

_SEALS = (
    "select n, round, epoch, lo::text::bigint, hi::text::bigint, size_from, size_to, frontier, root, note,"
    " (extract(epoch from at) * 1000000)::bigint, workspace_id is not distinct from %s,"
    " (select string_agg(t.leaves, ''::bytea order by t.part) from audit_tile t"
    "  where t.log_id = s.log_id and t.n = s.n)"
    " from audit_seal s where log_id = %s order by n"
)
_ROWS = (
    "select epoch, xid::text::bigint, workspace_id is not distinct from %s and store = %s, id::text,"
    " ((extract(epoch from at) * 1000000)::bigint)::text, kind, outcome, actor_id::text, target_type, target_id::text,"
    " room_id::text, request_id::text, env, mac"
    " from audit_event where log_id = %s order by audit_event.epoch, audit_event.xid, audit_event.id"
)
_BOUNDARY = (
    "select n, epoch, hi::text::bigint, size, frontier, workspace_id is not distinct from %s from audit_boundary"
    " where log_id = %s order by n desc limit 1"
)
_FITS, _ENV, _MAC = 2, 12, 13


class Seal(NamedTuple):
    n: int
    round: int
    epoch: int
    lo: int
    hi: int
    size_from: int
    size_to: int
    frontier: bytes
    root: bytes
    note: str
    at: int
    fits: bool
    leaves: bytes | None


class _Rows:
    """The entries of a log in the order of sealing, taken window by window."""

    def __init__(self, rows: Iterator[tuple]) -> None:  # type: ignore[type-arg]
        self._rows = rows
        self._next = next(rows, None)

    def before(self, epoch: int, xid: int) -> list[tuple]:  # type: ignore[type-arg]
        """Take every entry whose place lies before this one."""
        taken = []
        row, rows, edge = self._next, self._rows, (epoch, xid)
        while row is not None and row[:2] < edge:
            taken.append(row)
            row = next(rows, None)
        self._next = row
        return taken

    def rest(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        return chain([self._next], self._rows) if self._next is not None else iter(())


class LogWalk:
    """Follows one log from its beginning, or its pruning boundary, to its last seal and the tail beyond."""

    def __init__(self, name: LogName, trust: Trust, wanted_sizes: frozenset[int]) -> None:
        self.seen = Walked(name)
        self.odd: list[Broken] = []
        """Findings that leave the rest of the log provable; no more than MOST_ODD of them."""
        self._trust = trust
        self._wanted = wanted_sizes
        self._frontier: list[bytes] = []
        self._before: Seal | None = None
        self._log = log_name(name.workspace_id, name.store)

    def run(self, using: str) -> None:
        """Walk. Raises Broken at the first thing that does not hold; `seen` then says how far it came."""
        name = self.seen.name
        with streaming_cursor(using, "audit_seals") as seals, streaming_cursor(using, "audit_rows") as rows:
            seals.itersize = 100
            found = map(Seal._make, seals.execute(_SEALS, [name.workspace_id, name.id], binary=True))
            entries = _Rows(rows.execute(_ROWS, [name.workspace_id, name.store, name.id], binary=True))
            self._start(rows.connection, found, entries)
            for seal in found:
                self._seal(seal, entries)
            self._tail(entries)

    def _start(self, connection: "psycopg.Connection", seals: Iterator[Seal], entries: _Rows) -> None:
        """Begin at the edge of pruning: the tree kept there must be the one that its seal was signed for."""
        row = connection.execute(_BOUNDARY, [self.seen.name.workspace_id, self.seen.name.id]).fetchone()
        if row is None:
            return
        n, epoch, hi, size, frontier, fits = row
        seal = next(seals, None)
        while seal is not None and seal.n < n:
            seal = next(seals, None)
        if seal is None or (seal.n, seal.epoch, seal.hi, seal.size_to) != (n, epoch, hi, size):
            raise Broken("the seal at the pruning boundary is missing", seal=n, entry=size)
        self.seen.begins = self.seen.size = size
        self._signed(seal)
        self._frontier = merkle.unpack(bytes(frontier))
        if not merkle.comes_to(self._frontier, size, seal.root):
            raise Broken("the tree at the pruning boundary is not the sealed one", seal=n, entry=size)
        if entries.before(epoch, hi):
            raise Broken("there are entries before the pruning boundary", seal=n, entry=0)
        self._before = seal
        self._beside(seal)
        if not fits:
            self._add("the row of the pruning boundary names another workspace", seal, 0)
        self.seen.edge, self.seen.edge_seal = seal.at, n
        self._remember(seal)

    def _seal(self, seal: Seal, entries: _Rows) -> None:
        self._continues(seal)
        self._signed(seal)
        if entries.before(seal.epoch, seal.lo):
            raise Broken("an entry lies outside every window: it was added later", seal=seal.n, entry=self.seen.size)
        rows = self._of_this_log(seal, entries.before(seal.epoch, seal.hi))
        leaves = [merkle.leaf_hash(row[_ENV]) for row in rows]
        self._same_leaves(seal, leaves)
        self._frontier, size = merkle.append(self._frontier, seal.size_from, leaves)
        if size != seal.size_to or merkle.frontier_root(self._frontier) != seal.root:
            raise Broken("its entries do not make its root", seal=seal.n, entry=seal.size_from)
        self._beside(seal)
        self._columns(seal, rows)
        self.seen.size = size
        self._before = seal
        self._remember(seal)

    def _beside(self, seal: Seal) -> None:
        """What stands beside the signed note, and is not part of it: the tree to go on with, and whose seal it is."""
        if merkle.pack(self._frontier) != seal.frontier:
            self._add("its stored tree is not the one that was signed", seal, 0)
        if not seal.fits:
            self._add("its row names another workspace", seal, 0)

    def _of_this_log(self, seal: Seal, rows: list[tuple]) -> list[tuple]:  # type: ignore[type-arg]
        """Without entries that name another log, where there are more than were sealed: the sealer set those aside."""
        if len(rows) * merkle.HASH <= len(seal.leaves or b""):
            return rows
        own = [row for row in rows if row[_FITS]]
        for _ in range(len(rows) - len(own)):
            self._add("an entry that names another log stands here; it was never sealed", seal, 0)
        return own

    def _remember(self, seal: Seal) -> None:
        self.seen.seals += 1
        self.seen.last_seal, self.seen.note = seal.n, seal.note
        if self.seen.size in self._wanted:
            self.seen.roots[self.seen.size] = seal.root

    def _continues(self, seal: Seal) -> None:
        """A seal continues where the one before it ended, in number, size and window."""
        before, size = self._before, self.seen.size
        expected = before.n + 1 if before else 1
        if seal.n != expected:
            raise Broken("the seal is missing", seal=expected, entry=size)
        lo = before.hi if before and before.epoch == seal.epoch else 0
        if seal.lo != lo or (before and seal.epoch < before.epoch):
            raise Broken("its window does not continue the one before it", seal=seal.n, entry=size)
        if seal.size_from != size:
            raise Broken("its size does not continue the one before it", seal=seal.n, entry=size)

    def _signed(self, seal: Seal) -> None:
        """The note of a seal is signed by a key in force, and says what the columns say."""
        said = (
            *(("seal", str(seal.n)), ("round", str(seal.round))),
            *(("window", f"{seal.epoch} {seal.lo} {seal.hi}"), ("time", str(seal.at))),
        )
        expected = Checkpoint(names.log_origin(self._log), seal.size_to, seal.root, said)
        wrong = signed.fault(self._trust, seal.note, seal.round, expected)
        if wrong:
            raise Broken(wrong, seal=seal.n, entry=self.seen.size)

    def _same_leaves(self, seal: Seal, leaves: Sequence[bytes]) -> None:
        kept = merkle.unpack(seal.leaves or b"")
        for position, (kept_leaf, leaf) in enumerate(zip(kept, leaves, strict=False)):
            if kept_leaf != leaf:
                raise Broken("the entry is not the sealed one", seal=seal.n, entry=seal.size_from + position)
        if len(leaves) < len(kept):
            raise Broken("the entry is missing", seal=seal.n, entry=seal.size_from + len(leaves))
        if len(leaves) > len(kept):
            raise Broken("the entry was added later", seal=seal.n, entry=seal.size_from + len(kept))

    def _columns(self, seal: Seal, rows: Sequence[tuple]) -> None:  # type: ignore[type-arg]
        """The columns are a projection of the evidence, which holds here: one that differs was changed."""
        row_mac = signing.row_mac()
        for position, row in enumerate(rows):
            try:
                env = orjson.loads(row[_ENV])
                if not self._projects(row, env, seal.epoch):
                    self._add("a column differs from the entry", seal, position)
                    continue
                if not row_mac.verify(row[_ENV], row[_MAC]):
                    self._add(
                        "its MAC is not of this deployment: it was changed, or no writer of ours made it",
                        seal,
                        position,
                    )
                self._note(env)
            except (ValueError, KeyError, TypeError, AttributeError):
                self._add("the entry cannot be read: no writer of ours made it", seal, position)

    def _projects(self, row: tuple, env: dict, epoch: int) -> bool:  # type: ignore[type-arg]
        """Whether the columns say what the entry says. Raises KeyError and the like for what is no entry."""
        target = env.get("obj") or {}
        expected = (
            *(True, env["uid"], env["t"], env["k"], env["out"], env["act"]["id"]),
            *(target.get("type", ""), target.get("id"), target.get("room"), env["req"]),
        )
        return row[_FITS:_ENV] == expected and env["log"] == self._log and env["ep"] == epoch

    def _add(self, text: str, seal: Seal, position: int) -> None:
        if len(self.odd) < MOST_ODD:
            self.odd.append(Broken(text, seal=seal.n, entry=seal.size_from + position))

    def _note(self, env: dict) -> None:  # type: ignore[type-arg]
        if "twin" in env:
            self.seen.twins[env["uid"]] = (env["twin"], int(env["t"]))
        kind = env["k"]
        if kind == Event.AUDIT_PRUNED:
            data = env["data"]
            self.seen.pruned.add((data["store"], data["seal"], data["size"]))
            self.seen.switches.append((int(env["t"]), data["entitled"], data["entitled"]))
            if "open_since" in data:
                self.seen.open_spans.append((int(data["open_since"]), int(env["t"])))
        elif kind in (Event.AUDIT_STORE_OPENED, Event.AUDIT_STORE_CLOSED):
            opened = kind == Event.AUDIT_STORE_OPENED
            self.seen.switches.append((int(env["t"]), not opened, opened))
            if row := (env.get("obj") or {}).get("id"):
                self.seen.told_switches[row] = opened

    def _tail(self, entries: _Rows) -> None:
        """What no seal covers yet is vouched for by its MAC alone."""
        row_mac = signing.row_mac()
        for row in entries.rest():
            place = self.seen.size + self.seen.unsealed
            if self._before is not None and row[0] < self._before.epoch:
                raise Broken("an entry lies outside every window: it was added later", entry=place)
            if not row[_FITS]:
                raise Broken("an entry that is not sealed yet names another log", entry=place)
            if not row_mac.verify(row[_ENV], row[_MAC]):
                raise Broken("an entry that is not sealed yet was not written by this deployment", entry=place)
            env = orjson.loads(row[_ENV])
            if not self._projects(row, env, row[0]):
                raise Broken("a column of an entry that is not sealed yet differs from the entry", entry=place)
            self._note(env)
            self.seen.unsealed += 1
