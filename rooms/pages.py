"""Pages of rooms and threads by place, never by offset; each is a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from rooms.access import no_message
from rooms.frames import CHANGES
from rooms.models import Message, ReadMark, Room, Thread, ThreadFollow

THREADS = 30


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, the oldest first."""

    messages: list[Message]
    more_before: bool
    more_after: bool


def page_of(
    room: Room, *, before: int | None = None, after: int | None = None, around: UUID | None = None, limit: int
) -> Page:
    """A page of what is said in the room itself: the newest, or before, after or around a place."""
    spoken = _spoken(room.id)
    if around is not None:
        return _around(spoken, around, limit)
    if after is not None:
        rows = list(spoken.filter(seq__gt=after).order_by("seq")[: limit + 1])
        return Page(rows[:limit], more_before=True, more_after=len(rows) > limit)
    older = spoken if before is None else spoken.filter(seq__lt=before)
    rows = list(older.order_by("-seq")[: limit + 1])
    return Page(rows[:limit][::-1], more_before=len(rows) > limit, more_after=before is not None)


def _spoken(room_id: UUID) -> QuerySet[Message]:
    return Message.objects.filter(Q(thread=None) | Q(also_to_room=True), room_id=room_id)


def _around(spoken: QuerySet[Message], message_id: UUID, limit: int) -> Page:
    seq = spoken.filter(id=message_id).values_list("seq", flat=True).first()
    if seq is None:
        raise no_message()
    half = limit // 2
    older = list(spoken.filter(seq__lt=seq).order_by("-seq")[: half + 1])
    newer = list(spoken.filter(seq__gte=seq).order_by("seq")[: limit - half + 1])
    return Page(
        [*older[:half][::-1], *newer[: limit - half]],
        more_before=len(older) > half,
        more_after=len(newer) > limit - half,
    )


def changes(room_id: UUID, after: int) -> list[Message] | None:
    """Everything created or changed after a place, or None when it is so much that starting afresh is better."""
    rows = list(Message.objects.filter(room_id=room_id, changed_seq__gt=after).order_by("changed_seq")[: CHANGES + 1])
    return rows if len(rows) <= CHANGES else None


def first_unread(room_id: UUID, user_id: UUID) -> UUID | None:
    """The first message of others after the reader's mark."""
    marks = ReadMark.objects.filter(room_id=room_id, user_id=user_id, thread=None)
    mark = marks.values_list("seq", flat=True).first() or 0
    unread = _spoken(room_id).filter(seq__gt=mark, deleted_at=None).exclude(sender_id=user_id)
    return unread.order_by("seq").values_list("id", flat=True).first()


def thread_page(thread: Thread, *, before: int | None, limit: int) -> Page:
    replies = Message.objects.filter(thread=thread)
    if before is not None:
        replies = replies.filter(seq__lt=before)
    rows = list(replies.order_by("-seq")[: limit + 1])
    return Page(rows[:limit][::-1], more_before=len(rows) > limit, more_after=before is not None)


def roots_of(threads: Sequence[Thread]) -> list[Message]:
    return list(Message.objects.filter(id__in=[thread.root_id for thread in threads if thread.root_id]))


def threads_of_room(room_id: UUID, *, before: int | None) -> list[Thread]:
    threads = Thread.objects.filter(room_id=room_id, replies__gt=0)
    if before is not None:
        threads = threads.filter(last_seq__lt=before)
    return list(threads.order_by("-last_seq")[:THREADS])


def followed_threads(user_id: UUID) -> list[Thread]:
    followed = ThreadFollow.objects.filter(user_id=user_id).values("thread_id")
    return list(Thread.objects.filter(id__in=followed).order_by("-last_at")[:THREADS])


def followed_among(thread_ids: Sequence[UUID], user_id: UUID) -> set[UUID]:
    """Those of the threads that the person follows."""
    held = ThreadFollow.objects.filter(thread_id__in=thread_ids, user_id=user_id)
    return set(held.values_list("thread_id", flat=True))
