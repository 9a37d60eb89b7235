"""The list of rooms, opening them, and what counts as read."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_rooms_stand_in_groups_with_their_counts(visit):
    page = visit.page()

    groups = page.locator(".rg-h button:first-child")

    expect(groups).to_have_text(["Favourites", "Channels", "Groups", "Direct messages"])
    expect(page.get_by_role("link", name="apollo-telemetry")).to_contain_text("1 mentions")
    expect(page.get_by_role("link", name="ground-segment")).to_contain_text("12 unread")
    expect(page.locator(".rl-top")).to_contain_text("21 unread")
    expect(page.locator(".rl-top")).to_contain_text("2 mentions")


def test_a_closed_group_stays_closed_on_this_device(visit):
    page = visit.page()
    page.get_by_role("button", name="Groups", exact=True).click()

    page.reload()

    expect(page.get_by_role("button", name="Groups", exact=True)).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("link", name="Shift handover")).to_have_count(0)


def test_a_room_opens_at_the_first_unread_message_with_the_line_a_quarter_down(visit):
    page = visit.page(size=(390, 844))
    page.get_by_role("link", name="apollo-telemetry").click()
    line = page.locator(".new")
    expect(line).to_contain_text("4 new")

    feed, at = page.locator("#messages").bounding_box(), line.bounding_box()

    assert 0.1 < (at["y"] - feed["y"]) / feed["height"] < 0.4


def test_what_stays_in_view_is_read_and_the_line_stays_until_one_leaves(visit, site):
    page = visit.room()

    expect(page.get_by_role("link", name="apollo-telemetry")).not_to_contain_text("mentions")
    assert site.frames(t="read.set")
    expect(page.locator(".new")).to_be_visible()

    page.get_by_role("link", name="announcements").click()
    page.get_by_role("link", name="apollo-telemetry").click()
    expect(page.locator(".msg").first).to_be_visible()


def test_a_message_in_another_room_counts_there(visit, site):
    page = visit.room()

    site.post(room="announcements", author="amara", md="New rota")
    site.post(room="range-safety", author="amara", md="@maya please look")

    expect(page.get_by_role("link", name="announcements")).to_contain_text("1 unread")
    expect(page.get_by_role("link", name="range-safety")).to_contain_text("1 mentions")


def test_unread_and_threads_have_lists_of_their_own(visit):
    page = visit.page()

    page.get_by_role("link", name="Unread 21").click()
    expect(page.locator(".inbox-r")).to_have_count(4)
    page.get_by_role("link", name="Threads 1").click()
    page.get_by_role("button", name=re.compile("Daniel Okafor")).click()

    expect(page.get_by_role("heading", name="Thread", exact=True)).to_be_visible()
    expect(page.locator(".thread .msg")).to_have_count(5)


def test_a_person_jumps_by_a_few_letters(visit):
    page = visit.page()

    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Jump to a room or person").fill("range")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="range-safety", level=1)).to_be_visible()

    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Jump to a room or person").fill("priya")
    page.get_by_role("option", name=re.compile("Ground segment")).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Priya Raman", level=1)).to_be_visible()


def test_channels_are_browsed_and_a_refused_one_says_why(visit):
    page = visit.page()

    page.get_by_role("button", name="Browse channels").click()

    expect(page.get_by_role("button", name="Join mess-hall")).to_be_visible()
    expect(page.get_by_role("button", name="Join orbit-analysis")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("You are not assigned to ORBIT.")).to_be_visible()


def test_a_new_channel_opens_when_it_is_made(visit):
    page = visit.page()
    page.get_by_role("button", name="New message or room").click()
    page.get_by_label("Name").fill("wheel-study")

    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("heading", name="wheel-study", level=1)).to_be_visible()
    expect(page.get_by_text("This is the start of wheel-study")).to_be_visible()


def test_adding_somebody_whom_policy_refuses_says_so_with_the_decision(visit):
    page = visit.room()
    page.get_by_role("button", name="14 members").click()
    page.get_by_role("button", name="Add", exact=True).click()

    page.get_by_role("searchbox", name="Find people").fill("jonas")

    expect(page.get_by_text("Can’t read this room")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_be_disabled()


def test_why_do_i_have_access_answers_with_each_condition(visit):
    page = visit.room()

    page.keyboard.press("Alt+w")

    expect(page.get_by_role("heading", name="You can read and post here")).to_be_visible()
    expect(page.locator(".proof li b")).to_have_count(4)
    expect(page.get_by_text("Yours is TOP SECRET. Source: security directory.")).to_be_visible()
    expect(page.get_by_text("Asked of every room in this workspace")).to_be_visible()
    expect(page.locator(".rule")).to_contain_text("program = APOLLO")
    expect(page.get_by_text(re.compile(r"^Your session runs out at \d\d:\d\d$"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Your clearance record runs out on \d+ \w+.*, \d\d:\d\d$"))).to_be_visible()


def test_a_room_without_a_requirement_promises_no_more_than_the_rules_of_the_workspace(visit):
    page = visit.room("announcements")

    expect(page.locator(".pol")).to_contain_text("the rules of the workspace apply.")
    expect(page.get_by_text("Everybody in the workspace")).to_have_count(0)


def test_a_change_of_role_reaches_the_open_client(visit, site):
    page = visit.page()
    page.get_by_role("button", name="Northgate JTF").click()
    expect(page.get_by_role("menuitem", name="Operator console")).to_be_visible()

    site.frame(t="permissions", powers=[])

    expect(page.get_by_role("menuitem", name="Operator console")).to_have_count(0)


def test_no_name_of_a_room_stands_in_the_title_or_in_what_the_device_keeps(visit):
    page = visit.room()

    kept = page.evaluate(
        "JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.title + location.href"
    )

    assert "apollo" not in kept


def test_a_thread_says_withheld_only_of_a_first_message_that_is_withheld(visit, site):
    deleted = {"by": "author", "at": "2026-01-05T09:00:00Z"}
    site.thread(room="apollo-telemetry", title="Brought over from before")
    site.thread(room="apollo-telemetry", title=None)
    site.thread(room="apollo-telemetry", title="Its root is gone", root={"deleted": deleted})
    site.thread(room="apollo-telemetry", title=None, replies=0, root={"view": "withheld"})
    site.thread(room="apollo-telemetry", title=None, root={"view": "redacted", "parts": [{"marking": "SECRET//NOFORN", "withheld": True}, {"marking": "UNCLASSIFIED", "md": "Open half"}]})  # fmt: skip  # noqa: E501
    page = visit.page("/#/threads")
    rows = page.locator(".thread-r")
    expect(rows).to_have_count(6)

    lines = [each.locator(".thread-x").all_inner_texts() for each in rows.all()]

    assert lines[1:5] == [[], [], ["The first message was deleted."], ["Withheld"]]
    assert "Open half" in lines[5][0]
    expect(rows.nth(1)).to_contain_text("Brought over from before")
    expect(rows.nth(4)).not_to_contain_text("replies")
    expect(rows.nth(4).locator(".muted")).to_have_text("apollo-telemetry")
    rows.nth(1).click()
    expect(page.locator(".panel").get_by_role("heading", name="Brought over from before")).to_be_visible()
    expect(page.locator(".panel .msg")).to_have_count(2)
    expect(page.locator(".panel")).not_to_contain_text("Withheld")


def test_members_are_counted_as_they_are_listed_and_suspensions_are_for_those_who_keep_them(visit, site):
    site.suspend(person="tomas")
    page = visit.room()
    page.get_by_role("button", name="14 members").click()
    panel = page.locator(".panel")

    expect(panel.get_by_role("tab", name="Members 8")).to_be_visible()
    expect(panel.locator(".mem > li")).to_have_count(8)
    expect(panel).not_to_contain_text("Tomás Herrera")
    expect(panel).not_to_contain_text("Suspended")

    site.power(room="apollo-telemetry", action="room:member:remove")
    page.reload()
    apart = page.locator(".panel h3", has_text="Suspended")
    expect(apart).to_have_text("Suspended 1")
    expect(apart.locator("+ ul > li")).to_contain_text("Tomás Herrera")
    expect(page.get_by_role("tab", name="Members 8")).to_be_visible()


def test_what_is_not_counted_to_its_end_is_shown_as_at_least_that_many(visit, site):
    site.unread(room="announcements", unread=1_000, mentions=1_000)
    page = visit.page()

    expect(page.get_by_role("link", name="announcements")).to_contain_text("1,000+ mentions")
    expect(page.get_by_role("link", name="Unread 1,021+ unread")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1,00\d\+\) "))
    page.get_by_role("link", name="Mentions 1,002+").click()
    expect(page.locator(".inbox-r", has_text="announcements")).to_contain_text("1,000+ mentions")


@pytest.mark.parametrize(("unread", "behind", "told"), [(225, 225, "225"), (1_000, 1_400, "1,000+")])
def test_the_new_line_and_the_way_to_the_end_tell_what_the_server_counts(visit, site, unread, behind, told):
    site.unread(room="deep-archive", unread=unread, mentions=0, behind=behind)
    for _ in range(10):
        site.refuse(on="read.set", code="unavailable")
    page = visit.room("deep-archive")

    expect(page.locator(".new")).to_contain_text(f"{told} new since")
    expect(page.get_by_role("button", name=f"{told} new, jump to latest")).to_be_visible()
    expect(page.get_by_role("link", name="deep-archive")).to_contain_text(f"{told} unread")
