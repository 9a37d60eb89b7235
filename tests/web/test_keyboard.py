"""Everything works from the keyboard, and focus is never lost."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
REGION = (
    "() => document.activeElement.closest('[data-region]')?.dataset.region ?? document.activeElement.dataset.region"
)


def test_f6_goes_round_the_regions(visit):
    page = visit.room()
    page.keyboard.press("Alt+w")
    page.get_by_role("heading", name="Room details").wait_for()
    page.evaluate("document.activeElement.blur()")

    visited = []
    for _ in range(4):
        page.keyboard.press("F6")
        visited.append(page.evaluate(REGION))

    assert visited == ["rooms", "messages", "composer", "panel"]
    page.keyboard.press("Shift+F6")
    assert page.evaluate(REGION) == "composer"


def test_messages_are_one_tab_stop_with_arrows_inside(visit):
    page = visit.room()
    page.locator(".msg[tabindex='0']").focus()

    page.keyboard.press("Home")
    expect(page.locator(".msg:focus")).to_contain_text("Range handover complete")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".msg:focus")).to_contain_text("Pass 214")
    page.keyboard.press("End")
    expect(page.locator(".msg:focus")).to_contain_text("Ground side saw no AGC dip")
    assert page.locator(".msg[tabindex='0']").count() == 1


def test_single_letters_act_on_the_focused_message_only(visit):
    page = visit.room()
    box = page.locator("#composer textarea")
    box.press_sequentially("true")
    expect(box).to_have_value("true")
    box.fill("")
    page.locator(".msg[tabindex='0']").focus()
    page.keyboard.press("Home")

    page.keyboard.press("r")
    expect(box).to_be_focused()
    expect(box).to_have_value(
        "> Range handover complete. Downlink B is nominal, margin 3.1 dB. Night shift has the pass list.\n\n"
    )


def test_a_key_opens_the_thread_and_escape_gives_the_focus_back(visit):
    page = visit.room()
    page.locator(".msg[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")

    page.keyboard.press("t")
    expect(page.locator(".panel textarea")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    expect(page.locator(".panel")).to_have_count(0)
    expect(page.locator(".msg:focus")).to_contain_text("Decoded frame below")


def test_alt_and_arrows_go_to_the_next_unread_room(visit):
    page = visit.room("announcements")

    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("heading", name="ground-segment", level=1)).to_be_visible()
    page.keyboard.press("Alt+ArrowUp")

    expect(page.get_by_role("heading", name="range-safety", level=1)).to_be_visible()


def test_the_shortcuts_are_a_question_mark_away(visit):
    page = visit.room()
    page.locator("#composer textarea").press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".msg[tabindex='0']").focus()

    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".msg:focus")).to_be_attached()


def test_escape_in_the_room_marks_it_read(visit, site):
    site.lease(seconds=60)
    page = visit.room()
    page.locator(".msg[tabindex='0']").focus()

    page.keyboard.press("Escape")

    expect(page.locator(".new")).to_have_count(0)


def test_u_makes_it_unread_from_there(visit, site):
    page = visit.room()
    page.locator(".msg[tabindex='0']").focus()
    page.keyboard.press("Home")

    page.keyboard.press("u")

    expect(page.locator("#polite")).to_contain_text("Unread from here")
    assert site.frames(t="read.unread_from")


def test_a_message_in_the_open_room_is_spoken_once_and_a_burst_in_one_sentence(visit, site):
    page = visit.room()
    page.bring_to_front()

    site.post(room="apollo-telemetry", author="priya", md="The **margin** holds")
    expect(page.locator("#polite")).to_have_text("Priya Raman: The margin holds")

    for number in range(8):
        site.post(room="apollo-telemetry", author="priya", md=f"burst {number}")
    expect(page.locator("#polite")).to_contain_text("new messages")


def test_the_list_of_rooms_moves_by_arrows(visit):
    page = visit.room()
    page.get_by_role("link", name="announcements").focus()

    page.keyboard.press("ArrowDown")

    expect(page.locator("a.rr:focus")).to_contain_text("apollo-imaging")
    page.keyboard.press("End")
    expect(page.locator("a.rr:focus")).to_contain_text("Tomás Herrera")
    page.keyboard.press("Home")
    expect(page.locator("a.rr:focus")).to_contain_text("Unread")


def test_the_list_of_rooms_is_one_tab_stop(visit, site):
    page = visit.room()
    stop = page.locator('a.rr[tabindex="0"]')
    expect(stop).to_have_count(1)
    expect(stop).to_contain_text("apollo-telemetry")

    stop.focus()
    page.keyboard.press("ArrowDown")
    expect(stop).to_contain_text("range-safety")
    page.keyboard.press("Tab")
    assert page.locator("a.rr:focus").count() == 0
    page.keyboard.press("Shift+Tab")
    expect(page.locator("a.rr:focus")).to_contain_text("range-safety")

    site.leave(room="range-safety")
    expect(page.get_by_role("link", name="range-safety")).to_contain_text("access ended")
    page.get_by_role("link", name="announcements").click()
    expect(stop).to_contain_text("announcements")
    expect(stop).to_have_count(1)


def test_a_message_can_be_marked_and_sent_without_a_mouse(visit, site):
    page = visit.room()
    page.keyboard.type("By hand")
    page.keyboard.press("Alt+m")
    expect(page.locator(".mkmenu [role=listbox]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#composer textarea")).to_be_focused()
    page.keyboard.press("Enter")

    sent = page.locator("#messages .msg").filter(has_text="By hand")
    expect(sent.get_by_text("Sent", exact=True)).to_be_attached()
    assert site.posted()[0]["marking"] == "CONFIDENTIAL"


LOOK = """(at) => {
  const looks = [];
  for (let one = at, up = 0; one && up < 4; one = one.parentElement, up += 1) {
    const look = getComputedStyle(one);
    const outline = look.outlineStyle === 'none' ? '' : look.outline;
    looks.push(outline, look.boxShadow, look.borderColor, look.backgroundColor);
  }
  return looks.join('|');
}"""
STOPS = """() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length;
  const all = [...document.querySelectorAll('a[href], button, input, textarea, select, [tabindex]')].filter(shown);
  const inside = '.msg, [role=menu], [role=listbox], [role=tablist], nav';
  const controls = all.filter((one) => one.matches('a, button, input, textarea'));
  const stray = controls.filter((one) => one.tabIndex < 0 && !one.closest(inside)).map((one) => one.outerHTML);
  return { stops: all.filter((one) => one.tabIndex >= 0).length, stray };
}"""
NAME = "(at) => at.getAttribute('aria-label') || at.textContent.trim().slice(0, 40)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tab_reaches_every_control_and_each_stop_can_be_seen(visit, scheme):
    page = visit.room(scheme=scheme)
    page.keyboard.press("Alt+w")
    page.locator(".panel .proof li").first.wait_for()
    page.locator(".skip").first.focus()
    found = page.evaluate(STOPS)

    unseen, visited = [], 1
    for _ in range(found["stops"] + 5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        visited += 1
        at = page.evaluate_handle("document.activeElement")
        focused = at.evaluate(LOOK)
        at.evaluate("(at) => at.blur()")
        if focused == at.evaluate(LOOK):
            unseen.append(at.evaluate(NAME))
        at.evaluate("(at) => at.focus({ focusVisible: true })")

    assert found["stray"] == []
    assert visited >= found["stops"] - 2
    assert unseen == []


OPENERS = {
    "the menu of the workspace": (".ws", "[role=menu]"),
    "settings": ("[aria-label=Settings]", "dialog[open]"),
    "the menu of the room": (".rh-acts [aria-haspopup=menu]", "[role=menu]"),
    "members": (".rh-acts .ib-count", ".panel"),
    "emoji": ("[aria-label='Insert emoji']", ".emoji"),
    "markings": (".mkbtn", ".mkmenu"),
    "a new room": ("[aria-label='New message or room']", "dialog[open]"),
}


@pytest.mark.parametrize("what", OPENERS)
def test_escape_closes_what_was_opened_and_gives_the_focus_back(visit, what):
    selector, opened = OPENERS[what]
    page = visit.room()
    opener = page.locator(selector).first
    opener.focus()

    page.keyboard.press("Enter")
    expect(page.locator(opened).first).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator(opened)).to_have_count(0)
    expect(opener).to_be_focused()


AT_ONCE = """([opener, opened]) => new Promise((done) => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector(opened)) return;
    watch.disconnect();
    const key = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
    done(document.activeElement.dispatchEvent(key));
  });
  watch.observe(document.body, { childList: true, subtree: true });
  document.querySelector(opener).click();
})"""
BY_THE_BROWSER = ("settings", "a new room")


@pytest.mark.parametrize("what", [what for what in OPENERS if what not in BY_THE_BROWSER])
def test_escape_closes_what_has_not_even_been_painted_yet(visit, what):
    selector, opened = OPENERS[what]
    page = visit.room()
    opener = page.locator(selector).first
    opener.focus()

    page.evaluate(AT_ONCE, [selector, opened])

    expect(page.locator(opened)).to_have_count(0)
    expect(opener).to_be_focused()


@pytest.mark.parametrize("opener", [".pol", ".rh-acts .ib-count", "[aria-label^=Threads]"])
def test_escape_in_the_same_breath_keeps_a_panel_from_opening(visit, opener):
    page = visit.room()
    page.locator(opener).focus()

    page.evaluate(
        """(opener) => {
          document.querySelector(opener).click();
          const key = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(key);
        }""",
        opener,
    )
    page.wait_for_timeout(300)

    expect(page.locator(".panel")).to_have_count(0)
    expect(page.locator(opener)).to_be_focused()


@pytest.mark.parametrize("what", ["the menu of the room", "emoji", "markings"])
def test_escape_closes_what_is_open_wherever_the_focus_went(visit, what):
    selector, opened = OPENERS[what]
    page = visit.room()
    page.locator(selector).first.click()
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("Escape")

    expect(page.locator(opened)).to_have_count(0)
    expect(page.locator(selector).first).to_be_focused()


def test_a_second_click_on_the_opener_closes(visit):
    page = visit.room()
    opener = page.locator("[aria-label='Insert emoji']")

    opener.click()
    expect(page.locator(".emoji")).to_be_visible()
    opener.click()

    expect(page.locator(".emoji")).to_have_count(0)


def test_a_room_is_jumped_to_from_anywhere_and_escape_leaves_one_where_one_was(visit):
    page = visit.room()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Jump to a room or person")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#composer textarea")).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("announ")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="announcements", level=1)).to_be_visible()
    expect(page.locator("[data-composer] textarea")).to_be_focused()
