"""Two people talk in real browsers; one loses an entitlement and sees what that means at once."""

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import page_of
from tests.world import furnish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def open_room(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_what_one_types_the_other_reads_until_access_ends(server, chromium):
    olympus = furnish("olympus")
    ada = page_of(chromium, server, olympus, "ada")
    grace = page_of(chromium, server, olympus, "grace")
    open_room(ada, "titan")
    open_room(grace, "titan")

    ada.get_by_role("combobox").last.fill("Margins hold, **desaturate** at 10:40.")
    ada.keyboard.press("Enter")
    expect(grace.get_by_text("desaturate", exact=True)).to_be_visible()
    olympus.knows("grace", {"clearance": "SECRET"})

    expect(grace.get_by_role("heading", name="Your access to titan has ended")).to_be_visible()
    assert "desaturate" not in grace.content()
    expect(ada.get_by_text("Access revoked for Grace by policy")).to_be_visible()
    assert ada.complaints == grace.complaints == []
