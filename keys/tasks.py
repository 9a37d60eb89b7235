"""Upkeep of keys on a schedule. Each task visits every active workspace in a unit of its own."""

from uuid import UUID

from celery import shared_task

from keys import actions
from policy.pep import as_system
from tenancy.scoping import active_workspaces


@shared_task
def rotate_due_keys() -> int:
    """Give old and much used room keys their next epoch; hourly is often enough."""
    return sum(_rotated(workspace_id) for workspace_id in active_workspaces())


@shared_task
def rewrap_keys() -> int:
    """Bring wrapped keys under the active KEK and tenant keys; does nothing where nothing was rotated."""
    return sum(_rewrapped(workspace_id) for workspace_id in active_workspaces())


def _rotated(workspace_id: UUID) -> int:
    total = 0
    with as_system(workspace_id, cause="key:epoch:due") as actor:
        while done := actions.rotate_due_room_keys(actor):
            total += done
    return total


def _rewrapped(workspace_id: UUID) -> int:
    total = 0
    with as_system(workspace_id, cause="key:rewrap:due") as actor:
        while (done := actions.rewrap(actor)).data_keys:
            total += done.data_keys
    return total
