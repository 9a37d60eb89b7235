"""A real Chromium: pages of people in the named world, and what they must never show."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests import parts
from tests.world import World

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
HAND = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module: Playwright keeps a loop in this thread, which Django must not mind meanwhile."""
    path = parts.need(parts.CHROMIUM)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def page_of(chromium: Browser, server: int, world: World, username: str, **how: object) -> Page:
    """The client as this person has it. What the console complains about is kept in `page.complaints`."""
    host = f"{world.workspace.slug}.localhost"
    context = chromium.new_context(**{"viewport": DESK, **how})
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": world.token(username), "domain": host, "path": "/"}
    context.add_cookies([cookie])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: _complain(page, message.type, message.text))
    page.on("pageerror", lambda error: _complain(page, "error", str(error)))
    page.goto(f"http://{host}:{server}/")
    return page


def _complain(page: Page, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        page.complaints.append(f"{kind}: {text}")
