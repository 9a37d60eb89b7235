"""Reactions: an emoji of each kind, once for each person."""

import re
from pathlib import Path

import pytest

from audit.events import Event
from policy.catalogue import Action, RoomRole
from rooms.actions.messages import delete_message
from rooms.actions.reactions import MOST_KINDS, add_reaction, refuse_text, remove_reaction
from rooms.actions.rooms import archive_room
from rooms.history import states_of
from rooms.models import Message, Reaction
from tenancy.errors import Conflict, Invalid, NotFound
from tests.asserts import assert_audited, assert_denied, assert_refused, unchanged
from tests.policy.sets import decree, rule
from tests.world import CLEARED, World

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def said(olympus: World):
    return olympus.says("ada", "titan", "Main engine start.").message_id


def reactions(world: World, message_id) -> dict[str, list[str]]:
    names = {user.id: name for name, user in world.people.items()}
    with world.inside():
        state = states_of([Message.objects.get(id=message_id)])[0]
    return {one.emoji: [names[user_id] for user_id in one.people] for one in state.reactions}


def test_people_react_and_take_it_back(olympus, said):
    grace, ada = olympus.actor("grace"), olympus.actor("ada")

    add_reaction(grace, message_id=said, emoji="🚀")
    add_reaction(ada, message_id=said, emoji="🚀")
    add_reaction(grace, message_id=said, emoji="👍🏽")
    assert reactions(olympus, said) == {"🚀": ["grace", "ada"], "👍🏽": ["grace"]}
    remove_reaction(grace, message_id=said, emoji="🚀")

    assert reactions(olympus, said) == {"🚀": ["ada"], "👍🏽": ["grace"]}
    assert_audited(olympus, Event.REACTION_ADDED, grace, said)
    assert_audited(olympus, Event.REACTION_REMOVED, grace, said)


def test_a_reaction_moves_the_message_so_that_nobody_misses_it(olympus, said):
    add_reaction(olympus.actor("grace"), message_id=said, emoji="🚀")

    with olympus.inside():
        message = Message.objects.get(id=said)
    assert message.changed_seq == message.seq + 1


def test_the_same_again_changes_nothing(olympus, said):
    grace = olympus.actor("grace")
    add_reaction(grace, message_id=said, emoji="🚀")

    with unchanged(olympus):
        add_reaction(grace, message_id=said, emoji="🚀")
        remove_reaction(grace, message_id=said, emoji="👎")


@pytest.mark.parametrize(
    "text",
    [
        *["hello", "<b>", "a🚀", "🚀" * 15, " ", "\u202e", "\u200d", "4111 1111", "007", "´", "\x00"],
        *["ⓢⓔⓒⓡⓔⓣ", "ⓢ", "🄰", "🅂", "🇦", "🇦🇹🇹🇦🇨🇰", "🅰🅱", "🚀🚀", "🏴\U000e0061\U000e0062\U000e007f", "🚀\u200d", "㉐"],
    ],
)
def test_a_reaction_is_no_place_for_words(olympus, said, text):
    """They would lie readable in the table (R21)."""
    with assert_refused(olympus, Invalid, field="emoji"):
        add_reaction(olympus.actor("grace"), message_id=said, emoji=text)


@pytest.mark.parametrize("emoji", ["👍🏽", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "7️⃣", "🇪🇺", "‼️", "☑", "🏳️‍🌈", "👩🏽‍❤️‍💋‍👨🏽"])
def test_every_kind_of_emoji_is_one(olympus, said, emoji):
    add_reaction(olympus.actor("grace"), message_id=said, emoji=emoji)

    assert reactions(olympus, said) == {emoji: ["grace"]}


def test_a_message_bears_so_many_kinds_and_no_more(olympus, said):
    grace = olympus.actor("grace")
    with olympus.inside():
        Reaction.objects.bulk_create(
            Reaction(
                workspace_id=olympus.id, message_id=said, user_id=olympus.people["ada"].id, emoji=chr(0x1F600 + one)
            )
            for one in range(MOST_KINDS)
        )

    with assert_refused(olympus, Invalid, field="emoji"):
        add_reaction(grace, message_id=said, emoji="🚀")
    add_reaction(grace, message_id=said, emoji=chr(0x1F600))


def test_who_only_reads_does_not_react(olympus, said):
    olympus.person("linus", CLEARED)
    olympus.joins("linus", "titan", role=RoomRole.READER)
    linus = olympus.actor("linus")

    with assert_denied(olympus, Action.MESSAGE_REACT):
        add_reaction(linus, message_id=said, emoji="🚀")


def test_for_who_is_outside_there_is_nothing_to_react_to(olympus, said):
    with assert_refused(olympus, NotFound, field="message"):
        add_reaction(olympus.actor("eve"), message_id=said, emoji="🚀")


def test_what_is_gone_or_closed_is_not_reacted_to(olympus, said):
    second = olympus.says("ada", "titan", "And lift-off.").message_id
    delete_message(olympus.actor("ada"), message_id=said)
    with assert_refused(olympus, Conflict, field="message"):
        add_reaction(olympus.actor("grace"), message_id=said, emoji="🚀")

    archive_room(olympus.actor("ada"), room_id=olympus.rooms["titan"].id)
    with assert_refused(olympus, Conflict, field="room"):
        add_reaction(olympus.actor("grace"), message_id=second, emoji="🚀")


def test_every_emoji_that_the_client_offers_is_one():
    offered = re.findall(r"\['([^']+)', '", (ROOT / "static/chat/emoji.js").read_text(encoding="utf-8"))

    assert len(offered) > 40
    for emoji in offered:
        refuse_text(emoji)


def test_what_is_taken_back_is_no_nonsense_either(olympus, said):
    with assert_refused(olympus, Invalid, field="emoji"):
        remove_reaction(olympus.actor("grace"), message_id=said, emoji="\x00")


def test_what_is_withheld_is_not_there_to_be_reacted_to(olympus, said):
    olympus.person("linus", {**CLEARED, "department": "GUESTS"})
    olympus.joins("linus", "titan")
    decree(olympus, rule("hide", "redact", "room:message:deliver", condition='department = "GUESTS"'))
    linus = olympus.actor("linus")

    with assert_refused(olympus, NotFound, field="message"):
        add_reaction(linus, message_id=said, emoji="🚀")
    with assert_refused(olympus, NotFound, field="message"):
        remove_reaction(linus, message_id=said, emoji="🚀")
    add_reaction(olympus.actor("grace"), message_id=said, emoji="🚀")
