"""The console in a real browser: every page in four looks, no refused script or style, no serious barrier (R40)."""

import pytest
from playwright.sync_api import expect

from tests.browsers import DESK, HAND, chromium, grave  # noqa: F401 - a fixture
from tests.console.walk import opened, pages, world  # noqa: F401 - a fixture
from tests.sockets import server  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.browser]

OVERFLOW = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
LOOKS = [(DESK, "light"), (HAND, "dark"), (DESK, "dark"), (HAND, "light")]
FULLY = {"dashboard", "user", "requirement", "set in review", "explained", "audit", "entry"}
"""One page of each make is seen in all four looks; all others in light on the desk and in the dark in the hand."""


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
