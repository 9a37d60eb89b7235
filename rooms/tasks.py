"""The jobs of rooms: each opens a unit and calls one action."""

from uuid import UUID

from celery import shared_task

from policy.pep import as_system, reading
from rooms import access
from rooms.actions.reconcile import reconcile_memberships
from tenancy.scoping import active_workspaces

BATCH = 500


@shared_task
def reconcile(workspace_id: str, membership_ids: list[str], cause: str) -> int:
    """Judge memberships again after a change of facts, of a room or of the policy."""
    changed = 0
    ids = [UUID(one) for one in membership_ids]
    for start in range(0, len(ids), BATCH):
        with as_system(UUID(workspace_id), cause=cause) as system:
            changed += reconcile_memberships(system, membership_ids=ids[start : start + BATCH])
    return changed


@shared_task
def reconcile_all() -> None:
    """The net under lost signals: every standing membership of every workspace, in turn (PO-8)."""
    for workspace_id in active_workspaces():
        with as_system(workspace_id, cause="sweep") as system, reading(system):
            ids = access.standing_membership_ids()
        reconcile(str(workspace_id), [str(one) for one in ids], "sweep")
