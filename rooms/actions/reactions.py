"""Reactions: one of each kind for each person on each message."""

import re
import unicodedata
from uuid import UUID

from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action
from rooms.access import lock_message
from rooms.actions.drafting import refuse_if_archived
from rooms.actions.messages import next_place, tell_changed
from rooms.models import Message, Reaction, Room
from tenancy.actor import Actor
from tenancy.errors import Conflict, Invalid

MOST_KINDS = 20
LONGEST_EMOJI = 14
"""Code points of the longest one in use: a family with skin tones and joiners."""
JOINERS = frozenset("\u200d\ufe0f") | {chr(tag) for tag in range(0xE0020, 0xE0080)}
"""What holds an emoji together: joiner, variation, tags of flags (UTS #51). No other invisible sign."""
BESIDES = frozenset("\u203c\u2049") | {chr(tone) for tone in range(0x1F3FB, 0x1F400)}
"""Emoji that Unicode does not count as symbols, and skin tones."""
KEYCAP = re.compile("[#*0-9]\ufe0f?\u20e3")


@pep.performs(Action.MESSAGE_REACT)
def add_reaction(actor: Actor, *, message_id: UUID, emoji: str) -> Message:
    """React to a message; doing it twice changes nothing."""
    message = lock_message(actor, message_id, Action.MESSAGE_REACT)

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

    taken, _rows = Reaction.objects.filter(message=message, user_id=actor.id, emoji=emoji).delete()
    if not taken:
        raise pep.NothingChanged(message)
    _move(message)

    record(Event.REACTION_REMOVED, actor, target=Target("message", message.id, message.room_id))
    tell_changed(message)
    return message


def refuse_text(emoji: str) -> None:
    """A reaction is one emoji: words would lie readable in the table and go out with what is withheld (R21)."""
    if KEYCAP.fullmatch(emoji):
        return
    signs = set(emoji) - JOINERS
    if signs and len(emoji) <= LONGEST_EMOJI and all(map(_is_pictorial, signs)):
        return
    raise Invalid(_("A reaction is an emoji."), field="emoji", remedy=_("Reply in the thread to say more."))


def _is_pictorial(character: str) -> bool:
    return unicodedata.category(character) == "So" or character in BESIDES


def _refuse_too_many(message: Message, emoji: str) -> None:
    kinds = set(Reaction.objects.filter(message=message).values_list("emoji", flat=True).distinct())
    if len(kinds | {emoji}) > MOST_KINDS:
        raise Invalid(
            _("A message can have %(most)d kinds of reaction.") % {"most": MOST_KINDS},
            field="emoji",
            remedy=_("Use one that is there already."),
        )


def _move(message: Message) -> None:
    message.changed_seq = next_place(message.room_id)
    message.save(update_fields=["changed_seq"])
