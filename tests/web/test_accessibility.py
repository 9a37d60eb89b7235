# ruff: noqa: E501, ARG005 - a table of states, one a line
"""axe on every state, light and dark, wide and narrow: nothing serious, nothing critical; and no marking is ever covered."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browsers import grave
from tests.web.conftest import NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOM = "apollo-telemetry"
BARS = """() => ['header.cls', 'footer.cls'].every((bar) => {
  const { x, y, width, height } = document.querySelector(bar).getBoundingClientRect();
  const top = document.elementFromPoint(x + width / 3, y + height / 2);
  const modal = document.querySelector('dialog[open]');
  const inside = modal && (() => { const box = modal.getBoundingClientRect(); return box.bottom > y + 1 && box.top < y + height - 1; })();
  return height > 20 && !inside && (modal || Boolean(top?.closest(bar)));
})"""

SMALL = """() => [...document.querySelectorAll('a, button, input, textarea')].filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  const excused = one.closest('.vh, .skip, .mt, .pol, .link') || getComputedStyle(one).display === 'inline';
  return width && height && Math.min(width, height) < 24 && !excused;
}).map((one) => `${one.className} ${one.textContent.slice(0, 30)}`)"""


def room(visit, **look) -> Page:
    return visit.room(ROOM, **look)


def panel(kind: str) -> Callable:
    def shown(visit, site, **look) -> Page:
        page = room(visit, **look)
        key = site.room_of(name=ROOM)
        page.evaluate("(hash) => { location.hash = hash; }", f"#/r/{key}/{kind}")
        page.locator(".panel li, .panel dl").first.wait_for()
        return page

    return shown


def thread(visit, site, **look) -> Page:
    return panel(f"t/{site.thread_of()}")(visit, site, **look)


def overlay(key: str, opened: str) -> Callable:
    def shown(visit, site, **look) -> Page:
        page = room(visit, **look)
        page.locator(".msg").last.focus()
        page.keyboard.press(key)
        page.locator(opened).first.wait_for()
        return page

    return shown


def written(text: str, opened: str) -> Callable:
    def shown(visit, site, **look) -> Page:
        page = room(visit, **look)
        page.locator("#composer textarea").press_sequentially(text)
        page.locator(opened).first.wait_for()
        return page

    return shown


def settings(tab: str) -> Callable:
    def shown(visit, site, **look) -> Page:
        page = visit.page("/", **look)
        page.get_by_role("button", name="Settings").click()
        page.get_by_role("tab", name=tab).click()
        page.locator(".setpane .sets").wait_for()
        return page

    return shown


def clicked(button: str, opened: str) -> Callable:
    def shown(visit, site, **look) -> Page:
        page = visit.page("/", **look)
        page.get_by_role("button", name=button).first.click()
        page.locator(opened).first.wait_for()
        return page

    return shown


def lost(visit, site, **look) -> Page:
    page = room(visit, **look)
    site.leave(room=ROOM)
    page.locator("#lost-t").wait_for()
    return page


def covered(visit, site, **look) -> Page:
    page = room(visit, **look)
    site.cover(room=ROOM)
    page.locator("#vf-t").wait_for()
    return page


def step_up(visit, site, **look) -> Page:
    page = visit.page("/", **look)
    page.get_by_role("link", name="titan-payload").click()
    page.locator("#su-t").wait_for()
    return page


def reconnecting(visit, site, **look) -> Page:
    page = room(visit, **look)
    site.refuse(on="message.post", code="denied", message="Not here.", decision="00000000-0000-7000-8000-0000d7f391c2")
    for text in ("refused", "waits"):
        page.locator("#composer textarea").fill(text)
        page.locator("#composer textarea").press("Enter")
        page.locator(".msg").filter(has_text=text).wait_for()
        site.accept(on=False)
        site.drop()
        page.locator(".conn").wait_for()
    return page


def at(path: str) -> Callable:
    return lambda visit, site, **look: visit.page(path, **look)


def empty(visit, site, **look) -> Page:
    return visit.room("apollo-imaging", **look)


STATES: dict[str, Callable] = {
    "rooms": at("/"), "room": lambda visit, site, **look: room(visit, **look), "empty room": empty,
    "unread": at("/#/unread"), "mentions": at("/#/mentions"), "threads": at("/#/threads"),
    "not found": at("/#/r/00000000-0000-7000-8000-00000000dead"),
    "access": panel("access"), "members": panel("members"), "about": panel("about"), "room threads": panel("threads"), "thread": thread,
    "switcher": overlay("Control+k", ".search"), "shortcuts": overlay("?", ".keysdlg"), "marking": overlay("Alt+m", ".mkmenu"),
    "reactions": overlay("+", ".emoji"), "mention list": written("@o", ".ac .mi"), "commands": written("/", ".ac .mi"),
    "appearance": settings("Appearance"), "profile": settings("Profile"), "password": settings("Password"), "sessions": settings("Sessions"),
    "workspace menu": clicked("Northgate JTF", ".ws-menu"), "new channel": clicked("New message or room", ".formdlg"),
    "browse": clicked("Browse channels", ".card-r"),
    "access ended": lost, "not checkable": covered, "confirm": step_up, "reconnecting": reconnecting,
    "sign in": at("/login/"), "paused": at("/login/locked"), "link": at("/login/link"), "spent link": at("/login/spent"), "signed out": at("/signed-out/"),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_no_state_has_a_serious_finding_and_none_covers_a_marking(visit, site, state):
    for size in (WIDE, NARROW):
        site.reset()
        page = STATES[state](visit, site, size=size, scheme="light")
        page.wait_for_timeout(250)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        assert page.evaluate(BARS), size
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert (size, scheme, grave(page)) == (size, scheme, [])
        visit.leave()


def test_on_a_narrow_screen_there_is_one_main_with_the_heading(visit, site):
    for state in ("rooms", "room", "access", "thread", "unread"):
        page = STATES[state](visit, site, size=NARROW, scheme="light")

        assert page.locator("main").count() == 1, state
        assert page.locator("main h1").count() == 1, state
        assert page.evaluate(SMALL) == [], state
        visit.leave()


def test_with_forced_colours_and_wide_text_nothing_is_cut_off(visit):
    context = visit.context(size=(1280, 800), forced_colors="active")
    page = visit.room(ROOM, context=context)
    page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.querySelector('header.cls')).backgroundColor") == "rgb(200, 16, 46)"
