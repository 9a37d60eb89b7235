"""Reactions: one of each kind for each person on each message."""

import re
from uuid import UUID

from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action
from rooms import store
from rooms.access import lock_message
from rooms.actions.drafting import refuse_if_archived
from rooms.actions.messages import tell_changed
from rooms.models import Message, Reaction, Room
from rooms.sight import refuse_withheld
from tenancy.actor import Actor
from tenancy.errors import Conflict, Invalid

MOST_KINDS = 20
LONGEST_EMOJI = 14
"""Code points of the longest one in use: a family with skin tones and joiners."""
_PICTURES = """
    00A9 00AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 24C2
    25AA-25AB 25B6 25C0 25FB-25FE 2600-2604 260E 2611 2614-2615 2618 261D 2620 2622-2623 2626 262A
    262E-262F 2638-263A 2640 2642 2648-2653 265F-2660 2663 2665-2666 2668 267B 267E-267F 2692-2697
    2699 269B-269C 26A0-26A1 26A7 26AA-26AB 26B0-26B1 26BD-26BE 26C4-26C5 26C8 26CE-26CF 26D1
    26D3-26D4 26E9-26EA 26F0-26F5 26F7-26FA 26FD 2702 2705 2708-270D 270F 2712 2714 2716 271D 2721
    2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2764 2795-2797 27A1 27B0 27BF 2934-2935
    2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F004 1F0CF 1F170-1F171 1F17E-1F17F 1F18E
    1F191-1F19A 1F201-1F202 1F21A 1F22F 1F232-1F23A 1F250-1F251 1F300-1F321 1F324-1F393 1F396-1F397
    1F399-1F39B 1F39E-1F3F0 1F3F3-1F3F5 1F3F7-1F4FD 1F4FF-1F53D 1F549-1F54E 1F550-1F567 1F56F-1F570
    1F573-1F57A 1F587 1F58A-1F58D 1F590 1F595-1F596 1F5A4-1F5A5 1F5A8 1F5B1-1F5B2 1F5BC 1F5C2-1F5C4
    1F5D1-1F5D3 1F5DC-1F5DE 1F5E1 1F5E3 1F5E8 1F5EF 1F5F3 1F5FA-1F64F 1F680-1F6C5 1F6CB-1F6D2
    1F6D5-1F6D8 1F6DC-1F6E5 1F6E9 1F6EB-1F6EC 1F6F0 1F6F3-1F6FC 1F7E0-1F7EB 1F7F0 1F90C-1F93A
    1F93C-1F945 1F947-1F9FF 1FA70-1FAFF
"""
"""What has Unicode's property Emoji, but for digits and the letters of flags; other signs may be letters in a ring."""


def _one_emoji() -> re.Pattern[str]:
    """One emoji as UTS #51 builds it: a keycap, a flag, or pictures joined; nothing unseen but the joiners."""
    pictures = "".join(re.sub("[0-9A-F]+", lambda found: chr(int(found[0], 16)), _PICTURES).split())
    element = f"[{pictures}](?:\ufe0f|[\U0001f3fb-\U0001f3ff]\ufe0f?)?"
    tags = ("".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls"))
    regions = "|".join(tags)
    return re.compile(
        "[#*0-9]\ufe0f?\u20e3"
        "|[\U0001f1e6-\U0001f1ff]{2}"
        f"|\U0001f3f4(?:{regions})\U000e007f"
        f"|{element}(?:\u200d{element})*"
    )


EMOJI = _one_emoji()


@pep.performs(Action.MESSAGE_REACT)
def add_reaction(actor: Actor, *, message_id: UUID, emoji: str) -> Message:
    """React to a message; doing it twice changes nothing."""
    message = lock_message(actor, message_id, Action.MESSAGE_REACT)

    refuse_withheld(actor, message)
    refuse_text(emoji)
    refuse_if_archived(Room.objects.get(id=message.room_id))
    if message.deleted_at is not None:
        raise Conflict(_("This message has been deleted."), field="message")
    _refuse_too_many(message, emoji)

    _reaction, is_new = Reaction.objects.get_or_create(
        workspace_id=message.workspace_id, message=message, user_id=actor.id, emoji=emoji
    )
    if not is_new:
        raise pep.NothingChanged(message)
    _move(message)

    record(Event.REACTION_ADDED, actor, target=Target("message", message.id, message.room_id))
    tell_changed(message)
    return message


@pep.performs(Action.MESSAGE_REACT)
def remove_reaction(actor: Actor, *, message_id: UUID, emoji: str) -> Message:
    """Take one's own reaction back."""
    message = lock_message(actor, message_id, Action.MESSAGE_REACT)

    refuse_withheld(actor, message)
    if "\x00" in emoji:
        raise Invalid(_("A reaction is an emoji."), field="emoji")

    taken, _rows = Reaction.objects.filter(message=message, user_id=actor.id, emoji=emoji).delete()
    if not taken:
        raise pep.NothingChanged(message)
    _move(message)

    record(Event.REACTION_REMOVED, actor, target=Target("message", message.id, message.room_id))
    tell_changed(message)
    return message


def refuse_text(emoji: str) -> None:
    """A reaction is one emoji: words would lie readable in the table and go out with what is withheld (R21)."""
    if len(emoji) > LONGEST_EMOJI or not EMOJI.fullmatch(emoji):
        raise Invalid(_("A reaction is an emoji."), field="emoji", remedy=_("Reply in the thread to say more."))


def _refuse_too_many(message: Message, emoji: str) -> None:
    kinds = set(Reaction.objects.filter(message=message).values_list("emoji", flat=True).distinct())
    if len(kinds | {emoji}) > MOST_KINDS:
        raise Invalid(
            _("A message can have %(most)d kinds of reaction.") % {"most": MOST_KINDS},
            field="emoji",
            remedy=_("Use one that is there already."),
        )


def _move(message: Message) -> None:
    message.changed_seq = store.next_place(message.room_id)
    message.save(update_fields=["changed_seq"])
