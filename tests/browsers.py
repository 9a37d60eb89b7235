"""A real Chromium: pages of people in the named world, and what they must never show."""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests import parts
from tests.world import World

_OFF = (
    # What Playwright turns off itself: a second list of features takes the place of the first.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "PreconnectToSearch", "ThirdPartyStoragePartitioning"),
    # Two hidden pages of the address bar in every window: they cost more than a page under test.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
FLAGS = [
    f"--disable-features={','.join(_OFF)}",
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
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_GRAVE = """async () => {
  const grave = (one) => ['serious', 'critical'].includes(one.impact);
  const others = axe._audit.rules.filter((rule) => !grave(rule)).map((rule) => [rule.id, { enabled: false }]);
  const asked = { resultTypes: ['violations'], preload: false, rules: Object.fromEntries(others) };
  const { violations } = await axe.run(document, asked);
  return violations.filter(grave).map(({ id, nodes }) => `${id} ${nodes.slice(0, 3).map((node) => node.target)}`);
}"""
"""A violation is as grave as its rule, so no rule is run that could not find one."""


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


def grave(page: Page) -> list[str]:
    """Serious and critical barriers by axe."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(_AXE)
    return page.evaluate(_GRAVE)
