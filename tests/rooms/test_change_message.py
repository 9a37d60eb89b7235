"""Posting within the rules of a room, saying it differently, taking it back (PO-3, CH-1)."""

import pytest

from audit.events import Event
from policy.catalogue import Action, RoomRole
from rooms.actions.members import set_member_role
from rooms.actions.messages import delete_message, edit_message
from rooms.actions.rooms import archive_room
from rooms.models import Message, MessageRevision
from rooms.sealing import Part, open_bodies, place_of, place_of_revision
from tenancy.actor import new_id
from tenancy.errors import Conflict, Invalid, NotFound
from tests.asserts import assert_audited, assert_denied, assert_refused, assert_sealed, unchanged
from tests.policy.sets import decree, rule
from tests.statements import sent
from tests.world import World


def row(world: World, message_id) -> Message:
    with world.inside():
        return Message.objects.get(id=message_id)


def said(world: World, message: Message) -> str:
    with world.inside():
        parts = open_bodies([(place_of(message), bytes(message.body_sealed))])[0]
    return parts[0].md


def revisions(world: World, message: Message) -> list[tuple[int, str | None]]:
    with world.inside():
        found = MessageRevision.objects.filter(message=message).order_by("revision")
        return [
            (one.revision, open_bodies([(place_of_revision(message, one), bytes(one.body_sealed))])[0][0].md)
            if one.body_sealed
            else (one.revision, None)
            for one in found
        ]


def test_a_post_rests_sealed_and_is_on_record_without_its_words(olympus):
    grace = olympus.actor("grace")

    posted = olympus.says("grace", "titan", "Perigee at 404 km.")

    message = row(olympus, posted.message_id)
    assert_sealed(message.body_sealed, "Perigee at 404 km.", lambda: said(olympus, message))
    line = assert_audited(olympus, Event.MESSAGE_POSTED, grace, posted.message_id, marking="SECRET")
    assert "Perigee" not in str(line.env)


def test_a_post_carries_the_marking_of_its_room_unless_it_says_a_lower_one(olympus):
    assert olympus.says("grace", "titan", "As the room.").marking == "SECRET"
    assert olympus.says("grace", "titan", "Lower.", marking="u").marking == "UNCLASSIFIED"


@pytest.mark.parametrize("marking", ["TOP_SECRET", "COSMIC"])
def test_nothing_goes_above_the_ceiling_of_the_room(olympus, marking):
    with assert_refused(olympus, Invalid, field="marking"):
        olympus.says("grace", "titan", "Too high.", marking=marking)


@pytest.mark.parametrize("body", [" ", "\n\n", "\u200a"])
def test_nothing_is_no_message(olympus, body):
    with assert_refused(olympus, Invalid, field="body"):
        olympus.says("grace", "titan", body)


def test_an_author_says_it_differently_and_the_old_words_are_kept(olympus):
    grace = olympus.actor("grace")
    posted = olympus.says("grace", "titan", "Aphelion.")

    edit_message(grace, message_id=posted.message_id, body="Apogee.")
    edit_message(grace, message_id=posted.message_id, body="Apogee, of course.", marking="CUI")

    message = row(olympus, posted.message_id)
    assert (said(olympus, message), message.revision, message.marking) == ("Apogee, of course.", 2, "CUI")
    assert message.changed_seq > message.seq == posted.seq
    assert revisions(olympus, message) == [(0, "Aphelion."), (1, "Apogee.")]
    assert_audited(olympus, Event.MESSAGE_EDITED, grace, posted.message_id, revision=2, marking="CUI")


def test_nobody_changes_the_words_of_somebody_else(olympus):
    posted = olympus.says("grace", "titan", "Mine.")

    with assert_denied(olympus, Action.MESSAGE_EDIT):
        edit_message(olympus.actor("ada"), message_id=posted.message_id, body="Not hers.")


def test_a_message_in_a_room_that_one_is_not_in_does_not_exist(olympus):
    posted = olympus.says("grace", "titan", "Not for eve.")
    eve = olympus.actor("eve")

    with assert_refused(olympus, NotFound, field="message"):
        edit_message(eve, message_id=posted.message_id, body="Mine.")
    with assert_refused(olympus, NotFound, field="message"):
        delete_message(eve, message_id=new_id())


def test_an_author_who_is_no_longer_cleared_changes_nothing(olympus):
    posted = olympus.says("grace", "titan", "Before.")
    olympus.knows("grace", {"clearance": "SECRET"})

    with assert_denied(olympus, Action.MESSAGE_READ, reason="membership_suspended"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body="After.")


def test_what_may_not_be_posted_is_not_made_of_a_message_either(olympus):
    posted = olympus.says("grace", "titan", "Harmless.", marking="CUI")
    decree(olympus, rule("no-secrets", "deny", "room:message:post", condition="resource.marking >= SECRET"))

    with assert_denied(olympus, Action.MESSAGE_POST, reason="rule_denies"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body="Secret.", marking="SECRET")


@pytest.mark.parametrize("body", ["  ", "\x00", "\u200b\u2060", "\ufe0f\n"])
def test_what_nobody_can_see_is_no_message(olympus, body):
    posted = olympus.says("grace", "titan", "Words.")

    with assert_refused(olympus, Invalid, field="body"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body=body)
    with assert_refused(olympus, Invalid, field="body"):
        olympus.says("grace", "titan", body)


def test_an_edit_stays_within_the_ceiling(olympus):
    posted = olympus.says("grace", "titan", "Words.")

    with assert_refused(olympus, Invalid, field="marking"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body="More.", marking="TOP_SECRET")


def test_what_is_taken_back_leaves_a_tombstone_and_no_words_anywhere(olympus):
    grace = olympus.actor("grace")
    posted = olympus.says("grace", "titan", "Wrong room. @ada")
    edit_message(grace, message_id=posted.message_id, body="Wrong room!")

    delete_message(grace, message_id=posted.message_id)

    message = row(olympus, posted.message_id)
    assert message.body_sealed is None
    assert (message.deleted_by_id, message.mentions, message.seq) == (grace.id, [], posted.seq)
    assert revisions(olympus, message) == [(0, None)]
    assert_audited(olympus, Event.MESSAGE_DELETED, grace, posted.message_id, author_id=grace.id)


def test_what_was_taken_back_is_neither_changed_nor_taken_back_again(olympus):
    posted = olympus.says("grace", "titan", "Gone.")
    delete_message(olympus.actor("grace"), message_id=posted.message_id)

    with assert_refused(olympus, Conflict, field="message"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body="Back.")
    with assert_refused(olympus, Conflict, field="message"):
        delete_message(olympus.actor("grace"), message_id=posted.message_id)


def test_a_moderator_takes_away_what_others_said_and_a_member_does_not(olympus):
    posted = olympus.says("ada", "titan", "Of the owner.")
    with assert_denied(olympus, Action.MESSAGE_DELETE):
        delete_message(olympus.actor("grace"), message_id=posted.message_id)

    set_member_role(
        olympus.actor("ada"),
        room_id=olympus.rooms["titan"].id,
        user_id=olympus.people["grace"].id,
        role=RoomRole.MODERATOR,
    )
    delete_message(olympus.actor("grace"), message_id=posted.message_id)

    assert row(olympus, posted.message_id).deleted_by_id == olympus.people["grace"].id
    assert_audited(olympus, Event.MESSAGE_DELETED, olympus.actor("grace"), author_id=olympus.people["ada"].id)


def test_in_an_archived_room_words_stay_as_they_are(olympus):
    posted = olympus.says("grace", "titan", "Final.")
    archive_room(olympus.actor("ada"), room_id=olympus.rooms["titan"].id)

    with assert_refused(olympus, Conflict, field="room"):
        edit_message(olympus.actor("grace"), message_id=posted.message_id, body="Not final.")


def test_a_body_that_was_moved_or_tampered_with_does_not_open(olympus):
    """It is bound to its message, author, revision and marking (R19)."""
    one = row(olympus, olympus.says("grace", "titan", "One.").message_id)
    two = row(olympus, olympus.says("grace", "titan", "Two.").message_id)
    with olympus.inside():
        Message.objects.filter(id=two.id).update(body_sealed=one.body_sealed)
        moved = Message.objects.get(id=two.id)
        Message.objects.filter(id=one.id).update(marking="UNCLASSIFIED")
        relabelled = Message.objects.get(id=one.id)

        opened = open_bodies([(place_of(one), bytes(one.body_sealed)) for one in (moved, relabelled)])

    assert opened == [None, None]


def test_a_refused_post_leaves_no_trace_of_a_thread_either(olympus):
    posted = olympus.says("grace", "titan", "Root.")

    with unchanged(olympus), pytest.raises(Invalid):
        olympus.says("grace", "titan", "Reply.", reply_to=posted.message_id, marking="TOP_SECRET")


def test_parts_are_what_was_said_under_its_marking(olympus):
    posted = olympus.says("grace", "titan", "# Heading\n\nand *words*")

    assert posted.parts == (Part("SECRET", "# Heading\n\nand *words*"),)


def test_who_may_not_change_a_message_keeps_nobody_waiting(olympus):
    posted = olympus.says("grace", "titan", "Mine.")

    with sent() as heard, assert_denied(olympus, Action.MESSAGE_EDIT):
        edit_message(olympus.actor("ada"), message_id=posted.message_id, body="Yours.")

    assert not [one for one in heard if 'from "rooms_message"' in one.lower() and "for no key update" in one.lower()]
