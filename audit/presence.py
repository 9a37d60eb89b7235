"""What must be there: rounds of sealing once there is something to seal, and the security log of every workspace.

An emptied table proves nothing by itself; what stands beside it does.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import connections

from audit.entries import log_id
from audit.evidence import ALL, ROUNDS, Finding, Report
from audit.kinds import Store

SETTLED_MS = 60_000
"""How long a new workspace may be without its first seal."""

_WORKSPACES = "select id, slug from tenancy_workspace order by slug"
_NOW = "select (extract(epoch from clock_timestamp()) * 1000)::bigint"
_KEYS = "select exists (select 1 from audit_key)"
_UUID7, _UUID7_TIME = 7, 80


def missing_logs(using: str, workspace_id: UUID | None, report: Report) -> Iterator[Finding]:
    """What the walk over logs and rounds cannot miss, because nothing of it is left."""
    with connections[using].cursor() as cursor:
        cursor.execute(_NOW)
        now = int(cursor.fetchone()[0])
        cursor.execute(_KEYS)
        has_keys = cursor.fetchone()[0]
        cursor.execute(_WORKSPACES)
        workspaces = [(one, slug) for one, slug in cursor.fetchall() if _is_settled(one, now)]

    if not report.rounds and report.intact and (workspaces or has_keys):
        yield Finding(ALL, ROUNDS, None, None, "there is no round of sealing, but there are keys or workspaces")
    present = {one.name.id for one in report.walked if one.size or one.unsealed}
    for one, slug in workspaces:
        log = log_id(one, Store.SECURITY.value)
        if workspace_id in (None, one) and log not in present and not _has_entries(using, log):
            yield Finding(slug, Store.SECURITY.value, None, None, "the log is not there; every workspace has one")


def _is_settled(workspace_id: UUID, now: int) -> bool:
    """Whether a workspace is older than the first seals of its logs; its id tells when it was made."""
    return workspace_id.version != _UUID7 or workspace_id.int >> _UUID7_TIME < now - SETTLED_MS


def _has_entries(using: str, log: UUID) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute("select exists (select 1 from audit_event where log_id = %s)", [log])
        return bool(cursor.fetchone()[0])
