"""Threads: opened by the first reply, counted with every further one; a whole batch costs what one reply costs."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.types import Question
from rooms.access import room_resource
from rooms.models import Message, Thread, ThreadFollow
from rooms.posting import Post, Posted
from rooms.sight import asked_of_seeing, shows
from tenancy.actor import ActorKey
from tenancy.errors import NotFound

Eyes = tuple[ActorKey, UUID, str]


@dataclass(slots=True)
class _Known:
    """What is there to be answered, and whose eyes it is for."""

    messages: dict[UUID, Message]
    threads: dict[UUID, Thread]
    by_root: dict[UUID, Thread] = field(default_factory=dict)
    seeing: set[Eyes] = field(default_factory=set)

    def thread_of(self, target: Message) -> Thread | None:
        """The thread that a reply to this message belongs to, or None where it would be the first."""
        if target.thread_id is not None:
            return self.threads[target.thread_id]
        return self.by_root.get(target.id)

    def root_of(self, thread: Thread | None) -> Message | None:
        return self.messages.get(thread.root_id) if thread is not None and thread.root_id else None


def threads_for(replies: Sequence[Post]) -> list[UUID | NotFound]:
    """The thread that each reply belongs to, opened where it is the first to a message.

    What is not in the room is not found, and neither is what is withheld from the author.
    """
    if not replies:
        return []
    known = _known(replies)
    found = [_answered(reply, known) for reply in replies]
    first = {
        target.id: (reply, target)
        for reply, target in reversed(list(zip(replies, found, strict=True)))
        if isinstance(target, Message)
    }
    opened = _open(first) if first else {}
    return [opened[one.id] if isinstance(one, Message) else one for one in found]


def _known(replies: Sequence[Post]) -> _Known:
    targets = Message.objects.in_bulk({reply.reply_to for reply in replies if reply.reply_to is not None})
    wanted = {reply.thread_id for reply in replies} | {target.thread_id for target in targets.values()}
    rows = Thread.objects.filter(Q(id__in=wanted - {None}) | Q(root_id__in=targets.keys()))
    threads = {thread.id: thread for thread in rows}
    by_root = {thread.root_id: thread for thread in threads.values() if thread.root_id is not None}
    roots = Message.objects.in_bulk(by_root.keys() - targets.keys())
    known = _Known(targets | roots, threads, by_root)
    known.seeing = _seeing(replies, known)
    return known


def _seeing(replies: Sequence[Post], known: _Known) -> set[Eyes]:
    """Which markings the authors may see where they answer: the question that a page of the room asks for them."""
    wanted = {
        (reply.actor.key, message.room_id, message.marking): reply.actor
        for reply in replies
        for message in _above(reply, known)
    }
    actions = asked_of_seeing(replies[0].actor.workspace_id) if wanted else ()
    asked = [
        (eyes, Question(actor, action, room_resource(eyes[1], marking=eyes[2])))
        for eyes, actor in wanted.items()
        for action in actions
    ]
    answers = pep.decide_many([question for _eyes, question in asked])
    return wanted.keys() - {eyes for (eyes, _q), answer in zip(asked, answers, strict=True) if not shows(answer)}


def _above(reply: Post, known: _Known) -> list[Message]:
    """The messages of the room that a reply hangs under: the one it answers and the root of the thread."""
    target = known.messages.get(reply.reply_to) if reply.reply_to and not reply.thread_id else None
    thread = known.thread_of(target) if target else known.threads.get(reply.thread_id) if reply.thread_id else None
    above = {one.id: one for one in (target, known.root_of(thread)) if one is not None}
    return [message for message in above.values() if message.room_id == reply.room_id]


def _answered(reply: Post, known: _Known) -> UUID | Message | NotFound:
    """The thread, or the message that has none yet."""
    hidden = any((reply.actor.key, one.room_id, one.marking) not in known.seeing for one in _above(reply, known))
    if reply.thread_id is not None:
        thread = known.threads.get(reply.thread_id)
        if hidden or thread is None or thread.room_id != reply.room_id:
            return NotFound(_("This thread is not in this room."), field="thread")
        return thread.id
    target = known.messages.get(reply.reply_to) if reply.reply_to else None
    if hidden or target is None or target.room_id != reply.room_id:
        return NotFound(_("The message you reply to is not in this room."), field="reply_to")
    thread = known.thread_of(target)
    return target if thread is None else thread.id


def _open(first: Mapping[UUID, tuple[Post, Message]]) -> dict[UUID, UUID]:
    """Threads under these messages, by root; where somebody else was faster, that thread."""
    roots = sorted(first)
    made = {
        root: Thread(workspace_id=target.workspace_id, room_id=target.room_id, root_id=root)
        for root, target in ((root, first[root][1]) for root in roots)
    }
    Thread.objects.bulk_create(made.values(), ignore_conflicts=True)
    threads = {
        root: thread_id
        for root, thread_id in Thread.objects.filter(root_id__in=roots).values_list("root_id", "id")
        if root is not None
    }
    own = {root: thread for root, thread in made.items() if threads[root] == thread.id}
    ThreadFollow.objects.bulk_create(
        ThreadFollow(workspace_id=thread.workspace_id, thread=thread, user_id=first[root][1].sender_id)
        for root, thread in own.items()
    )
    for root, thread in own.items():
        target = Target("thread", thread.id, thread.room_id)
        record(Event.THREAD_CREATED, first[root][0].actor, target=target, thread_id=thread.id)
    return threads


def count_replies(posted: Collection[Posted]) -> None:
    """Bring the threads' counters, participants and followers up to date with these replies; threads locked in
    one order.
    """
    replies: dict[UUID, list[Posted]] = defaultdict(list)
    for one in posted:
        if one.thread_id is not None:
            replies[one.thread_id].append(one)
    if not replies:
        return
    threads = list(Thread.objects.filter(id__in=replies).order_by("id").select_for_update(no_key=True))
    for thread in threads:
        _count(thread, replies[thread.id])
    Thread.objects.bulk_update(threads, ["replies", "last_seq", "last_at", "participants"])
    ThreadFollow.objects.bulk_create(
        [
            ThreadFollow(workspace_id=thread.workspace_id, thread=thread, user_id=sender)
            for thread in threads
            for sender in sorted({reply.sender_id for reply in replies[thread.id]})
        ],
        ignore_conflicts=True,
    )


def _count(thread: Thread, replies: Sequence[Posted]) -> None:
    thread.participants = list(dict.fromkeys([*thread.participants, *(reply.sender_id for reply in replies)]))
    thread.replies += len(replies)
    thread.last_seq = max(reply.seq for reply in replies)
    thread.last_at = max(reply.at for reply in replies)
