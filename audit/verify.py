"""Verification of the whole log, or of one workspace's, against its own seals and against checkpoints from outside."""

import time
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.db import connections

from audit import merkle, names, notes
from audit.evidence import Broken, Finding, LogName, Report, Walked
from audit.kinds import Store
from audit.notes import BadNote, Checkpoint, Note
from audit.parity import missing_twins
from audit.reading import snapshot
from audit.rounds import RoundsWalk
from audit.trust import Trust, Untrusted
from audit.trust import load as load_trust
from audit.walk import LogWalk

_LOGS = (
    "select l.id, l.workspace_id, l.store, coalesce(w.slug, '') from audit_log l"
    " left join tenancy_workspace w on w.id = l.workspace_id order by l.workspace_id nulls first, l.store"
)
_STRANGERS = "select distinct log_id from audit_event e where not exists (select 1 from audit_log l where l.id = e.log_id)"
ROUNDS = "rounds"


def verify(
    *,
    using: str = "auditor",
    workspace_id: UUID | None = None,
    checkpoints: Sequence[Note] = (),
    trust: Trust | None = None,
) -> Report:
    """Check every entry, seal and signature, of one workspace or of all; never raises for what it finds.

    `checkpoints` were kept outside: only they show a truncated tail or a rewriting with a stolen key. `trust` are keys
    handed over outside; without it the keys of audit_key count, each under the row MAC.
    """
    began = time.perf_counter()
    report = Report()
    with snapshot(using, read_only=True):
        try:
            trusted = trust or load_trust(using)
        except (Untrusted, BadNote) as error:
            report.findings.append(Finding("", "keys", None, None, str(error)))
            return report
        outside = _read(checkpoints, trusted, report)
        for name in _logs(using, workspace_id):
            _walk_log(name, trusted, outside, report, using)
        if workspace_id is None:
            _walk_rounds(trusted, outside, report, using)
            report.findings += _strangers(using)
        report.findings += _compared(outside, report)
        report.findings += [*_unannounced(report.walked), *missing_twins(report.walked)] if report.intact else []
    report.seconds = time.perf_counter() - began
    return report
