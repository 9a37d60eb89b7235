"""A workspace that has decided something: drafted by one person, approved by another, active."""

from collections.abc import Sequence
from typing import Any

from accounts.actions import assign_role
from accounts.models import Role
from policy.actions import activate_policy_set, approve_policy_set, draft_policy_set, submit_policy_set
from policy.language.documents import FORMAT
from policy.models import PolicySet
from tests.world import World

ANY_CASE = {"name": "a stranger reads no governed room", "action": "account:session:start", "expect": "permit"}


def officer(world: World, username: str) -> None:
    """Give somebody the power to write and approve policy."""
    with world.inside():
        role_id = Role.objects.get(system="security_officer").id
        held = Role.objects.filter(id=role_id, assignments__user_id=world.people[username].id).exists()
    if not held:
        assign_role(world.system, role_id=role_id, user_id=world.people[username].id)


def decree(
    world: World, *rules: dict[str, Any], cases: Sequence[dict[str, Any]] = (ANY_CASE,), **named: str
) -> PolicySet:
    """Let these rules and named requirements decide from now on, by the whole way that a set has to go."""
    for username in ("ada", "eve"):
        officer(world, username)
    document = {"format": FORMAT, "requirements": named, "rules": list(rules)}
    one = draft_policy_set(world.actor("ada"), document=document, test_cases=list(cases))
    submit_policy_set(world.actor("ada"), set_id=one.id)
    approve_policy_set(world.actor("eve"), set_id=one.id)
    return activate_policy_set(world.actor("ada"), set_id=one.id)


def rule(name: str, effect: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "effect": effect, "actions": list(actions), **more}
