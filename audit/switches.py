"""Switches of the compliance store: each row of its history has the line that tells of it, and each line its row."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import connections

from audit.evidence import ALL, Finding, Walked
from audit.kinds import Store

_ROWS = (
    "select id::text, workspace_id, entitled, (extract(epoch from at) * 1000000)::bigint from audit_entitlement"
    " where %s::uuid is null or workspace_id = %s order by at, id"
)
_STATE = {True: "opened", False: "closed"}


def untold_switches(using: str, workspace_id: UUID | None, walked: Iterable[Walked]) -> Iterator[Finding]:
    """What was switched without a line of the security log, and lines whose row is gone.

    A line may have been pruned: rows from before the edge of the security log are not judged.
    """
    by_workspace = {one.name.workspace_id: one for one in walked if one.name.store == Store.SECURITY}
    rows: dict[UUID, dict[str, bool]] = {}
    with connections[using].cursor() as cursor:
        cursor.execute(_ROWS, [workspace_id, workspace_id])
        for row, place, entitled, at in cursor.fetchall():
            rows.setdefault(place, {})[row] = entitled
            log = by_workspace.get(place)
            if log is None or (log.told_switches.get(row) is not entitled and at > log.edge):
                text = f"the compliance store was {_STATE[entitled]} by row {row}, and no line tells of it"
                yield Finding(log.name.workspace if log else ALL, Store.COMPLIANCE, None, None, text)
    for place, log in by_workspace.items():
        for row, opened in log.told_switches.items():
            if place is not None and rows.get(place, {}).get(row) is not opened:
                text = f"the row {row}, by which the compliance store was {_STATE[opened]}, is gone or changed"
                yield Finding(log.name.workspace, Store.COMPLIANCE, None, None, text)
