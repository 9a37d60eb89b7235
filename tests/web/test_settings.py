"""Settings of a person and of the page."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
OTHER = "00000000-0000-7000-8000-00000000051d"


def test_the_look_changes_at_once_and_is_there_before_the_first_paint_of_the_next_visit(visit):
    page = visit.room()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("radio", name="More").check()
    page.get_by_role("radio", name="Compact").check()
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(root).to_have_attribute("data-contrast", "more")

    page.goto("/login/")

    expect(root).to_have_attribute("data-theme", "dark")
    expect(root).to_have_attribute("data-density", "compact")


def test_sessions_are_listed_and_another_one_can_be_ended(visit):
    page = visit.room()
    page.get_by_role("button", name="Northgate JTF").click()
    page.get_by_role("menuitem", name="Sessions").click()
    expect(page.get_by_text("This one")).to_be_visible()

    with page.expect_request(
        lambda request: request.method == "DELETE" and request.url.endswith(f"/api/v1/sessions/{OTHER}/")
    ) as asked:
        page.get_by_role("button", name="End the session on Firefox on Windows").click()

    assert asked.value.headers["x-csrftoken"] == "tested"
    expect(page.locator("#polite")).to_have_text("Session ended")


@pytest.fixture
def password_pane(visit):
    page = visit.room()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("tab", name="Password").click()
    return page


def test_a_person_sets_a_password_of_their_own(password_pane):
    page = password_pane
    page.get_by_label("New password").fill("a long enough sentence")

    with page.expect_request("**/api/v1/password/") as asked:
        page.get_by_role("button", name="Set password").click()

    assert asked.value.post_data_json == {"password": "a long enough sentence"}
    expect(page.get_by_text("Password set")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("password", "said"), [("too late, too late", "Sign in again first"), ("short", "This password is too short.")]
)
def test_a_password_that_is_not_taken_says_why(password_pane, password, said):
    page = password_pane
    page.get_by_label("New password").fill(password)

    page.get_by_role("button", name="Set password").click()

    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")


def test_signing_out_leaves_nothing_behind(visit):
    page = visit.room()

    page.keyboard.press("Alt+l")

    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert "Range handover complete" not in page.content()


def test_a_mute_room_goes_quiet(visit):
    page = visit.room("range-safety")
    page.get_by_role("button", name="More room actions").click()

    page.get_by_role("menuitem", name="Mute").click()

    expect(page.get_by_role("link", name="range-safety")).to_contain_text("muted")
