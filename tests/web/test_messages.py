"""Reading and writing messages."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
WHEEL = "Decoded frame below"


def write(page, text: str) -> None:
    page.locator("#composer textarea").fill(text)
    page.keyboard.press("Enter")


def row(page, text: str):
    return page.locator("#messages .msg").filter(has_text=text)


def test_a_message_shows_at_once_and_gets_its_tick_with_the_acknowledgement(visit, site):
    page = visit.room()
    site.delay(seconds=1.2)

    write(page, "Margins are *fine*")

    expect(row(page, "Margins are")).to_be_visible(timeout=300)
    expect(row(page, "Margins are").locator(".queued, .gt .i")).to_be_visible()
    expect(row(page, "Margins are").get_by_text("Sent", exact=True)).to_be_attached(timeout=4000)
    expect(row(page, "Margins are").locator("em")).to_have_text("fine")
    assert [post["body"] for post in site.posted()] == ["Margins are *fine*"]


def test_markup_in_a_message_stays_text(visit, site):
    page = visit.room()

    site.post(
        room="apollo-telemetry",
        author="priya",
        md="<img src=x onerror=alert(1)> <b>no</b> [x](javascript:alert(1)) ![i](https://example.org/i.png)",
    )

    message = row(page, "<img src=x")
    expect(message).to_contain_text("<b>no</b> [x](javascript:alert(1))")
    expect(message.locator("img")).to_have_count(0)
    expect(message.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")


def test_each_part_carries_its_mark_and_only_exceptions_take_colour(visit):
    page = visit.room()

    redacted = row(page, "Ground side saw no AGC dip")

    expect(redacted.locator(".pm.pm-u")).to_contain_text("(U)")
    expect(redacted.locator(".redact")).to_contain_text("This part is withheld")
    expect(row(page, "Pass 214").locator(".pm.pm-def")).to_contain_text("(S//NF)")
    expect(page.locator(".msg .redact .bars")).to_have_count(2)


def test_edited_and_deleted_messages_say_so(visit, site):
    page = visit.room()
    expect(row(page, "Raw frames for pass 213")).to_contain_text("edited")
    expect(page.get_by_text(re.compile("Deleted by its author"))).to_be_visible()

    write(page, "A first try")
    expect(row(page, "A first try").get_by_text("Sent", exact=True)).to_be_attached()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#composer textarea")).to_have_value("A first try")
    write(page, "A second try")

    expect(row(page, "A second try")).to_contain_text("edited")
    expect(row(page, "A first try")).to_have_count(0)


def test_deleting_asks_first(visit):
    page = visit.room()
    mine = row(page, "On it. Margins by 09:50")
    mine.hover()
    mine.get_by_role("button", name="More message actions").click()
    page.get_by_role("menuitem", name="Delete").click()

    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(row(page, "On it. Margins by 09:50")).to_have_count(0)
    expect(page.get_by_text(re.compile("Deleted by its author"))).to_have_count(2)


def test_a_reaction_is_given_and_taken_back(visit):
    page = visit.room()
    message = row(page, "Range handover complete")
    thumbs = message.get_by_role("button", name=re.compile("thumbs up"))
    expect(thumbs).to_have_attribute("aria-pressed", "true")

    thumbs.click()
    expect(thumbs).to_have_attribute("aria-pressed", "false")
    message.get_by_role("button", name="Add reaction").click()
    page.get_by_role("combobox", name="Find by name").fill("rocket")
    page.keyboard.press("Enter")

    expect(message.get_by_role("button", name=re.compile("rocket"))).to_contain_text("1")


def test_a_thread_is_read_and_answered_in_the_panel(visit, site):
    page = visit.room()
    row(page, WHEEL).get_by_role("button", name=re.compile("4 replies")).click()
    expect(page.locator(".thread .new")).to_contain_text("2 new")

    page.locator(".panel textarea").fill("Agreed on 215")
    page.keyboard.press("Enter")

    expect(page.locator(".thread .msg").filter(has_text="Agreed on 215")).to_be_visible()
    expect(row(page, "Agreed on 215")).to_have_count(0)
    expect(row(page, WHEEL)).to_contain_text("5 replies")
    assert site.frames(t="message.post")[0]["thread"] == site.thread_of()


def test_a_reply_to_a_message_without_a_thread_makes_one_and_opens_it(visit):
    page = visit.room()
    message = row(page, "Raw frames for pass 213")
    message.hover()
    message.get_by_role("button", name="Reply in thread").click()

    page.get_by_role("dialog").locator("textarea").fill("Compared: no difference")
    page.keyboard.press("Enter")

    expect(page.locator(".panel .msg").filter(has_text="no difference")).to_be_visible()
    expect(message).to_contain_text("1 reply")


def test_only_people_who_can_read_the_room_are_offered_as_mentions(visit, site):
    page = visit.room()
    box = page.locator("#composer textarea")
    box.fill("")
    box.press_sequentially("Thanks @jo")
    expect(page.get_by_role("listbox", name="People who can read this room")).to_have_count(0)

    box.fill("")
    box.press_sequentially("Thanks @ok")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Enter")

    expect(box).to_have_value("Thanks @daniel ")
    page.keyboard.press("Enter")
    expect(row(page, "Thanks").locator(".at")).to_have_text("@Daniel Okafor")


def test_a_marking_above_the_ceiling_cannot_be_chosen(visit, site):
    page = visit.room()
    page.keyboard.press("Alt+m")
    expect(page.get_by_role("option", name=re.compile("TOP SECRET"))).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("option", name=re.compile("^CUI"))).to_contain_text("14 can read")

    page.get_by_role("option", name=re.compile("^CUI")).click()
    write(page, "Lunch at noon")

    expect(row(page, "Lunch at noon").locator(".pm.pm-cui")).to_be_visible()
    assert site.posted()[0]["marking"] == "CUI"


def test_only_what_the_person_may_post_is_offered_and_the_highest_of_it_comes_first(visit, site):
    site.may_post(room="apollo-telemetry", markings=["UNCLASSIFIED", "CUI"])
    page = visit.room()
    page.keyboard.press("Alt+m")

    own = page.get_by_role("option", name=re.compile("NOFORN"))
    expect(own).to_have_attribute("aria-disabled", "true")
    expect(own).to_contain_text("Not yours to post here")
    expect(page.get_by_role("option", selected=True)).to_contain_text("CUI")
    page.keyboard.press("Escape")
    write(page, "From below")

    expect(row(page, "From below").locator(".pm.pm-cui")).to_be_visible()
    assert site.posted()[0]["marking"] == "CUI"


def test_text_keeps_its_marking_when_that_may_be_posted_no_longer(visit, site):
    page = visit.room()
    box = page.locator("#composer textarea")
    box.fill("Begun as secret")

    site.may_post(room="apollo-telemetry", markings=["UNCLASSIFIED"])
    expect(page.get_by_role("alert").filter(has_text="Choose another marking")).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("Begun as secret")
    assert site.posts() == []
    page.keyboard.press("Alt+m")
    page.get_by_role("option", name=re.compile("^UNCLASSIFIED")).click()
    box.press("Enter")

    expect(row(page, "Begun as secret").locator(".pm.pm-u")).to_be_visible()
    site.may_post(room="apollo-telemetry", markings=[])
    expect(page.get_by_text("You can read here, not write.")).to_be_visible()
    site.may_post(room="apollo-telemetry", markings=["CUI"])
    expect(box).to_be_visible()


def test_enter_breaks_the_line_when_that_is_preferred(visit, site):
    page = visit.room()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Breaks the line").check()
    page.get_by_role("button", name="Close").click()

    box = page.locator("#composer textarea")
    box.fill("upper line")
    box.press("Enter")
    box.press_sequentially("lower line")
    box.press("Control+Enter")

    expect(row(page, "upper line")).to_contain_text("lower line")
    assert site.posted()[0]["body"] == "upper line\nlower line"


def test_a_command_acts_and_an_unknown_one_is_never_posted_silently(visit, site):
    page = visit.room()
    write(page, "/mark CUI")
    expect(page.locator("#composer")).to_have_class(re.compile("mk-cui"))

    write(page, "/nonsense here")
    expect(page.get_by_text("There is no command /nonsense.")).to_be_visible()
    assert site.posts() == []
    page.get_by_role("button", name="Send as text").click()

    expect(row(page, "/nonsense here")).to_be_visible()


def test_long_code_is_folded_and_copied(visit, site):
    page = visit.room()
    site.post(
        room="apollo-telemetry", author="priya", md="```py\n" + "\n".join(f"line_{n}" for n in range(40)) + "\n```"
    )
    message = row(page, "line_1")
    expect(message).not_to_contain_text("line_39")

    message.get_by_role("button", name="Copy", exact=True).click()
    message.get_by_role("button", name="Show 20 more lines").click()

    expect(message).to_contain_text("line_39")
    assert page.evaluate("navigator.clipboard.readText()").endswith("line_39")


def test_somebody_who_types_is_named(visit, site):
    page = visit.room()

    priya = site.person_of(name="priya")["id"]
    site.frame(t="typing", room=site.room_of(name="apollo-telemetry"), user=priya, thread=None)

    expect(page.locator(".typing")).to_have_text("Priya Raman is typing")
