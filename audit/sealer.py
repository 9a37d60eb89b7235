"""Sealing: windows of finished transactions become leaves of each log's tree, under a signed checkpoint.

A round takes every entry whose transaction id lies in `[lo, hi)`, where `hi` is the oldest transaction still running in
its own snapshot. All below it is finished, so the window can never gain a row: one that appears there later is
back-dated by definition. Counting by id instead loses rows that commit late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, starmap
from operator import attrgetter
from uuid import UUID

from django.db import connections
from django.utils import timezone

from audit import epochs, merkle, trust
from audit.draft import Draft, Found, Head, Suspect
from audit.reading import raw_cursor, sealing_snapshot
from audit.tallies import Tallies

LOCK = 0x61756469
ROWS_A_ROUND = 50_000
IDLE = timedelta(seconds=60)

_HI = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_CUT = (
    "select xid::text::bigint from audit_event where epoch = %s and xid >= %s::xid8 and xid < %s::xid8"
    " order by xid offset %s limit 1"
)
_ROWS = (
    "select log_id::text, workspace_id::text, store, id::text, env, mac from audit_event"
    " where epoch = %s and xid >= %s::xid8 and xid < %s::xid8 order by audit_event.log_id, xid, audit_event.id"
)
_HEADS = (
    "select distinct on (log_id) log_id, n, epoch, hi::text::bigint, size_to, frontier from audit_seal"
    " order by log_id, n desc"
)
_LAST_ROUND = "select n, epoch, hi::text::bigint, size_to, frontier, at from audit_round order by n desc limit 1"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `more` says that entries were left for the next one."""

    n: int
    rows: int
    logs: int
    note: str
    suspects: tuple[Suspect, ...]
    more: bool


class AnotherSeals(Exception):
    """The lock is held: another sealer works on this database."""


class MustBeginAnew(Exception):
    """A new audit epoch began while this sealer ran."""


class Sealer:
    """The one that seals, in its own process and role. Only it holds the signing key unsealed (R24)."""

    def __init__(self, *, using: str = "sealer", rows_a_round: int = ROWS_A_ROUND) -> None:
        self.using = using
        self.rows_a_round = rows_a_round
        self.epoch = 0
        self.last = Head()
        self.heads: dict[UUID, Head] = {}
        self.tallies = Tallies()

    def begin(self) -> list[tuple[str, str]]:
        """Become the only sealer and learn where the logs stand; answers with the keys that are new or retired.

        Raises AnotherSeals while the lock is held elsewhere, OtherCluster in a restored copy.
        """
        with connections[self.using].cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise AnotherSeals
        self.epoch = epochs.checked(self.using)
        self._load()
        self.tallies = Tallies()
        return trust.announce(self.using, self.last.n + 1)

    def _load(self) -> None:
        with connections[self.using].cursor() as cursor:
            cursor.execute(_LAST_ROUND)
            row = cursor.fetchone()
            self.last = _head(*row) if row else Head()
            cursor.execute(_HEADS)
            self.heads = {
                log_id: _head(n, epoch, hi, size, frontier)
                for log_id, n, epoch, hi, size, frontier in cursor.fetchall()
            }

    def round(self) -> Round | None:
        """Seal what is finished, all logs in one transaction; None if there is nothing and no idle seal is due.

        Raises OtherCluster or MustBeginAnew. After any failure nothing of the round is kept, in the database or here.
        """
        with sealing_snapshot(self.using):
            if epochs.checked(self.using) != self.epoch:
                raise MustBeginAnew
            lo, hi, more = self._window()
            found = self._found(lo, hi)
            now = timezone.now()
            if not found and self.last.at is not None and now - self.last.at < IDLE:
                return None

            draft = Draft(self.last.n + 1, self.epoch, lo, hi, now, self.tallies)
            for log_id, members in groupby(found, key=attrgetter("log_id")):
                draft.add(list(members), self.heads.get(UUID(log_id), Head()))
            last, note = draft.close(self.last)
            draft.write(self.using)

        self.last = last
        self.heads |= draft.heads
        return Round(last.n, draft.rows, len(draft.heads), note, tuple(draft.suspects), more)

    def _window(self) -> tuple[int, int, bool]:
        """The window to seal now, cut short where it holds more rows than one round takes."""
        lo = self.last.lo(self.epoch)
        with connections[self.using].cursor() as cursor:
            cursor.execute(_HI)
            hi = int(cursor.fetchone()[0])
            cursor.execute(_CUT, [self.epoch, str(lo), str(hi), self.rows_a_round])
            cut = cursor.fetchone()
        if cut is None:
            return lo, hi, False
        return lo, max(int(cut[0]), self._first_xid(lo, hi) + 1), True

    def _first_xid(self, lo: int, hi: int) -> int:
        """A single transaction may be larger than a round: it is never split."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(_CUT, [self.epoch, str(lo), str(hi), 0])
            return int(cursor.fetchone()[0])

    def _found(self, lo: int, hi: int) -> list[Found]:
        with raw_cursor(self.using) as cursor:
            return list(starmap(Found, cursor.execute(_ROWS, [self.epoch, str(lo), str(hi)], binary=True).fetchall()))


def _head(n: int, epoch: int, hi: int, size: int, frontier: bytes, at: datetime | None = None) -> Head:
    return Head(n, epoch, hi, size, tuple(merkle.unpack(bytes(frontier))), at)
