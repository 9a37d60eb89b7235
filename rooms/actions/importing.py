"""What was said elsewhere or before, brought into a room under its own author and time, a batch in each commit.

An import speaks for nobody: every message names its author, and the record says who brought it in, when and how much.
Doing it again changes nothing, so that an import which was stopped anywhere simply goes on.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.access import active_user_ids
from audit.events import Event
from audit.log import Target, record
from keys import envelope
from policy import pep
from policy.catalogue import Action, RoomRole
from policy.types import Decision, Question
from rooms import news, store
from rooms.access import access_room, room_resource
from rooms.actions.drafting import marking_for, refuse_if_archived
from rooms.actions.members import candidate, tell_member
from rooms.models import Membership, Message, Reaction, Room, Thread, ThreadFollow
from rooms.sealing import BodyPlace, Part, seal_bodies, seal_title, thread_title
from tenancy.actor import Actor, new_id
from tenancy.errors import NotFound

SOURCE = "import"
"""Where a membership comes from that an import derived."""


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message with its own author and time; `client_message_id` is the same whenever it is brought in.

    `topic` puts it into the thread of that title, `reply_to` into the thread under the message of that client id, which
    comes in the same batch or came before. `origin` is what tells a repeat from a message that has changed at its
    source; the body itself, if there is nothing better.
    """

    sender_id: UUID
    client_message_id: UUID
    at: datetime
    body: str
    marking: str | None = None
    topic: str = ""
    reply_to: UUID | None = None
    also_to_room: bool = False
    mentions: tuple[UUID, ...] = ()
    reactions: tuple[tuple[UUID, str], ...] = ()
    """Who reacted, and with what."""
    origin: bytes = b""

    @property
    def key(self) -> tuple[UUID, UUID]:
        return (self.sender_id, self.client_message_id)


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a batch; `ids` are the messages that are here now, by client id."""

    stored: int = 0
    standing: int = 0
    changed: int = 0
    """Messages that are here, but say something else at their source now; they stay as they are."""
    threads: int = 0
    ids: Mapping[UUID, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of the memberships that an import derived."""

    added: int = 0
    standing: int = 0
    refused: int = 0


def standing_messages(workspace_id: UUID, keys: Sequence[tuple[UUID, UUID, bytes]]) -> dict[UUID, bool]:
    """Which of these (author, client id, origin) are here already, and whether with the same origin; by client id."""
    before = store.repeats([(sender_id, client_id) for sender_id, client_id, _origin in keys])
    return {
        client_id: before[sender_id, client_id].body_mac == _mac(workspace_id, client_id, origin)
        for sender_id, client_id, origin in keys
        if (sender_id, client_id) in before
    }


def _mac(workspace_id: UUID, client_message_id: UUID, origin: bytes) -> bytes:
    return envelope.body_mac(workspace_id, client_message_id.bytes + origin)


@pep.performs(Action.ARCHIVE_IMPORT)
def import_members(actor: Actor, *, room_id: UUID, user_ids: Collection[UUID]) -> Admitted:
    """Take these people in, each judged on what the room requires; whoever ever was in the room is left as they are.

    It voids no lease, as `admit` does not: two imports that bump what both of them hold would wait for each other.
    """
    room = access_room(actor, room_id, Action.ARCHIVE_IMPORT)

    refuse_if_archived(room)
    known = Membership.objects.filter(room=room, user_id__in=list(user_ids)).values_list("user_id", flat=True)
    wanted = sorted(set(user_ids) - set(known))
    decisions = _held_by(actor, room, wanted)
    admitted = [user_id for user_id in wanted if decisions[user_id].permits]
    answer = Admitted(len(admitted), len(set(user_ids)) - len(wanted), len(wanted) - len(admitted))
    if not admitted:
        raise pep.NothingChanged(answer)

    Membership.objects.bulk_create(
        Membership(workspace_id=room.workspace_id, room=room, user_id=user_id, sources=[SOURCE]) for user_id in admitted
    )

    for user_id in admitted:
        record(
            Event.MEMBER_ADDED,
            actor,
            target=Target("room", room.id, room.id),
            user_id=user_id,
            role=RoomRole.MEMBER,
            source=SOURCE,
            decision_id=decisions[user_id].id,
        )
    for user_id in admitted:
        tell_member(room, user_id, "joined", "person")
    return answer


def _held_by(actor: Actor, room: Room, user_ids: Sequence[UUID]) -> dict[UUID, Decision]:
    """Add-time validation of many at once (PO-9)."""
    asked = [
        Question(candidate(actor, user_id), Action.MEMBER_HOLD, room_resource(room.id), asker=actor)
        for user_id in user_ids
    ]
    return dict(zip(user_ids, pep.decide_many(asked), strict=True))


@pep.performs(Action.ARCHIVE_IMPORT)
def import_messages(actor: Actor, *, room_id: UUID, import_id: UUID, messages: Sequence[PastMessage]) -> Imported:
    """Store these messages in the order given; one that is here already is not stored again (R20)."""
    access_room(actor, room_id, Action.ARCHIVE_IMPORT)
    room = Room.objects.select_for_update(no_key=True).get(id=room_id)

    refuse_if_archived(room)
    before = store.repeats([message.key for message in messages])
    fresh = [message for message in messages if message.key not in before]
    same = sum(before[one.key].body_mac == _origin_mac(room, one) for one in messages if one.key in before)
    ids = {client_id: repeat.id for (_sender, client_id), repeat in before.items()}
    if not fresh:
        raise pep.NothingChanged(Imported(0, same, len(messages) - same, 0, ids))

    fresh_ids = {message.client_message_id: new_id() for message in fresh}
    threads = _Threads.of(actor, room, fresh, fresh_ids)
    rows = _rows(room, fresh, fresh_ids, threads)
    places = store.append_messages(room.workspace_id, rows)
    _react(room, rows, fresh)
    threads.count(rows, places)

    record(
        Event.MESSAGES_IMPORTED,
        actor,
        target=Target("room", room.id, room.id),
        import_id=import_id,
        counts={"messages": len(rows), "first_seq": places[rows[0].id], "last_seq": places[rows[-1].id]},
        digest=_digest(rows),
    )
    news.tell(news.RoomChanged(workspace_id=room.workspace_id, room_id=room.id))
    ids |= {row.client_message_id: row.id for row in rows}
    return Imported(len(rows), same, len(messages) - len(fresh) - same, threads.opened, ids)


def _origin_mac(room: Room, message: PastMessage) -> bytes:
    return _mac(room.workspace_id, message.client_message_id, message.origin or message.body.encode())


def _rows(
    room: Room, messages: Sequence[PastMessage], ids: Mapping[UUID, UUID], threads: "_Threads"
) -> list[store.NewMessage]:
    markings = [marking_for(room, message.marking) for message in messages]
    places = [
        BodyPlace(room.workspace_id, room.id, ids[message.client_message_id], message.sender_id, 0, marking)
        for message, marking in zip(messages, markings, strict=True)
    ]
    parts = [(Part(marking, message.body),) for message, marking in zip(messages, markings, strict=True)]
    sealed = seal_bodies(list(zip(places, parts, strict=True)))
    return [
        store.NewMessage(
            id=place.message_id,
            room_id=room.id,
            sender_id=message.sender_id,
            client_message_id=message.client_message_id,
            body_mac=_origin_mac(room, message),
            body_sealed=body,
            marking=place.marking,
            thread_id=threads.thread_of(message),
            also_to_room=message.also_to_room,
            mentions=sorted(set(message.mentions)),
            mentions_room=False,
            at=message.at,
        )
        for message, place, body in zip(messages, places, sealed, strict=True)
    ]


def _react(room: Room, rows: Sequence[store.NewMessage], messages: Sequence[PastMessage]) -> None:
    Reaction.objects.bulk_create(
        Reaction(workspace_id=room.workspace_id, message_id=row.id, user_id=user_id, emoji=emoji)
        for row, message in zip(rows, messages, strict=True)
        for user_id, emoji in message.reactions
    )


def _digest(rows: Sequence[store.NewMessage]) -> bytes:
    """Binds the record to what was stored: over each message's id and the hash of its sealed body, in order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(row.id.bytes + hashlib.sha256(row.body_sealed).digest())
    return whole.digest()


@dataclass(slots=True)
class _Threads:
    """The threads of one batch: found or opened first, counted once at the end."""

    room: Room
    by_title: dict[str | None, Thread]
    by_root: dict[UUID, Thread]
    """By the client id of the message that is answered."""
    follows: set[tuple[UUID, UUID]]
    opened: int

    @classmethod
    def of(cls, actor: Actor, room: Room, messages: Sequence[PastMessage], ids: Mapping[UUID, UUID]) -> "_Threads":
        """Every thread that these messages belong to, opened where it has never been; `ids` are those of the batch."""
        titles = sorted({message.topic for message in messages} - {""})
        by_title = {thread_title(thread): thread for thread in _titled(room, titles)}
        fresh: dict[str | None, Thread] = {title: _new_titled(room, title) for title in titles if title not in by_title}
        roots = _roots(room, messages, ids)
        by_root = {thread.root_id: thread for thread in _hanging(room, [root.id for root in roots.values()])}
        under = {root.id: _new_under(room, root.id) for root in roots.values() if root.id not in by_root}
        opened = [*fresh.values(), *under.values()]
        Thread.objects.bulk_create(opened)
        for thread in opened:
            record(Event.THREAD_CREATED, actor, target=Target("thread", thread.id, room.id), thread_id=thread.id)
        hanging = by_root | under
        return cls(
            room=room,
            by_title=by_title | fresh,
            by_root={client_id: hanging[root.id] for client_id, root in roots.items()},
            follows={(under[root.id].id, root.sender_id) for root in roots.values() if root.id in under},
            opened=len(opened),
        )

    def thread_of(self, message: PastMessage) -> UUID | None:
        if message.topic:
            return self.by_title[message.topic].id
        return self.by_root[message.reply_to].id if message.reply_to else None

    def count(self, rows: Sequence[store.NewMessage], places: Mapping[UUID, int]) -> None:
        """Bring counters, participants and followers up to date; who cannot sign in follows nothing."""
        counted = Counter(row.thread_id for row in rows if row.thread_id is not None)
        threads = {one.id: one for one in Thread.objects.filter(id__in=counted).order_by("id").select_for_update()}
        for row in rows:
            thread = threads.get(row.thread_id) if row.thread_id else None
            if thread is None:
                continue
            thread.replies += 1
            thread.last_seq = places[row.id]
            thread.last_at = max(thread.last_at or row.at, row.at)
            if row.sender_id not in thread.participants:
                thread.participants.append(row.sender_id)
            self.follows.add((thread.id, row.sender_id))
        store.count_threads(threads.values())
        self._follow()

    def _follow(self) -> None:
        readers = active_user_ids(user_id for _thread_id, user_id in self.follows)
        ThreadFollow.objects.bulk_create(
            [
                ThreadFollow(workspace_id=self.room.workspace_id, thread_id=thread_id, user_id=user_id)
                for thread_id, user_id in sorted(self.follows)
                if user_id in readers
            ],
            ignore_conflicts=True,
        )


@dataclass(frozen=True, slots=True)
class _Root:
    """A message that is answered."""

    id: UUID
    sender_id: UUID


def _roots(room: Room, messages: Sequence[PastMessage], ids: Mapping[UUID, UUID]) -> dict[UUID, _Root]:
    """The messages that are answered, by client id."""
    wanted = {message.reply_to for message in messages if message.reply_to}
    here = {
        message.client_message_id: _Root(ids[message.client_message_id], message.sender_id)
        for message in messages
        if message.client_message_id in wanted
    }
    standing = Message.objects.filter(room=room, client_message_id__in=list(wanted - here.keys()))
    earlier = {row.client_message_id: _Root(row.id, row.sender_id) for row in standing}
    if len(here) + len(earlier) != len(wanted):
        raise NotFound(_("The message you reply to is not in this room."), field="reply_to")
    return here | earlier


def _titled(room: Room, titles: Sequence[str]) -> QuerySet[Thread]:
    return Thread.objects.filter(room=room, title_hash__in=[_title_hash(room, title) for title in titles])


def _hanging(room: Room, root_ids: Sequence[UUID]) -> QuerySet[Thread]:
    return Thread.objects.filter(room=room, root_id__in=root_ids)


def _title_hash(room: Room, title: str) -> bytes:
    """Titles count as they are written: topics that differ in case alone are two."""
    return envelope.lookup_hash(room.workspace_id, "thread-title", title)


def _new_titled(room: Room, title: str) -> Thread:
    thread = Thread(workspace_id=room.workspace_id, room=room, title_hash=_title_hash(room, title))
    thread.title_sealed = seal_title(thread, title)
    return thread


def _new_under(room: Room, root_id: UUID) -> Thread:
    return Thread(workspace_id=room.workspace_id, room=room, root_id=root_id)
