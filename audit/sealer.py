"""Sealing: windows of finished transactions become leaves of each log's tree, under a signed checkpoint.

A round takes every entry whose transaction id lies in `[lo, hi)`, where `hi` is the oldest transaction still running in
its own snapshot. All below it is finished, so the window can never gain a row: one that appears there later is
back-dated by definition. Counting by id instead loses rows that commit late.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, starmap
from operator import attrgetter
from typing import Any
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

END = (1 << 63) - 1
"""Beyond every transaction id: where the last window of an epoch that is over ends."""

_HI = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_NEXT = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_UNFINISHED = "select min(epoch) from audit_event where epoch < %s and (epoch > %s or (epoch = %s and xid >= %s::xid8))"
_CUT = (
    "select xid::text::bigint from audit_event where epoch = %s and xid >= %s::xid8 and xid < %s::xid8"
    " order by xid offset %s limit 1"
)
_ROWS = (
    "select log_id::text, workspace_id::text, store, id::text, env, mac from audit_event"
    " where epoch = %s and xid >= %s::xid8 and xid < %s::xid8 order by audit_event.log_id, xid, audit_event.id"
)
_LATE_CUT = (
    "select xid::text::bigint from audit_event where log_id = %s and epoch = %s and xid >= %s::xid8 and xid < %s::xid8"
    " order by xid offset %s limit 1"
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
        """The epoch that is sealed: one that is over, until nothing of it is left, then the present one."""
        self.last = Head()
        self.heads: dict[UUID, Head] = {}
        self.unsound: dict[UUID, Unsound] = {}
        """Logs that nothing is sealed for, because their stored trees are not the signed ones."""
        self.present = self._settled = 0
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
        self.present = epochs.checked(self.using)
        self._settled = int(self._ask(_NEXT))
        self._load()
        self.tallies = Tallies()
        return trust.announce(self.using, self.last.n + 1)

    def _load(self) -> None:
        """Learn where the logs stand, in the oldest epoch of which something is left."""
        heads = load_heads(self.using, self.present)
        self.epoch = self.present
        if heads.last.epoch < self.present:
            self.epoch = self._unfinished(heads.last)
            heads = load_heads(self.using, self.epoch)
        self.last, self.heads, self.unsound, self._late = heads.last, heads.logs, heads.unsound, heads.late

    def _unfinished(self, last: Head) -> int:
        if last.n and load_heads(self.using, last.epoch).late:
            return last.epoch
        return self._ask(_UNFINISHED, self.present, last.epoch, last.epoch, str(last.hi)) or self.present

    def round(self) -> Round | None:
        """Seal what is finished, all logs in one transaction; None if there is nothing and no idle seal is due.

        Raises OtherCluster or MustBeginAnew. After any failure nothing of the round is kept, in the database or here.
        """
        with sealing_snapshot(self.using):
            if epochs.checked(self.using) != self.present:
                raise MustBeginAnew
            drawn = self._drawn()
            if drawn is None:
                return None
            draft, more = drawn
            last, note = draft.close(self.last)
            draft.write(self.using)

        self.last = last
        self.heads |= draft.heads
        self._late -= draft.caught_up
        if self._is_over and not (more or self._late):
            self._load()
            more = True
        return Round(last.n, draft.rows, len(draft.heads), note, tuple(draft.suspects), more)

    @property
    def _is_over(self) -> bool:
        """Whether the epoch that is sealed has ended, so that nothing can be added to it any more."""
        return self.epoch != self.present

    def _drawn(self) -> tuple[Draft, bool] | None:
        """What this round is to seal, and whether something is left for the next one."""
        running = int(self._ask(_HI))
        if self._is_over and running < self._settled:
            return None
        if self._late:
            return self._left_out(min(self._late)), True
        lo, hi = self.last.lo(self.epoch), END if self._is_over else running
        hi, more = self._cut(_CUT, (self.epoch, str(lo), str(hi)), hi)
        found = self._found(lo, hi)
        now = timezone.now()
        if not found and not self._is_over and self.last.at is not None and now - self.last.at < IDLE:
            return None

        draft = Draft(self.last.n + 1, self.epoch, lo, hi, hi, now, self.tallies)
        for log_id, members in groupby(found, key=attrgetter("log_id")):
            self._add(draft, UUID(log_id), list(members))
        return draft, more

    def _add(self, draft: Draft, log_id: UUID, members: list[Found]) -> None:
        if log_id in self.unsound:
            return
        draft.add(members, self.heads.get(log_id, Head()))
        if self._is_over:
            draft.tell_late(members[0])

    def _left_out(self, log_id: UUID) -> Draft:
        """Entries of a log that could not be sealed before, and can now: up to where the rounds stand, in a round."""
        head, upto = self.heads[log_id], self.last.lo(self.epoch)
        window = (log_id, self.epoch, str(head.lo(self.epoch)), str(upto))
        edge, more = self._cut(_LATE_CUT, window, upto)
        with raw_cursor(self.using) as cursor:
            rows = cursor.execute(_LATE_ROWS, [*window[:3], str(edge)], binary=True).fetchall()
        members = list(starmap(Found, rows))

        draft = Draft(self.last.n + 1, self.epoch, upto, upto, edge, timezone.now(), self.tallies)
        draft.add(members, head)
        draft.tell_late(members[0])
        if not more or log_id not in draft.heads:
            draft.caught_up = frozenset({log_id})
        return draft

    def _cut(self, statement: str, window: tuple[Any, ...], hi: int) -> tuple[int, bool]:
        """Where the window ends if it takes no more rows than a round does; one transaction is never split."""
        cut = self._ask(statement, *window, self.rows_a_round)
        if cut is None:
            return hi, False
        return max(int(cut), int(self._ask(statement, *window, 0)) + 1), True

    def _ask(self, statement: str, *values: Any) -> Any:
        with connections[self.using].cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
            return row[0] if row else None

    def _found(self, lo: int, hi: int) -> list[Found]:
        with raw_cursor(self.using) as cursor:
            return list(starmap(Found, cursor.execute(_ROWS, [self.epoch, str(lo), str(hi)], binary=True).fetchall()))
