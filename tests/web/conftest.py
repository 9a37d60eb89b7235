# ruff: noqa: S310 - every address is the test server's own
"""A real browser on the client, a small server behind it. No test may leave a console error or a foreign request."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests import parts
from tests.browsers import FLAGS
from tests.sockets import read_by_contract

HERE = Path(__file__).parent
WIDE, NARROW = (1440, 900), (390, 844)
PATIENCE = 25_000
"""Milliseconds that a busy machine may take for anything; what is awaited comes at once on an idle one."""
DROPPED = ("WebSocket connection to", "ERR_CONNECTION_REFUSED", "status of 400", "status of 403", "status of 409")


class Site:
    """The test server; every verb of `POST /test/do` is a method."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __getattr__(self, verb: str):
        return lambda **asked: self._do(verb, asked)

    def posted(self, count: int = 1) -> list[dict]:
        """What was posted, once so much of it has come: a message is shown before it is sent."""
        for _ in range(PATIENCE // 100):
            if len(found := self.posts()) >= count:
                break
            time.sleep(0.1)
        return found

    def _do(self, verb: str, asked: dict) -> object:
        body = json.dumps({"do": verb, **asked}).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/test/do", body, method="POST"), timeout=10
        ) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, str(HERE / "server.py"), str(port)]) as process:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/login/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield url
        process.terminate()


@pytest.fixture
def site(_server) -> Site:
    made = Site(_server)
    made.reset()
    return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = parts.need(parts.CHROMIUM)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=[*FLAGS, "--force-color-profile=srgb"])
        yield started
        started.close()


class Windows:
    """Pages that stay open from test to test. Who takes one finds its device empty, and loads the client anew."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self._free: dict[tuple[int, int], list[Page]] = {WIDE: [], NARROW: []}

    def context(self, *, size: tuple[int, int] = WIDE, **more: object) -> BrowserContext:
        width, height = size
        return self.browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce",
            has_touch=width < 720, base_url=self.url, permissions=["clipboard-read", "clipboard-write"], **more,
        )  # fmt: skip

    def take(self, size: tuple[int, int], scheme: str) -> Page:
        page = self._free[size].pop() if self._free[size] else self.context(size=size).new_page()
        page.emulate_media(color_scheme=scheme)
        return page

    def give_back(self, size: tuple[int, int], page: Page) -> None:
        """Away from the client, with nothing kept; a page that cannot be left is closed."""
        context = page.context
        try:
            for other in context.pages:
                if other != page:
                    other.close()
            page.goto("/nothing-here")
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            page.mouse.move(0, 0)
            context.clear_cookies()
        except PlaywrightError:
            context.close()
            return
        self._free[size].append(page)


@pytest.fixture(scope="session")
def _windows(browser, _server) -> Windows:
    return Windows(browser, _server)


class Visitor:
    """Opens pages and remembers what went wrong in them."""

    def __init__(self, windows: Windows) -> None:
        self.windows, self.url = windows, windows.url
        self.wrong: list[str] = []
        self._taken = ExitStack()

    def context(self, *, scheme: str = "light", **more: object) -> BrowserContext:
        """A device of its own."""
        context = self.windows.context(color_scheme=scheme, **more)
        self._taken.callback(context.close)
        return context

    def page(self, path: str = "/", context: BrowserContext | None = None, **look: object) -> Page:
        page = context.new_page() if context else self._window(**look)
        page.set_default_timeout(PATIENCE)
        for event, told in (("console", self._said), ("pageerror", self._failed), ("request", self._asked)):
            page.on(event, told)
            self._taken.callback(page.remove_listener, event, told)
        page.goto(path)
        if path.startswith("/#") or path == "/":
            page.locator(".side, .main:not(.whole)").first.wait_for()
        return page

    def _window(self, size: tuple[int, int] = WIDE, scheme: str = "light") -> Page:
        page = self.windows.take(size, scheme)
        self._taken.callback(self.windows.give_back, size, page)
        return page

    def leave(self) -> None:
        """Give back all that was opened."""
        self._taken.close()

    def room(self, name: str = "apollo-telemetry", **more: object) -> Page:
        page = self.page(**more)
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        page.locator("[data-composer] textarea").first.wait_for()
        page.locator(".msg, .start").first.wait_for()
        return page

    def _failed(self, error: Exception) -> None:
        self.wrong.append(str(error))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(known in message.text for known in DROPPED):
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        host = urlsplit(request.url).netloc
        if host and host != urlsplit(self.url).netloc:
            self.wrong.append(f"a request left the origin: {request.url}")


@pytest.fixture
def visit(_windows, site) -> Iterator[Visitor]:
    visitor = Visitor(_windows)
    yield visitor
    visitor.leave()
    assert visitor.wrong == []
    for asked, frame in site.told():
        read_by_contract(frame, asked)
