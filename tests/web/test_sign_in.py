"""The pages around signing in, and the page for a browser that is too old."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_password_can_be_shown_and_a_pause_counts_down(visit):
    page = visit.page("/login/locked")
    expect(page.get_by_role("alert")).to_contain_text("Sign-in is paused until")
    expect(page.get_by_role("button", name="Try again in")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_label("User name")).to_have_value("m.sorensen")

    page.get_by_role("button", name="Show password").click()

    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")


def test_a_wrong_password_says_no_more_than_that(visit):
    page = visit.page("/login/wrong")

    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/login/link", "Sign in with this link"),
        ("/login/spent", "This link no longer works"),
        ("/signed-out/", "You are signed out"),
        ("/forged/", "This form has expired"),
        ("/nowhere/", "No workspace answers here"),
    ],
)
def test_each_page_says_what_happened(visit, path, heading):
    page = visit.page(path)

    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_old_browser_is_told_so_and_gets_no_client(visit):
    context = visit.context()
    context.add_init_script("CSS.supports = () => false")

    page = visit.page("/?old", context=context)

    expect(page.get_by_role("heading", name="This browser is too old")).to_be_visible()
    expect(page.locator(".side")).to_have_count(0)


def test_without_scripts_the_page_says_what_it_needs(visit):
    page = visit.page("/signed-out/", visit.context(java_script_enabled=False))
    page.goto("/")

    expect(page.get_by_role("heading", name="Scripts are switched off")).to_be_visible()
