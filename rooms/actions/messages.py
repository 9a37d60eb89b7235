"""Saying something, and changing one's mind about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from keys import envelope
from keys.format import framed
from policy import pep
from policy.catalogue import Action
from policy.types import AccessDenied
from policy.visible import says_nothing
from rooms import mentions, news, store
from rooms.access import lock_message, room_resource
from rooms.actions import judging, threads
from rooms.actions.drafting import Draft, drafted, marking_for, refuse_if_archived
from rooms.cursors import cursor_of
from rooms.models import Message, MessageRevision, Room
from rooms.posting import Outcome, Post, Posted
from rooms.sealing import Part, place_of, seal_bodies
from tenancy.actor import Actor
from tenancy.errors import Conflict, Invalid


def post_messages(actor: Actor, *, posts: Sequence[Post]) -> list[Outcome]:
    """Store a batch of sealed messages in one commit and tell the rooms; each succeeds or fails alone (PO-3, CH-2).

    What can be worked out of the bodies alone is worked out first, while no epoch is held.
    """
    return _post(actor, posts=posts, written=[mentions.written_in(post.body) for post in posts])


@pep.performs(Action.MESSAGE_POST)
def _post(actor: Actor, *, posts: Sequence[Post], written: Sequence[mentions.Written]) -> list[Outcome]:
    decisions = judging.judge_posts(posts)
    outcomes: list[Outcome | None] = [None if one.permits else AccessDenied(one) for one in decisions]

    waiting = (post for post, outcome in zip(posts, outcomes, strict=True) if outcome is None)
    repeats, rooms = store.look_up(waiting)
    echoes = _answer_repeats(posts, outcomes, repeats)
    drafts = drafted(posts, written, outcomes, rooms)
    if not drafts:
        _echo(outcomes, echoes)
        raise pep.NothingChanged(outcomes)

    posted = _store(actor.workspace_id, list(drafts.values()))

    for index, draft in drafts.items():
        record(
            Event.MESSAGE_POSTED,
            draft.post.actor,
            target=Target("message", draft.message_id, draft.room.id),
            digest=hashlib.sha256(draft.sealed).digest(),
            marking=draft.marking,
            thread_id=draft.thread_id,
            decision_id=decisions[index].id,
        )
        outcomes[index] = posted[draft.message_id]
    _echo(outcomes, echoes)

    return cast("list[Outcome]", outcomes)


def post_message(actor: Actor, *, post: Post) -> Posted:
    """One message, for doors that have only one: a batch of one, told to the rooms after the commit."""
    outcome = post_messages(actor, posts=[post])[0]
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.parts:
        news.tell(posted_news(actor.workspace_id, [outcome]))
    return outcome


def posted_news(workspace_id: UUID, posted: Sequence[Posted]) -> news.MessagesChanged:
    return news.MessagesChanged(
        workspace_id=workspace_id,
        room_id=posted[0].room_id,
        posted=True,
        message_ids=[one.message_id for one in posted],
        seqs=[one.seq for one in posted],
    )


def _answer_repeats(posts: Sequence[Post], outcomes: list[Outcome | None], repeats: store.Repeats) -> dict[int, int]:
    """A repeat gets its first ack again; the same client id with another body, marking or place is a conflict.

    Those that repeat a post of this very batch are given by place, with the place of that post.
    """
    first: dict[tuple[UUID, UUID], int] = {}
    echoes: dict[int, int] = {}
    for index, post in enumerate(posts):
        if outcomes[index] is not None:
            continue
        key = (post.actor.id, post.client_message_id)
        repeat = repeats.get(key)
        before = first.setdefault(key, index)
        if repeat is not None:
            outcomes[index] = _first_ack(post, repeat)
        elif before != index:
            outcomes[index] = _taken()
            if post.said == posts[before].said:
                echoes[index] = before
    return echoes


def _echo(outcomes: list[Outcome | None], echoes: Mapping[int, int]) -> None:
    """Equal posts of one batch are one message; nobody is told of it twice."""
    for index, before in echoes.items():
        outcome = outcomes[before]
        outcomes[index] = replace(outcome, prev="", parts=()) if isinstance(outcome, Posted) else outcome


def _taken() -> Conflict:
    return Conflict(
        _("Another message was already sent under this client id."),
        field="client_id",
        remedy=_("Use a fresh client id for each message."),
    )


def _first_ack(post: Post, repeat: store.Repeat) -> Outcome:
    if repeat.body_mac != _body_mac(post):
        return _taken()
    return Posted(
        message_id=repeat.id,
        room_id=repeat.room_id,
        seq=repeat.seq,
        sender_id=post.actor.id,
        client_message_id=post.client_message_id,
        marking=repeat.marking,
        at=repeat.at,
        cursor=cursor_of(post.actor.workspace_id, repeat.room_id, repeat.seq),
        thread_id=repeat.thread_id,
    )


def _body_mac(post: Post) -> bytes:
    said = b"".join(framed(str(one).encode()) for one in post.said)
    return envelope.body_mac(post.actor.workspace_id, post.client_message_id.bytes + said)


def _store(workspace_id: UUID, drafts: Sequence[Draft]) -> dict[UUID, Posted]:
    at = timezone.now()
    for draft, sealed in zip(drafts, seal_bodies([(draft.place, draft.parts) for draft in drafts]), strict=True):
        draft.sealed = sealed
    rows = [_row(draft, at) for draft in drafts]
    places = store.append_messages(workspace_id, rows)
    heads: dict[UUID, str] = {}
    posted = {}
    for draft, row in zip(drafts, rows, strict=True):
        seq = places[row.id]
        prev = heads.get(row.room_id) or cursor_of(workspace_id, row.room_id, seq - 1)
        posted[row.id] = _posted(draft, row, seq, prev)
        heads[row.room_id] = posted[row.id].cursor
    threads.count_replies([one for one in posted.values() if one.thread_id is not None])
    return posted


def _row(draft: Draft, at: datetime) -> store.NewMessage:
    post = draft.post
    return store.NewMessage(
        id=draft.message_id,
        room_id=draft.room.id,
        sender_id=post.actor.id,
        client_message_id=post.client_message_id,
        body_mac=_body_mac(post),
        body_sealed=draft.sealed,
        marking=draft.marking,
        thread_id=draft.thread_id,
        also_to_room=post.also_to_room,
        mentions=list(draft.mentioned.people),
        mentions_room=draft.mentioned.room,
        at=at,
    )


def _posted(draft: Draft, row: store.NewMessage, seq: int, prev: str) -> Posted:
    return Posted(
        message_id=row.id,
        room_id=row.room_id,
        seq=seq,
        sender_id=row.sender_id,
        client_message_id=row.client_message_id,
        marking=row.marking,
        at=row.at,
        cursor=cursor_of(draft.room.workspace_id, row.room_id, seq),
        prev=prev,
        parts=draft.parts,
        thread_id=row.thread_id,
        also_to_room=row.also_to_room,
        mentions=tuple(row.mentions),
        mentions_room=row.mentions_room,
    )


@pep.performs(Action.MESSAGE_EDIT)
def edit_message(actor: Actor, *, message_id: UUID, body: str, marking: str | None = None) -> Message:
    """Say it differently; what was said before is kept as a revision."""
    written = mentions.written_in(body)
    message = lock_message(actor, message_id, Action.MESSAGE_EDIT)

    room = Room.objects.get(id=message.room_id)
    refuse_if_archived(room)
    _refuse_if_deleted(message)
    if says_nothing(body):
        raise Invalid(_("There is nothing in this message."), field="body", remedy=_("Delete it instead."))
    new_marking = marking_for(room, marking or message.marking)
    mentions.refuse_too_many(written)
    mentioned = mentions.find([mentions.Call(actor, room.id, written)])[0]
    _enforce_as_if_new(actor, message, new_marking, mentioned)

    _keep_revision(message)
    sealed = _rewrite(message, body, new_marking, mentioned)

    record(
        Event.MESSAGE_EDITED,
        actor,
        target=Target("message", message.id, message.room_id),
        revision=message.revision,
        digest=hashlib.sha256(sealed).digest(),
        marking=message.marking,
    )
    tell_changed(message)
    return message


def _enforce_as_if_new(actor: Actor, message: Message, marking: str, mentioned: mentions.Mentioned) -> None:
    """What may not be posted may not be made of a message either."""
    pep.enforce(actor, Action.MESSAGE_POST, room_resource(message.room_id, marking=marking))
    if mentioned.room and not message.mentions_room:
        pep.enforce(actor, Action.MENTION_ROOM, room_resource(message.room_id))


def _refuse_if_deleted(message: Message) -> None:
    if message.deleted_at is not None:
        raise Conflict(_("This message has been deleted."), field="message")


def _keep_revision(message: Message) -> None:
    MessageRevision.objects.create(
        workspace_id=message.workspace_id,
        message=message,
        revision=message.revision,
        body_sealed=message.body_sealed,
        marking=message.marking,
        at=message.edited_at or message.at,
    )


def _rewrite(message: Message, body: str, marking: str, mentioned: mentions.Mentioned) -> bytes:
    message.revision += 1
    message.marking = marking
    message.edited_at = timezone.now()
    sealed = seal_bodies([(place_of(message), (Part(marking, body),))])[0]
    message.body_sealed = sealed
    message.mentions, message.mentions_room = list(mentioned.people), mentioned.room
    message.changed_seq = store.next_place(message.room_id)
    message.save(
        update_fields=[
            "revision",
            "marking",
            "edited_at",
            "body_sealed",
            "mentions",
            "mentions_room",
            "changed_seq",
        ]
    )
    return sealed


def tell_changed(message: Message) -> None:
    news.tell(
        news.MessagesChanged(
            workspace_id=message.workspace_id,
            room_id=message.room_id,
            posted=False,
            message_ids=[message.id],
            seqs=[message.changed_seq],
        )
    )


@pep.performs(Action.MESSAGE_DELETE)
def delete_message(actor: Actor, *, message_id: UUID) -> Message:
    """Take the words away, revisions included; a tombstone with time and author stays."""
    message = lock_message(actor, message_id, Action.MESSAGE_DELETE)

    _refuse_if_deleted(message)

    message.body_sealed = None
    message.deleted_at = timezone.now()
    message.deleted_by_id = actor.id
    message.mentions = []
    message.mentions_room = False
    message.changed_seq = store.next_place(message.room_id)
    message.save(
        update_fields=["body_sealed", "deleted_at", "deleted_by_id", "mentions", "mentions_room", "changed_seq"]
    )
    MessageRevision.objects.filter(message=message).update(body_sealed=None)

    record(
        Event.MESSAGE_DELETED,
        actor,
        target=Target("message", message.id, message.room_id),
        author_id=message.sender_id,
    )
    tell_changed(message)
    return message
