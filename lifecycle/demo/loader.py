"""Makes the scenario: every step is an action of the product, in the name of whoever would take it.

It is made in two transactions, the people and then their conversations, so that whatever stopped it, it can go on.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from lifecycle.actions import create_workspace, newborn_actor, update_workspace
from lifecycle.demo import NAME, SLUG, people, policy, script
from lifecycle.demo.conversation import Conversation, open_room
from lifecycle.demo.rooms import PLANS
from lifecycle.demo.script import Line
from lifecycle.demo.staff import Staff, assemble, hire, know
from policy.actions import activate_policy_set, approve_policy_set, draft_policy_set, submit_policy_set
from policy.pep import unit
from policy.snapshot import snapshot
from rooms.models import Room
from tenancy.scoping import within, workspace_for_slug

_QUIET = timedelta(minutes=6)
"""How long ago the last of what is told as past was said, at least."""


def load() -> bool:
    """Make what is missing of the scenario; the answer is whether anything was. What is there is left as it is."""
    workspace_id = workspace_for_slug(SLUG)
    if workspace_id is None:
        workspace_id = _found()
    with within(workspace_id):
        if Room.objects.exists():
            return False
        snapshot(workspace_id)  # remembered from here on: what a transaction has not committed it must read each time
    with unit(workspace_id), within(workspace_id):
        _talk(assemble(workspace_id))
    return True


def _found() -> UUID:
    """The workspace with its people and its policy."""
    newborn = newborn_actor(cause="demo")
    with unit(newborn.workspace_id), within(newborn.workspace_id):
        workspace = create_workspace(newborn, slug=SLUG, name=NAME, owner=people.OWNER.username)
        hire(workspace.id)
        staff = assemble(workspace.id)
        update_workspace(staff.owner, settings={"ceiling": "TOP_SECRET"})
        _decide(staff)
    return workspace.id


def _decide(staff: Staff) -> None:
    """The officer drafts the policy, the owner stands in for it."""
    drafted = draft_policy_set(staff.officer, document=policy.DOCUMENT, test_cases=policy.TEST_CASES)
    submit_policy_set(staff.officer, set_id=drafted.id)
    approve_policy_set(staff.owner, set_id=drafted.id, reason="Read and discussed; the device rule stays on trial.")
    activate_policy_set(staff.officer, set_id=drafted.id)


def _talk(staff: Staff) -> None:
    """The conversations of the past days; then one assignment ends, and two people speak up."""
    stories = {plan.story: script.read(plan.story) for plan in PLANS}
    last_day = _last_day(stories.values())
    conversations = [Conversation(staff, plan, open_room(staff, plan, last_day), stories[plan.story]) for plan in PLANS]
    for conversation in conversations:
        conversation.tell(last_day)
    know(staff, staff.owner, people.MOVED_ON, people.LEFT_WITH)
    for conversation in conversations:
        conversation.go_on()


def _last_day(stories: Iterable[Sequence[Line]]) -> datetime:
    """Where the last day has to begin for everything to have been said by now, the latest of it a short while ago."""
    midnight = datetime(2000, 1, 1, tzinfo=UTC)
    latest = max(line.moment(midnight) for story in stories for line in story if not line.live)
    begins = timezone.now() - _QUIET - (latest - midnight)
    return begins.replace(minute=begins.minute // 30 * 30, second=0, microsecond=0)
