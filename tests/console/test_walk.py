"""The console in a real browser: every page in four looks, no refused script or style, no serious barrier (R40)."""

import json
import re
from collections.abc import Iterator

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.actions import assign_role, create_group, give_grant
from accounts.models import Role
from audit.models import AuditEvent
from audit.sealer import Sealer
from policy.actions import activate_policy_set, approve_policy_set, draft_policy_set, submit_policy_set
from policy.catalogue import RoomRole
from policy.language.documents import FORMAT
from policy.models import PolicySet
from policy.types import AccessDenied
from rooms.models import Room
from tests.browsers import DESK, HAND, chromium, grave, page_of  # noqa: F401 - a fixture
from tests.console.pages import PAGES, of_objects
from tests.sockets import server  # noqa: F401 - a fixture
from tests.world import World, furnish

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.browser]

WATCH = """document.addEventListener('securitypolicyviolation', (event) => {
  (window.violations ??= []).push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});"""
OVERFLOW = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
LOOKS = [(DESK, "light"), (HAND, "dark"), (DESK, "dark"), (HAND, "light")]
FULLY = {"dashboard", "user", "requirement", "set in review", "explained", "audit", "entry"}
"""One page of each make is seen in all four looks; all others in light on the desk and in the dark in the hand."""
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


def opened(chromium: Browser, server: int, world: World, who: str = "ada", **look: object) -> Page:  # noqa: F811
    """The console's dashboard in a browser that tells what its policies refused."""
    page = page_of(chromium, server, world, who, **look)
    page.add_init_script(WATCH)
    page.root = page.url.rstrip("/")
    page.complaints.clear()
    page.goto(f"{page.root}/console/")
    return page


@pytest.mark.slow
def test_every_page_is_clean_in_both_themes_and_both_sizes(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world, reduced_motion="reduce")

    findings: dict[str, object] = {}
    for name, path in pages(world).items():
        page.goto(f"{page.root}{path}")
        if name == "requirement":
            page.wait_for_selector(".b-row")
        for size, scheme in LOOKS if name in FULLY else LOOKS[:2]:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            look = f"{name} {size['width']} {scheme}"
            findings[f"{look}: barriers"] = grave(page)
            findings[f"{look}: overflow"] = page.evaluate(OVERFLOW)
        findings[f"{name} violations"] = page.evaluate("window.violations ?? []")
        findings[f"{name} bars"] = [] if page.locator(".cls").count() == 2 else ["a bar is missing"]

    assert {name: found for name, found in findings.items() if found} == {}
    assert page.complaints == []


def test_a_page_that_is_not_there_is_clean_inside_and_outside_of_the_console(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world, reduced_motion="reduce")

    findings: dict[str, object] = {}
    for path in ("/zzz", "/console/zzz"):
        page.goto(f"{page.root}{path}")
        for size, scheme in LOOKS:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            findings[f"{path} {size['width']} {scheme}"] = [*grave(page), *([OVERFLOW] * page.evaluate(OVERFLOW))]
        findings[f"{path} violations"] = page.evaluate("window.violations ?? []")

    assert {name: found for name, found in findings.items() if found} == {}


def test_a_refused_page_is_clean_and_says_why(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world, "eve")

    expect(page.get_by_role("heading", name="This was refused, and the refusal is on record")).to_be_visible()
    expect(page.get_by_text("role_missing")).to_be_visible()
    assert grave(page) == []
    assert page.evaluate("window.violations ?? []") == []


def test_figures_move_by_themselves_pause_and_say_when_they_are_old(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)
    sessions = page.locator('[data-card="sessions"] [data-big]')
    expect(sessions).to_have_text("3")
    world.sign_in("eve")

    expect(sessions).to_have_text("4", timeout=15_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused. These numbers are")).to_be_visible()
    assert "stale" in page.locator("body").get_attribute("class")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Numbers refresh every 10 seconds")).to_be_visible()
    page.get_by_text("Show data").first.click()
    expect(page.get_by_role("region", name="Decisions per minute, table")).to_be_visible()
    assert page.evaluate("window.violations ?? []") == []
    assert page.complaints == []


def test_rows_and_text_of_a_requirement_follow_each_other(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)
    titan = world.rooms["titan"].id
    page.goto(f"{page.root}{reverse('admin:rooms_room_requirement', args=[titan])}")
    text, rows = page.get_by_label("Requirement"), page.locator(".b-row")
    expect(rows).to_have_count(2)

    rows.nth(0).get_by_label("Value").select_option("TOP_SECRET")
    expect(text).to_have_value("clearance >= TOP_SECRET AND program any_of {TITAN}")
    expect(page.get_by_text("2 of 2 people would lose access.")).to_be_visible()
    expect(page.get_by_text("You would lose access yourself.")).to_be_visible()
    text.fill("program any_of {TITAN}")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Add a condition").click()
    expect(page.get_by_text("Condition 2 has no value yet")).to_be_visible()
    rows.nth(1).get_by_label("Attribute").select_option("subject.department")
    rows.nth(1).get_by_label("Operator").select_option("present")
    expect(text).to_have_value("program any_of {TITAN} AND department present")
    text.fill("program any_of {TITAN")
    expect(page.locator("#problem")).to_be_visible()
    text.fill("program any_of {TITAN}")
    expect(page.locator("#problem")).to_be_hidden()
    page.get_by_role("button", name="Put in force").click()

    expect(page.get_by_text("The requirement is in force.")).to_be_visible()
    with world.inside():
        assert Room.objects.get(id=titan).requirement == "program any_of {TITAN}"
    assert page.evaluate("window.violations ?? []") == []
    assert page.complaints == []


def test_a_requirement_is_put_in_force_as_it_stands_or_not_at_all(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)
    titan = world.rooms["titan"].id
    address = f"{page.root}{reverse('admin:rooms_room_requirement', args=[titan])}"
    page.goto(address)
    with world.inside():
        before = Room.objects.get(id=titan).requirement
    rows, send = page.locator(".b-row"), page.get_by_role("button", name="Put in force")
    expect(rows).to_have_count(2)

    page.get_by_role("button", name="Add a condition").click()
    send.click()
    expect(rows.nth(2).get_by_role("alert")).to_contain_text("Condition 3 has no value yet")
    rows.nth(2).get_by_label("Attribute").select_option("environment.step_up_age")
    rows.nth(2).get_by_label("Value").fill("soon")
    send.click()
    expect(rows.nth(2).get_by_role("alert")).to_be_visible()
    rows.nth(2).get_by_label("Attribute").select_option("subject.program")
    rows.nth(2).get_by_label("Operator").select_option("any_of")
    rows.nth(2).get_by_label("Value").fill('TITAN, "half')
    send.click()
    expect(rows.nth(2).get_by_role("alert")).to_contain_text("quotation mark")
    with world.inside():
        assert Room.objects.get(id=titan).requirement == before
    assert page.url == address
    complaints, page.complaints[:] = [one for one in page.complaints if "400" not in one], []
    assert complaints == []

    rows.nth(2).get_by_label("Value").fill('"Titan, the second", APOLLO')
    expect(page.get_by_label("Requirement")).to_have_value(re.compile('{APOLLO, "TITAN, THE SECOND"}'))
    page.get_by_label("Requirement").press("End")
    page.get_by_label("Requirement").press("Space")
    expect(rows.nth(2).get_by_label("Value")).to_have_value(re.compile('"TITAN, THE SECOND"'))
    rows.nth(2).get_by_label("Value").press("End")
    rows.nth(2).get_by_label("Value").press_sequentially(", X")
    rows.nth(0).get_by_label("Value").select_option("TOP_SECRET")
    send.click()

    expect(page.get_by_text("The requirement is in force.")).to_be_visible()
    with world.inside():
        kept = Room.objects.get(id=titan).requirement
    assert kept.startswith("clearance >= TOP_SECRET AND ")
    assert '"TITAN, THE SECOND"' in kept
    assert kept.count(",") == 3
    assert page.complaints == []


def test_pages_are_found_and_the_frame_works_by_keyboard(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)

    page.keyboard.press("Control+k")
    page.keyboard.type("explor")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Audit explorer")).to_be_visible()
    page.set_viewport_size(HAND)
    expect(page.locator("#console-nav")).to_be_hidden()
    page.get_by_role("button", name="Sidebar").press("Enter")
    expect(page.locator("#console-nav")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#console-nav")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('uf-toggle')")


def test_people_are_suggested_while_a_name_is_typed(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)
    page.goto(f"{page.root}/console/explain/")

    page.get_by_label("Person").press_sequentially("gr")

    expect(page.locator('datalist option[value="grace"]')).to_be_attached()


def test_markup_that_could_run_does_not_pass_the_net(world, chromium, server):  # noqa: F811
    page = opened(chromium, server, world)

    told = json.loads(
        page.evaluate(
            """() => {
              const tried = (markup) => {
                const box = document.createElement('div');
                try { box.innerHTML = markup; } catch { return 'refused'; }
                return box.innerHTML ? 'let through' : 'refused';
              };
              let script = 'let through';
              try { document.createElement('script').text = 'window.ran = 1'; } catch { script = 'refused'; }
              return JSON.stringify({
                plain: tried('<b>bold</b>'), handler: tried('<img src=x onerror=alert(1)>'),
                frame: tried('<iframe srcdoc="x"></iframe>'), tag: tried('<script>1</script>'), script,
              });
            }"""
        )
    )

    assert told == {
        "plain": "let through",
        "handler": "refused",
        "frame": "refused",
        "tag": "refused",
        "script": "refused",
    }
