"""Sealing: windows of finished transactions become leaves of each log's tree, under a signed checkpoint.

A round takes every entry whose transaction id lies in `[lo, hi)`, where `hi` is the oldest transaction still running in
its own snapshot. All below it is finished, so the window can never gain a row: one that appears there later is
back-dated by definition. Counting by id instead loses rows that commit late.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, starmap
from operator import attrgetter
from uuid import UUID

from django.db import connections
from django.utils import timezone

from audit import epochs, trust
from audit.draft import Draft, Found, Head, Suspect
from audit.heads import Unsound
from audit.heads import load as load_heads
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
_LATE_ROWS = (
    "select log_id::text, workspace_id::text, store, id::text, env, mac from audit_event"
    " where log_id = %s and epoch = %s and xid >= %s::xid8 and xid < %s::xid8 order by xid, audit_event.id"
)


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
        self.unsound: dict[UUID, Unsound] = {}
        """Logs that nothing is sealed for, because their stored trees are not the signed ones."""
        self._late: frozenset[UUID] = frozenset()
        self.tallies = Tallies()

    def begin(self) -> list[tuple[str, str]]:
        """Become the only sealer and learn where the logs stand; answers with the keys that are new or retired.

        Raises AnotherSeals while the lock is held elsewhere, OtherCluster in a restored copy, RoundsUnsound or
        Untrusted where what is stored is not what was signed.
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
        heads = load_heads(self.using, self.epoch)
        self.last, self.heads, self.unsound, self._late = heads.last, heads.logs, heads.unsound, heads.late

    def round(self) -> Round | None:
        """Seal what is finished, all logs in one transaction; None if there is nothing and no idle seal is due.

        Raises OtherCluster or MustBeginAnew. After any failure nothing of the round is kept, in the database or here.
        """
        with sealing_snapshot(self.using):
            if epochs.checked(self.using) != self.epoch:
                raise MustBeginAnew
            lo, hi, more = self._window()
            found = sorted([*self._left_out(lo), *self._found(lo, hi)], key=attrgetter("log_id"))
            now = timezone.now()
            if not found and self.last.at is not None and now - self.last.at < IDLE:
                return None

            draft = Draft(self.last.n + 1, self.epoch, lo, hi, now, self.tallies)
            for log_id, members in groupby(found, key=attrgetter("log_id")):
                self._add(draft, UUID(log_id), list(members))
            last, note = draft.close(self.last)
            draft.write(self.using)

        self.last = last
        self.heads |= draft.heads
        self._late = frozenset()
        return Round(last.n, draft.rows, len(draft.heads), note, tuple(draft.suspects), more)

    def _add(self, draft: Draft, log_id: UUID, members: list[Found]) -> None:
        if log_id in self.unsound:
            return
        draft.add(members, self.heads.get(log_id, Head()))
        if log_id in self._late:
            draft.tell_late(members[0])

    def _left_out(self, hi: int) -> list[Found]:
        """Entries of logs that could not be sealed before, and can now."""
        found = []
        with raw_cursor(self.using) as cursor:
            for log_id in self._late:
                lo = self.heads[log_id].lo(self.epoch)
                rows = cursor.execute(_LATE_ROWS, [log_id, self.epoch, str(lo), str(hi)], binary=True).fetchall()
                found += list(starmap(Found, rows))
        return found

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
