"""Scrolling: a room of thirty thousand messages, and nothing that moves under the reader's eyes."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
TOP_ROW = """() => {
  const box = document.getElementById('messages').getBoundingClientRect();
  const rows = [...document.querySelectorAll('#messages [data-message]')];
  const row = rows.find((one) => one.getBoundingClientRect().bottom > box.top + 40);
  return { id: row.dataset.message, y: row.getBoundingClientRect().top - box.top };
}"""
Y_OF = """(id) => {
  const box = document.getElementById('messages').getBoundingClientRect();
  return document.querySelector(`[data-message="${id}"]`).getBoundingClientRect().top - box.top;
}"""


def wheel(page, by: int) -> None:
    page.locator("#messages").hover()
    page.mouse.wheel(0, by)


def test_a_room_of_thirty_thousand_messages_scrolls_with_few_rows_in_the_page(visit):
    page = visit.room("deep-archive")
    expect(page.get_by_text("Archived line 29999")).to_be_visible()

    for _ in range(25):
        wheel(page, -2500)
        page.wait_for_timeout(120)

    shown = page.locator("#messages [data-message]")
    assert shown.count() <= 170
    number = int(re.search(r"Archived line (\d+)", shown.first.inner_text())[1])
    assert number < 29_600

    page.get_by_role("button", name="Jump to latest").click()
    expect(page.get_by_text("Archived line 29999")).to_be_visible()


def test_older_pages_do_not_move_what_is_read(visit):
    page = visit.room("deep-archive")
    page.wait_for_timeout(300)
    wheel(page, -900)
    page.wait_for_timeout(60)
    before = page.evaluate(TOP_ROW)

    page.wait_for_timeout(1200)

    assert abs(page.evaluate(Y_OF, before["id"]) - before["y"]) <= 1


def test_within_reach_of_the_end_the_list_sticks_to_it(visit, site):
    page = visit.room("announcements")
    for number in range(30):
        site.post(room="announcements", author="amara", md=f"Line {number}")

    expect(page.get_by_text("Line 29")).to_be_in_viewport()


def test_away_from_the_end_the_position_holds_and_new_ones_are_counted(visit, site):
    page = visit.room("deep-archive")
    page.wait_for_timeout(300)
    wheel(page, -3000)
    page.wait_for_timeout(900)
    before = page.evaluate(TOP_ROW)

    for number in range(5):
        site.post(room="deep-archive", author="amara", md=f"Fresh {number}")

    pill = page.get_by_role("button", name="5 new, jump to latest")
    expect(pill).to_be_visible()
    assert abs(page.evaluate(Y_OF, before["id"]) - before["y"]) <= 1
    pill.click()
    expect(page.get_by_text("Fresh 4")).to_be_in_viewport()
