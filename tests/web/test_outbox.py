"""What happens to a message between Enter and its acknowledgement."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.test_messages import row, write

pytestmark = pytest.mark.browser
DECISION = "00000000-0000-7000-8000-0000d7f391c2"


def go_offline(page, site) -> None:
    site.accept(on=False)
    site.drop()
    expect(page.get_by_text("Reconnecting.")).to_be_visible()


def come_back(page, site) -> None:
    site.accept(on=True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("Reconnecting.")).to_have_count(0)


def test_a_refusal_stays_in_place_with_its_reason_and_is_never_tried_again(visit, site):
    page = visit.room()
    site.refuse(
        on="message.post",
        code="denied",
        message="this room doesn’t accept spreadsheets.",
        decision=DECISION,
    )

    write(page, "margins.xlsx")

    refused = row(page, "margins.xlsx")
    expect(refused).to_contain_text(
        "Not sent: this room doesn’t accept spreadsheets. Decision 00000000-0000-7000-8000-0000d7f391c2"
    )
    expect(page.locator("#urgent")).to_contain_text("Message not sent")
    page.wait_for_timeout(2500)
    assert len(site.frames(t="message.post")) == 1

    refused.get_by_role("button", name="Edit").click()
    expect(page.locator("#composer textarea")).to_have_value("margins.xlsx")
    expect(row(page, "margins.xlsx")).to_have_count(0)


def test_a_busy_server_is_asked_again_and_the_message_stands_once(visit, site):
    page = visit.room()
    site.refuse(on="message.post", code="unavailable", message="Try again.")

    write(page, "Once only")

    expect(row(page, "Once only")).to_contain_text("Waiting to send")
    expect(row(page, "Once only").get_by_text("Sent", exact=True)).to_be_attached(timeout=4000)
    sent = site.frames(t="message.post")
    assert len(sent) == 2
    assert sent[0]["client_id"] == sent[1]["client_id"]
    assert len(site.posted()) == 1


def test_what_is_written_offline_goes_out_in_order_when_the_connection_is_back(visit, site):
    page = visit.room()
    go_offline(page, site)
    for text in ("first", "second", "third"):
        write(page, f"{text} from the tunnel")
    expect(page.get_by_text("3 messages wait here.")).to_be_visible()
    expect(page.get_by_text("Will wait here")).to_be_visible()

    come_back(page, site)

    expect(page.get_by_text("Waiting to send")).to_have_count(0)
    assert [post["body"].split()[0] for post in site.posted(3)] == ["first", "second", "third"]
    expect(page.locator("#polite")).to_contain_text("Back in sync")


def test_a_room_stops_at_the_first_refusal_of_what_was_queued(visit, site):
    page = visit.room()
    go_offline(page, site)
    write(page, "one")
    write(page, "two")
    site.refuse(on="message.post", code="denied", message="Not here.")

    come_back(page, site)

    expect(row(page, "two")).to_contain_text("Held: an earlier message was refused.")
    assert site.posts() == []
    row(page, "two").get_by_role("button", name="Send").click()
    expect(row(page, "two").get_by_text("Sent", exact=True)).to_be_attached()


def test_no_more_than_twenty_messages_wait(visit, site):
    page = visit.room()
    go_offline(page, site)
    for number in range(20):
        write(page, f"waiting {number}")

    write(page, "one too many")

    expect(page.get_by_text("Twenty messages wait already.")).to_be_visible()
    expect(page.locator("#composer textarea")).to_have_value("one too many")


def test_a_post_that_asks_for_a_confirmation_is_kept_and_sent_once_after_it(visit, site):
    page = visit.room()
    site.refuse(on="message.post", code="step_up_required", message="Confirm first.")
    write(page, "Sensitive words")
    expect(page.get_by_role("heading", name="Confirm it’s you to go on")).to_be_visible()

    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_role("button", name="Continue").click()

    expect(row(page, "Sensitive words").get_by_text("Sent", exact=True)).to_be_attached()
    assert len(site.posted()) == 1


def test_a_message_whose_event_was_lost_is_fetched_in_its_place(visit, site):
    page = visit.room()
    site.slip(room="apollo-telemetry", author="ines", md="Lost on the way")

    site.post(room="apollo-telemetry", author="ines", md="After the gap")

    expect(row(page, "After the gap")).to_be_visible()
    texts = [text for text in page.locator("#messages .msg").all_inner_texts() if re.search("Lost on|After the", text)]
    assert [bool("Lost" in text) for text in texts] == [True, False]


def test_what_was_said_while_offline_is_there_after_the_resume(visit, site):
    page = visit.room()
    go_offline(page, site)
    site.slip(room="apollo-telemetry", author="ines", md="Said in the meantime")

    come_back(page, site)

    expect(row(page, "Said in the meantime")).to_be_visible()
    assert site.frames(t="hello")[-1]["resume"]


def test_a_message_of_too_many_bytes_is_told_where_it_is_written_and_never_sent(visit, site):
    page = visit.room()
    box = page.locator("#composer textarea")
    text = "a" + "\x01" * 12_002 + "z"

    box.fill(text)

    expect(page.locator("#composer [role=alert]")).to_have_text(re.compile(r"^6,\d{3} bytes too long$"))
    expect(page.get_by_role("button", name="Send", exact=True)).to_have_attribute("aria-disabled", "true")
    box.press("Enter")
    expect(box).to_have_value(text)
    assert site.frames(t="message.post") == []

    box.fill(text[:9_000])
    expect(page.locator("#composer [role=alert]")).to_have_count(0)
    box.press("Enter")
    expect(box).to_have_value("")
    expect(page.locator(".msg").last.get_by_text("Sent", exact=True)).to_be_attached()


def test_a_message_that_the_server_hangs_up_over_is_not_sent_again_and_keeps_its_text(visit, site):
    site.frame_bytes(taken=2_000)
    page = visit.room()

    write(page, "x" * 3_000)

    refused = page.locator(".msg.failed")
    expect(refused).to_contain_text("Not sent: This is too long for the server.")
    expect(page.get_by_text("Reconnecting.")).to_have_count(0)
    assert site.posts() == []
    expect(refused.get_by_role("button", name="Try again")).to_have_count(0)
    write(page, "short")
    expect(row(page, "short").get_by_text("Sent", exact=True)).to_be_attached()
    refused.get_by_role("button", name="Edit").click()
    expect(page.locator("#composer textarea")).to_have_value("x" * 3_000)


def test_what_waited_and_is_now_too_large_for_the_server_fails_for_good(visit, site):
    page = visit.room()
    go_offline(page, site)
    write(page, "y" * 3_000)
    site.frame_bytes(advertised=2_000, taken=2_000)

    come_back(page, site)

    expect(page.locator(".msg.failed")).to_contain_text("Not sent: This is too long for the server.")
    page.wait_for_timeout(1500)
    assert site.frames(t="message.post") == []
    expect(page.get_by_text("Reconnecting.")).to_have_count(0)
