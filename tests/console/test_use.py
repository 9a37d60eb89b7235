"""What is done in the console with hand and keyboard, in a real browser."""

import json
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from rooms.models import Room
from tests.browsers import HAND, chromium  # noqa: F401 - a fixture
from tests.console.walk import opened, world  # noqa: F401 - a fixture
from tests.sockets import server  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.browser]


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
