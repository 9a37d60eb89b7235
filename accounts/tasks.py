"""Upkeep of accounts on a schedule, each workspace in a unit of its own."""

from celery import shared_task

from accounts import actions
from policy.pep import as_system
from tenancy.scoping import active_workspaces


@shared_task
def sweep_accounts() -> None:
    """Mark sessions that have run out, let go of facts that have, and say which locks did."""
    for workspace_id in active_workspaces():
        with as_system(workspace_id, cause="sweep:accounts") as actor:
            actions.sweep_sessions(actor)
            actions.sweep_lockouts(actor)
            actions.sweep_facts(actor)
