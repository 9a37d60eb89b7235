"""One round of sealing while it is made: what it adds to the trees of the logs and of the rounds, and to the tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from audit import merkle, names, notes, signing
from audit.entries import log_id, log_name
from audit.kinds import Store, microseconds
from audit.reading import raw_cursor
from audit.tallies import Tallies
from tenancy.actor import new_id

TILE = 4096
ROUND_ENTRY = Struct("!16sQQ32s")
"""One entry of the rounds' own log: log id, seal number, size and root."""
_STORES = frozenset(one.value for one in Store)

_ADD_LOG = "insert into audit_log (id, workspace_id, store) values (%s, %s, %s) on conflict do nothing"
_ADD_SEAL = (
    "insert into audit_seal"
    " (id, workspace_id, log_id, n, round, epoch, lo, hi, size_from, size_to, frontier, root, note, at)"
    " values (%s, %s, %s, %s, %s, %s, %s::xid8, %s::xid8, %s, %s, %s, %s, %s, %s)"
)
_ADD_TILE = "insert into audit_tile (log_id, n, part, leaves) values (%s, %s, %s, %s)"
_ADD_ROUND = (
    "insert into audit_round (n, epoch, lo, hi, size_from, size_to, entries, frontier, root, note, at)"
    " values (%s, %s, %s::xid8, %s::xid8, %s, %s, %s, %s, %s, %s, %s)"
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log, or the log of the rounds, stands after its last seal."""

    n: int = 0
    epoch: int = 0
    hi: int = 0
    size: int = 0
    frontier: tuple[bytes, ...] = ()
    at: datetime | None = None

    def lo(self, epoch: int) -> int:
        """Where the next window begins: transaction ids count anew in another epoch."""
        return self.hi if self.epoch == epoch else 0


class Found(NamedTuple):
    """One entry as the sealer reads it; ids as text."""

    log_id: str
    workspace_id: str | None
    store: str
    id: str
    env: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Suspect:
    """An entry that no writer of ours made, or one that tells of missing ones: never passed over silently.

    It is sealed all the same, unless it stands in a log that is not its own: another's tree is not changed by it.
    """

    entry_id: UUID
    workspace_id: UUID | None
    store: str
    finding: str


@dataclass(slots=True)
class Draft:
    """Collects one round; nothing is written before `write`."""

    number: int
    epoch: int
    lo: int
    hi: int
    edge: int
    """Where the windows of its seals end: that of the round itself, but for what an earlier round left out."""
    at: datetime
    tallies: Tallies
    heads: dict[UUID, Head] = field(default_factory=dict)
    suspects: list[Suspect] = field(default_factory=list)
    caught_up: frozenset[UUID] = frozenset()
    """Logs of which nothing is left out any more."""
    rows: int = 0
    _logs: list[tuple[object, ...]] = field(default_factory=list)
    _seals: list[tuple[object, ...]] = field(default_factory=list)
    _tiles: list[tuple[object, ...]] = field(default_factory=list)
    _entries: list[bytes] = field(default_factory=list)
    _round: tuple[object, ...] = ()

    def add(self, members: Sequence[Found], before: Head) -> None:
        """Append the new entries of one log, in the order of their transactions; set aside what is not of this log."""
        own = [one for one in members if one.log_id == _own_log(one.workspace_id, one.store)]
        if len(own) < len(members):
            self._set_aside(set(members).difference(own))
        if own:
            self._append(own, before)

    def tell_late(self, first: Found) -> None:
        """Entries of this log, from this one on, should have been sealed by an earlier round."""
        self.suspects.append(Suspect(UUID(first.id), _uuid(first.workspace_id), first.store, "late"))

    def _set_aside(self, strays: Iterable[Found]) -> None:
        row_mac = signing.row_mac()
        for one in strays:
            finding = "moved" if row_mac.verify(one.env, one.mac) else "mac"
            self.suspects.append(Suspect(UUID(one.id), _uuid(one.workspace_id), one.store, finding))

    def _append(self, members: Sequence[Found], before: Head) -> None:
        first = members[0]
        log_id, workspace_id = UUID(first.log_id), _uuid(first.workspace_id)
        leaves = [merkle.leaf_hash(one.env) for one in members]
        frontier, size = merkle.append(before.frontier, before.size, leaves)
        root = merkle.frontier_root(frontier)
        n, lo = before.n + 1, before.lo(self.epoch)

        window = (self.epoch, lo, self.edge)
        note = self._sign(names.origin(workspace_id, first.store), size, root, window, ("seal", str(n)))
        if before.n == 0:
            self._logs.append((log_id, workspace_id, first.store))
        place = (new_id(), workspace_id, log_id, n, self.number, self.epoch, str(lo), str(self.edge))
        self._seals.append((*place, before.size, size, merkle.pack(frontier), root, note, self.at))
        self._tiles += _tiles(log_id, n, leaves)
        self._entries.append(ROUND_ENTRY.pack(log_id.bytes, n, size, root))
        self._judge(members, leaves, workspace_id)
        self.heads[log_id] = Head(n, self.epoch, self.edge, size, tuple(frontier))
        self.rows += len(members)

    def _judge(self, members: Sequence[Found], leaves: Sequence[bytes], workspace_id: UUID | None) -> None:
        """Tell apart what a writer of ours made: only that counts in the tallies."""
        row_mac = signing.row_mac()
        name = b'"log":"%b"' % log_name(workspace_id, members[0].store).encode()
        for one, leaf in zip(members, leaves, strict=True):
            finding = _finding(one, name, row_mac)
            if finding:
                self.suspects.append(Suspect(UUID(one.id), workspace_id, one.store, finding))
            elif workspace_id is not None or not self.tallies.hear(one.env):
                self.tallies.observe(one.env, leaf)

    def close(self, before: Head) -> tuple[Head, str]:
        """Append the round's entries to the tree of the rounds; answers with its new head and signed checkpoint."""
        self.suspects += (Suspect(UUID(uid), None, Store.SECURITY, found) for uid, found in self.tallies.judge())
        frontier, size = merkle.append(before.frontier, before.size, map(merkle.leaf_hash, self._entries))
        root = merkle.frontier_root(frontier)
        note = self._sign(names.rounds_origin(), size, root, (self.epoch, self.lo, self.hi))
        window = (self.epoch, str(self.lo), str(self.hi))
        packed = merkle.pack(frontier)
        self._round = (self.number, *window, before.size, size, b"".join(self._entries), packed, root, note, self.at)
        return Head(self.number, self.epoch, self.hi, size, tuple(frontier), self.at), note

    def _sign(self, origin: str, size: int, root: bytes, window: tuple[int, int, int], *more: tuple[str, str]) -> str:
        extensions = (
            *more,
            ("round", str(self.number)),
            ("window", " ".join(map(str, window))),
            ("time", microseconds(self.at)),
        )
        return notes.sign(notes.Checkpoint(origin, size, root, extensions), signing.signers())

    def write(self, using: str) -> None:
        """Insert the round inside the caller's transaction."""
        with raw_cursor(using) as cursor:
            for statement, values in (
                (_ADD_LOG, self._logs),
                (_ADD_SEAL, self._seals),
                (_ADD_TILE, self._tiles),
                (_ADD_ROUND, [self._round]),
            ):
                if values:
                    cursor.executemany(statement, values)


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


@lru_cache(maxsize=16384)
def _own_log(workspace_id: str | None, store: str) -> str:
    """The log that an entry of this workspace and store belongs to; none for a store that does not exist."""
    return str(log_id(_uuid(workspace_id), store)) if store in _STORES else ""


def _tiles(log_id: UUID, n: int, leaves: Sequence[bytes]) -> Iterator[tuple[object, ...]]:
    for part, start in enumerate(range(0, len(leaves), TILE)):
        yield log_id, n, part, b"".join(leaves[start : start + TILE])


def _finding(one: Found, name: bytes, row_mac: signing.RowMac) -> str:
    if not row_mac.verify(one.env, one.mac):
        return "mac"
    at = one.env.rfind(b'"uid":"') + 7
    if one.env[at : at + 36] != one.id.encode():
        return "replayed"
    return "" if name in one.env else "moved"
