"""Verification of the whole log, or of one workspace's, against its own seals and against checkpoints from outside."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connections

from audit import merkle, names, notes
from audit.bodies import added_bodies, changed_bodies
from audit.entries import log_id
from audit.evidence import ALL, ROUNDS, Broken, Finding, LogName, Report, Walked
from audit.kinds import Store
from audit.notes import BadNote, Checkpoint, Note
from audit.parity import missing_twins
from audit.presence import missing_logs
from audit.reading import reading_snapshot
from audit.rounds import RoundsWalk
from audit.switches import untold_switches
from audit.trust import Trust, Untrusted
from audit.trust import load as load_trust
from audit.walk import LogWalk

_LOGS = (
    "select l.id, l.workspace_id, l.store, coalesce(w.slug, '') from audit_log l"
    " left join tenancy_workspace w on w.id = l.workspace_id order by l.workspace_id nulls first, l.store"
)
_STRANGERS = (
    "select distinct e.log_id from audit_event e"
    " where (e.epoch, e.xid) < (select epoch, hi from audit_round order by n desc limit 1)"
    " and not exists (select 1 from audit_log l where l.id = e.log_id)"
)


@dataclass(frozen=True, slots=True)
class _Outside:
    """A checkpoint that was kept outside the platform."""

    checkpoint: Checkpoint
    vouched: bool


@dataclass(slots=True)
class _Extent:
    """How far a log reaches, and its roots at the sizes asked for."""

    workspace: str
    store: str
    begins: int
    size: int
    roots: dict[int, bytes]


def verify(
    *,
    using: str = "auditor",
    workspace_id: UUID | None = None,
    checkpoints: Sequence[Note] = (),
    trust: Trust | None = None,
) -> Report:
    """Check every entry, seal and signature, of one workspace or of all; never raises for what it finds.

    The rounds are always walked: they tell of seals, and of whole logs, that are gone.
    `checkpoints` were kept outside: only they show a truncated tail or a rewriting with a stolen key. `trust` are keys
    handed over outside; without it the keys of audit_key count, each under the row MAC.
    """
    began = time.perf_counter()
    report = Report()
    with reading_snapshot(using):
        try:
            trusted = trust or load_trust(using)
            outside = [_read(note, trusted) for note in checkpoints]
        except (Untrusted, BadNote) as error:
            report.findings.append(Finding(ALL, "keys", None, None, str(error)))
            return report
        extents = {}
        for name in _logs(using, workspace_id):
            extents[names.origin(name.workspace_id, name.store)] = _walk_log(name, trusted, outside, report, using)
        extents[names.rounds_origin()] = _walk_rounds(workspace_id, trusted, outside, report, using)
        if workspace_id is None:
            report.findings += _strangers(using)
        report.findings += missing_logs(using, workspace_id, report)
        if report.intact:
            report.findings += [*changed_bodies(using, report), *added_bodies(using, workspace_id)]
            report.findings += untold_switches(using, workspace_id, report.walked)
    report.findings += [finding for one in outside for finding in _compared(one, extents)]
    if report.intact:
        report.findings += [*_unannounced(report.walked), *missing_twins(report.walked)]
    report.seconds = time.perf_counter() - began
    return report


def _read(note: Note, trust: Trust) -> _Outside:
    """Raises BadNote."""
    return _Outside(notes.parse_checkpoint(note.text), trust.vouches(note, None))


def _logs(using: str, workspace_id: UUID | None) -> list[LogName]:
    with connections[using].cursor() as cursor:
        cursor.execute(_LOGS)
        named = [LogName(*row) for row in cursor.fetchall()]
    return [one for one in named if workspace_id in (None, one.workspace_id)]


def _wanted(outside: Iterable[_Outside], origin: str) -> frozenset[int]:
    return frozenset(one.checkpoint.size for one in outside if one.checkpoint.origin == origin)


def _walk_log(name: LogName, trust: Trust, outside: Sequence[_Outside], report: Report, using: str) -> _Extent:
    walk = LogWalk(name, trust, _wanted(outside, names.origin(name.workspace_id, name.store)))
    report.walked.append(walk.seen)
    broken = walk.odd
    try:
        walk.run(using)
    except Broken as first:
        broken.append(first)
    report.findings += [Finding(name.workspace, name.store, one.seal, one.entry, one.text) for one in broken]
    seen = walk.seen
    return _Extent(name.workspace, name.store, seen.begins, seen.size, seen.roots)


def _walk_rounds(
    workspace_id: UUID | None, trust: Trust, outside: Sequence[_Outside], report: Report, using: str
) -> _Extent:
    only = frozenset(log_id(workspace_id, store.value) for store in Store) if workspace_id else None
    walk = RoundsWalk(trust, report.walked, _wanted(outside, names.rounds_origin()), only=only)
    broken = walk.odd
    try:
        walk.run(using)
    except Broken as first:
        broken.append(first)
    report.findings += [Finding(ALL, ROUNDS, one.seal, one.entry, one.text) for one in broken]
    report.rounds, report.rounds_note = walk.count, walk.note
    return _Extent(ALL, ROUNDS, 0, walk.size, walk.roots)


def _strangers(using: str) -> Iterator[Finding]:
    """Entries of logs that no round has ever seen; new logs appear there within a second."""
    with connections[using].cursor() as cursor:
        cursor.execute(_STRANGERS)
        for (log_id,) in cursor.fetchall():
            yield Finding(ALL, ROUNDS, None, None, f"there are entries of the unknown log {log_id}")


def _compared(outside: _Outside, extents: dict[str, _Extent]) -> Iterator[Finding]:
    """A log must hold the tree that a checkpoint from outside was signed for."""
    checkpoint = outside.checkpoint
    extent = extents.get(checkpoint.origin)
    if extent is None:
        yield Finding(
            ALL, checkpoint.origin, None, None, "the checkpoint from outside speaks of a log that is not here"
        )
        return

    def finding(entry: int | None, text: str) -> Finding:
        return Finding(extent.workspace, extent.store, None, entry, text)

    if not outside.vouched:
        yield finding(None, "no trusted key signed the checkpoint from outside")
    elif checkpoint.size > extent.size:
        yield finding(
            extent.size, f"the log ends here, but had {checkpoint.size} entries: it was truncated or rewritten"
        )
    elif checkpoint.size < extent.begins:
        yield finding(
            checkpoint.size, "the checkpoint from outside is older than the pruning boundary; use a newer one"
        )
    elif extent.roots.get(checkpoint.size, merkle.EMPTY_ROOT) != checkpoint.root:
        yield finding(
            None, f"the first {checkpoint.size} entries are not those of the checkpoint: history was rewritten"
        )


def _unannounced(walked: Iterable[Walked]) -> Iterator[Finding]:
    """Whatever was pruned must have been announced in the security log of its workspace."""
    logs = list(walked)
    said = {(one.name.workspace_id, *pruned) for one in logs for pruned in one.pruned}
    for one in logs:
        edge = (one.name.workspace_id, one.name.store, one.edge_seal, one.begins)
        if one.edge_seal and edge not in said:
            text = "it was pruned up to here, but nobody announced it"
            yield Finding(one.name.workspace, one.name.store, one.edge_seal, one.begins, text)
