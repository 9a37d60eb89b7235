"""Threads: opened by the first reply, counted with every further one."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from rooms.models import Message, Room, Thread, ThreadFollow
from rooms.posting import Post, Posted
from tenancy.errors import NotFound


def thread_for(post: Post, room: Room) -> UUID | None:
    """The thread that a post belongs to, opened if it is the first reply to a message; None for the room itself."""
    if post.thread_id is not None:
        return _existing(post.thread_id, room).id
    if post.reply_to is not None:
        return _under(post, post.reply_to, room).id
    return None


def _existing(thread_id: UUID, room: Room) -> Thread:
    thread = Thread.objects.filter(id=thread_id, room=room).first()
    if thread is None:
        raise NotFound(_("This thread is not in this room."), field="thread")
    return thread


def _under(post: Post, reply_to: UUID, room: Room) -> Thread:
    root = Message.objects.filter(id=reply_to, room=room).first()
    if root is None:
        raise NotFound(_("The message you reply to is not in this room."), field="reply_to")
    if root.thread_id is not None:
        return Thread.objects.get(id=root.thread_id)

    thread, opened = Thread.objects.get_or_create(workspace_id=room.workspace_id, room=room, root_id=root.id)
    if opened:
        ThreadFollow.objects.create(workspace_id=room.workspace_id, thread=thread, user_id=root.sender_id)
        record(Event.THREAD_CREATED, post.actor, target=Target("thread", thread.id, room.id), thread_id=thread.id)
    return thread


def count_replies(posted: Sequence[Posted]) -> None:
    """Bring the threads' counters, participants and followers up to date with these replies; threads locked in
    one order.
    """
    replies: dict[UUID, list[Posted]] = defaultdict(list)
    for one in posted:
        if one.thread_id is not None:
            replies[one.thread_id].append(one)
    if not replies:
        return
    for thread in Thread.objects.filter(id__in=replies).order_by("id").select_for_update(no_key=True):
        _count(thread, replies[thread.id])


def _count(thread: Thread, replies: Sequence[Posted]) -> None:
    senders = list(dict.fromkeys([*thread.participants, *(reply.sender_id for reply in replies)]))
    thread.replies += len(replies)
    thread.last_seq = max(reply.seq for reply in replies)
    thread.last_at = max(reply.at for reply in replies)
    thread.participants = senders
    thread.save(update_fields=["replies", "last_seq", "last_at", "participants"])
    ThreadFollow.objects.bulk_create(
        [
            ThreadFollow(workspace_id=thread.workspace_id, thread=thread, user_id=sender)
            for sender in {reply.sender_id for reply in replies}
        ],
        ignore_conflicts=True,
    )
