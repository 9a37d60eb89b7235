"""Messages as they rest, opened and put together: rows in, states out, few queries for a whole page."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from rooms.models import Message, Reaction, Thread
from rooms.sealing import Part, open_bodies, place_of, thread_title
from rooms.views import MessageState, ReactionView, ThreadSummary, stamp

FIRST_PEOPLE = 50


def states_of(messages: Sequence[Message]) -> list[MessageState]:
    """The messages opened, with their reactions and threads; one whose key is gone is kept and marked unreadable."""
    parts = _parts(messages)
    reactions = _reactions([message.id for message in messages])
    threads = _threads([message.id for message in messages])
    return [
        MessageState(
            workspace_id=message.workspace_id,
            id=message.id,
            room_id=message.room_id,
            seq=message.seq,
            changed_seq=message.changed_seq,
            client_message_id=message.client_message_id,
            sender_id=message.sender_id,
            at=message.at,
            marking=message.marking,
            parts=parts[message.id] or (),
            readable=parts[message.id] is not None,
            revision=message.revision,
            edited_at=message.edited_at,
            deleted_at=message.deleted_at,
            deleted_by_id=message.deleted_by_id,
            mentions=tuple(message.mentions),
            mentions_room=message.mentions_room,
            reactions=reactions.get(message.id, ()),
            thread=threads.get(message.id),
            in_thread=message.thread_id,
            also_to_room=message.also_to_room,
        )
        for message in messages
    ]


def _parts(messages: Sequence[Message]) -> dict[UUID, tuple[Part, ...] | None]:
    parts: dict[UUID, tuple[Part, ...] | None] = {message.id: () for message in messages}
    sealed = {
        message.id: (place_of(message), bytes(message.body_sealed))
        for message in messages
        if message.body_sealed is not None and message.deleted_at is None
    }
    return parts | dict(zip(sealed, open_bodies(list(sealed.values())), strict=True))


def _reactions(message_ids: Sequence[UUID]) -> dict[UUID, tuple[ReactionView, ...]]:
    people: dict[UUID, dict[str, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    rows = Reaction.objects.filter(message_id__in=message_ids).order_by("at", "id")
    for message_id, emoji, user_id in rows.values_list("message_id", "emoji", "user_id"):
        people[message_id][emoji].append(user_id)
    return {
        message_id: tuple(ReactionView(emoji, len(who), who[:FIRST_PEOPLE]) for emoji, who in kinds.items())
        for message_id, kinds in people.items()
    }


def _threads(root_ids: Sequence[UUID]) -> dict[UUID, ThreadSummary]:
    return {
        thread.root_id: summary_of(thread)
        for thread in Thread.objects.filter(root_id__in=root_ids)
        if thread.root_id is not None
    }


def summary_of(thread: Thread) -> ThreadSummary:
    return ThreadSummary(
        thread.id, thread_title(thread), thread.replies, stamp(thread.last_at), thread.participants[:FIRST_PEOPLE]
    )
