# ruff: noqa: S310 - every address is the test server's own
"""A real browser on the client, a small server behind it. No test may leave a console error or a foreign request."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests import parts
from tests.browsers import FLAGS
from tests.sockets import read_by_contract

HERE = Path(__file__).parent
WIDE, NARROW = (1440, 900), (390, 844)
PATIENCE = 25_000
"""Milliseconds that a busy machine may take for anything; what is awaited comes at once on an idle one."""
DROPPED = ("WebSocket connection to", "ERR_CONNECTION_REFUSED", "status of 403", "status of 409")


class Site:
    """The test server; every verb of `POST /test/do` is a method."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __getattr__(self, verb: str):
        return lambda **asked: self._do(verb, asked)

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


class Visitor:
    """Opens pages and remembers what went wrong in them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.contexts: list[BrowserContext] = []
        self.wrong: list[str] = []

    def context(self, *, size: tuple[int, int] = WIDE, scheme: str = "light", **more: object) -> BrowserContext:
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
            has_touch=width < 720, base_url=self.url, permissions=["clipboard-read", "clipboard-write"], **more,
        )  # fmt: skip
        self.contexts.append(context)
        return context

    def page(self, path: str = "/", context: BrowserContext | None = None, **more: object) -> Page:
        page = (context or self.context(**more)).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._asked)
        page.goto(path)
        if path.startswith("/#") or path == "/":
            page.locator(".side, .main:not(.whole)").first.wait_for()
        return page

    def room(self, name: str = "apollo-telemetry", **more: object) -> Page:
        page = self.page(**more)
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        page.locator("[data-composer] textarea").first.wait_for()
        page.locator(".msg, .start").first.wait_for()
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(known in message.text for known in DROPPED):
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        host = urlsplit(request.url).netloc
        if host and host != urlsplit(self.url).netloc:
            self.wrong.append(f"a request left the origin: {request.url}")


@pytest.fixture
def visit(browser, site) -> Iterator[Visitor]:
    visitor = Visitor(browser, site.url)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert visitor.wrong == []
    for asked, frame in site.told():
        read_by_contract(frame, asked)
