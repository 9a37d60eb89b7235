"""The five states of access and the one of transport."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.test_messages import row, write
from tests.web.test_outbox import go_offline

pytestmark = pytest.mark.browser
ROOM = "apollo-telemetry"
SECRET = "Range handover complete"


def gone(page) -> None:
    expect(page.get_by_role("heading", name=f"Your access to {ROOM} has ended")).to_be_visible(timeout=1000)
    assert SECRET not in page.content()


def test_access_that_ends_clears_the_room_everywhere_and_says_why(visit, site):
    page = visit.room(ROOM)
    page.locator("#composer textarea").fill("a draft that dies")
    page.keyboard.press("Alt+w")

    site.leave(room=ROOM)

    gone(page)
    expect(page.get_by_role("heading", name="Your access to")).to_be_focused()
    expect(page.get_by_text("Your assignment to program TITAN ended in the HR directory.")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("00000000-0000-7000-8000-0000d7f391c2")
    expect(page.locator("#urgent")).to_contain_text("has ended")
    expect(page.locator(".panel, [data-composer]")).to_have_count(0)
    assert "a draft that dies" not in page.content()
    expect(page.get_by_role("link", name=ROOM)).to_contain_text("access ended")

    page.get_by_role("link", name="announcements").click()
    expect(page.get_by_role("link", name=ROOM)).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", name="There is no such room")).to_be_visible()
    assert SECRET not in page.content()


def test_a_second_tab_that_missed_the_news_is_cleared_too(visit, site):
    first = visit.room(ROOM)
    second = visit.page(context=first.context)
    second.get_by_role("link", name=ROOM).click()
    second.get_by_text(SECRET).wait_for()
    second.evaluate("WebSocket.prototype.send = () => {}")

    site.leave(room=ROOM)

    gone(first)
    gone(second)


def test_a_dialog_over_a_room_that_is_lost_goes_with_it(visit, site):
    page = visit.room(ROOM)
    mine = row(page, "On it. Margins by 09:50")
    mine.hover()
    mine.get_by_role("button", name="More message actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    site.leave(room=ROOM)

    gone(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_access_that_returns_brings_the_row_back_without_a_jump(visit, site):
    page = visit.room(ROOM)
    site.leave(room=ROOM)
    gone(page)
    page.get_by_role("link", name="announcements").click()

    site.restore(room=ROOM)

    expect(page.get_by_role("link", name=ROOM)).to_be_visible()
    expect(page.get_by_role("heading", name="announcements", level=1)).to_be_visible()


def test_what_cannot_be_checked_is_covered_and_comes_back_with_its_draft(visit, site):
    page = visit.room(ROOM)
    page.locator("#composer textarea").fill("kept draft")

    site.cover(room=ROOM)

    expect(page.get_by_role("heading", name="We can’t check your access right now")).to_be_visible()
    expect(page.get_by_text("This is not a decision about you.")).to_be_visible()
    expect(page.locator(".pol")).to_contain_text("can’t be checked right now")
    expect(page.locator("#urgent")).to_contain_text("covered")
    assert SECRET not in page.content()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", name="We can’t check your access right now")).to_be_visible()

    site.uncover(room=ROOM)

    expect(row(page, SECRET)).to_be_attached()
    expect(page.locator("#composer textarea")).to_have_value("kept draft")


def test_a_room_stays_readable_without_a_connection_only_until_the_lease_ends(visit, site):
    site.lease(seconds=4)
    page = visit.room(ROOM)

    go_offline(page, site)

    expect(row(page, SECRET)).to_be_attached()
    expect(page.get_by_role("heading", name="We can’t check your access right now")).to_be_visible(timeout=7000)
    expect(page.get_by_text("The connection has been down for longer than the last check counts")).to_be_visible()
    assert SECRET not in page.content()
    site.accept(on=True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(row(page, SECRET)).to_be_attached()


def test_a_room_that_asks_for_a_confirmation_asks_over_the_room_that_is_open(visit):
    page = visit.room(ROOM)
    page.get_by_role("link", name="titan-payload").click()
    expect(page.get_by_role("heading", name="Confirm it’s you to open titan-payload")).to_be_visible()
    expect(page.locator("#room-title")).to_contain_text(ROOM)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()

    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert").filter(has_text="That password is not right.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="titan-payload", level=1)).to_be_visible()
    expect(row(page, "Payload key ceremony at noon.")).to_be_visible()
    expect(page.locator("header.cls")).to_have_text(re.compile("TOP SECRET"))


def test_saying_not_now_leaves_everything_as_it_was(visit):
    page = visit.room(ROOM)
    page.get_by_role("link", name="titan-payload").click()

    page.get_by_role("button", name="Not now").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#room-title")).to_contain_text(ROOM)


def test_a_slow_check_turns_the_badge_and_moves_nothing(visit, site):
    page = visit.room("announcements")
    site.delay(seconds=1.5)

    page.get_by_role("link", name=ROOM).click()

    expect(page.locator(".pol .spin")).to_be_visible()
    site.delay(seconds=0)
    expect(row(page, SECRET)).to_be_attached()
    expect(page.locator(".pol .spin")).to_have_count(0)


def test_a_room_nobody_may_know_looks_like_one_that_never_was(visit):
    page = visit.page("/#/r/00000000-0000-7000-8000-00000000dead")

    expect(page.get_by_role("heading", name="There is no such room")).to_be_visible()


def test_who_keeps_the_room_sees_that_policy_revoked_access(visit, site):
    page = visit.room(ROOM)

    site.frame(
        t="members.changed",
        room=site.room_of(name=ROOM),
        user=site.person_of(name="jonas"),
        change="revoked",
        by="policy",
    )

    expect(page.locator(".sys")).to_contain_text("Access revoked for Jonas Lind by policy")


def test_the_bars_carry_the_highest_marking_on_the_screen(visit, site):
    page = visit.room("announcements")
    expect(page.locator("header.cls")).to_have_class(re.compile("mk-u"))

    page.get_by_role("link", name=ROOM).click()
    expect(page.locator("header.cls")).to_have_class(re.compile("mk-s"))
    expect(page.locator("footer.cls")).to_have_text("SECRET//NOFORN")

    site.post(room=ROOM, author="ines", md="odd", marking="COSMIC")
    expect(page.locator("header.cls")).to_have_class(re.compile("mk-unk"))
    expect(page.locator("header.cls")).to_contain_text("COSMIC: MARKING UNKNOWN, TREAT AS HIGHEST")


def test_a_revoked_session_leaves_nothing_on_the_page(visit, site):
    page = visit.room(ROOM)
    write(page, "one last word")

    site.drop(code=4403)

    page.wait_for_url("**/login/?ended=revoked")
    expect(page.get_by_text("Your session was ended.")).to_be_visible()
    assert SECRET not in page.content()


def test_access_that_ends_says_only_what_was_lost_and_when(visit, site):
    page = visit.room(ROOM)
    expect(page.locator(".did")).to_have_count(0)

    site.end(room=ROOM)

    gone(page)
    expect(page.locator(".did li")).to_have_text(
        ["Messages were removed from this device.", "What you posted stays in the room’s record."]
    )
    expect(page.get_by_text("Later, somebody who keeps the room has to add you again.")).to_be_visible()
    said = page.locator(".facts div").filter(has_text="Time").locator("dd").inner_text()
    shown = page.evaluate("new Date().toLocaleTimeString('en-GB')")
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in (said.split(":"), shown.split(":"))]
    assert (seconds[1] - seconds[0]) % 86_400 < 60


def test_a_room_that_ended_while_the_connection_was_gone_leaves_nothing_behind(visit, site):
    page = visit.room(ROOM)
    page.locator("#composer textarea").fill("a draft that dies")
    go_offline(page, site)
    site.end(room=ROOM)

    site.accept(on=True)
    page.evaluate("dispatchEvent(new Event('online'))")

    gone(page)
    expect(page.get_by_text("Not any more.")).to_be_visible()
    expect(page.locator(".did")).to_contain_text("What you had not sent was discarded.")
    assert "a draft that dies" not in page.content()
