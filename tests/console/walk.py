"""A console with something on every page, and a browser on it."""

from collections.abc import Iterator

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page

from accounts.actions import assign_role, create_group, give_grant
from accounts.models import Role
from audit.models import AuditEvent
from audit.sealer import Sealer
from policy.actions import activate_policy_set, approve_policy_set, draft_policy_set, submit_policy_set
from policy.catalogue import RoomRole
from policy.language.documents import FORMAT
from policy.models import PolicySet
from policy.types import AccessDenied
from tests.browsers import page_of
from tests.console.pages import PAGES, of_objects
from tests.world import World, furnish

WATCH = """document.addEventListener('securitypolicyviolation', (event) => {
  (window.violations ??= []).push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});"""
RULES = [{"name": "freeze", "effect": "deny", "actions": ["room:message:post"], "condition": "program = APOLLO"}]
CASE = {"name": "frozen", "subject": {"program": ["APOLLO"]}, "action": "room:message:post", "expect": "deny"}


@pytest.fixture
def world(db) -> Iterator[World]:
    """Olympus with something on every page: a set in force and one in review, grants, refusals, seals."""
    olympus = furnish("olympus")
    with olympus.inside():
        officer = Role.objects.get(system="security_officer").id
    assign_role(olympus.system, role_id=officer, user_id=olympus.people["grace"].id)
    group = create_group(olympus.system, name="Flight controllers")
    give_grant(olympus.system, room_id=olympus.rooms["titan"].id, role=RoomRole.READER, group_id=group.id)
    for rules in (RULES, []):
        document = {"format": FORMAT, "requirements": {"cleared": "clearance >= SECRET"}, "rules": rules}
        case = CASE if rules else {**CASE, "expect": "permit"}
        one = draft_policy_set(olympus.actor("grace"), document=document, test_cases=[case])
        submit_policy_set(olympus.actor("grace"), set_id=one.id)
        if rules:
            approve_policy_set(olympus.actor("ada"), set_id=one.id)
            activate_policy_set(olympus.actor("grace"), set_id=one.id)
    for who in ("grace", "eve"):
        try:
            olympus.says(who, "titan", "Margins hold.")
        except AccessDenied:
            continue
    sealer = Sealer()
    sealer.begin()
    sealer.round()
    yield olympus
    connections["sealer"].close()


def pages(world: World) -> dict[str, str]:
    """Every kind of page with a real object on it."""
    objects, titan = of_objects(world), world.rooms["titan"].id
    with world.inside():
        refused = AuditEvent.objects.filter(store="decision", outcome="deny", room_id=titan)[0]
        sets = {one.state: one.id for one in PolicySet.objects.all()}
    user, room = (objects[name].removesuffix("change/") for name in ("user", "room"))
    asked = f"person={refused.actor_id}&action={refused.kind}&room={titan}&decision={refused.id}"
    return {
        **PAGES,
        **objects,
        "facts": f"{user}do/set_facts/",
        "deactivate": f"{user}do/deactivate_user/",
        "requirement": f"{room}requirement/",
        "grant": f"{room}do/give_grant/",
        "active set": f"/console/policy/policyset/{sets['active']}/change/",
        "set in review": f"/console/policy/policyset/{sets['review']}/change/",
        "explained": f"/console/explain/?{asked}",
        "confirm": "/console/confirm/?next=/console/keys/",
    }


def opened(chromium: Browser, server: int, world: World, who: str = "ada", **look: object) -> Page:
    """The console's dashboard in a browser that tells what its policies refused."""
    page = page_of(chromium, server, world, who, **look)
    page.add_init_script(WATCH)
    page.root = page.url.rstrip("/")
    page.complaints.clear()
    page.goto(f"{page.root}/console/")
    return page
