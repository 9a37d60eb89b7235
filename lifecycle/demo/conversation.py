"""Opens a room of the scenario and lets its story happen in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from lifecycle.demo import SIGN_IN_AS
from lifecycle.demo.rooms import Plan
from lifecycle.demo.script import Line, on_the_wall
from lifecycle.demo.staff import Staff
from rooms import mentions
from rooms.actions.importing import PastMessage, import_messages
from rooms.actions.members import add_member
from rooms.actions.messages import delete_message, edit_message, post_message
from rooms.actions.reading import keep_room, mark_read
from rooms.actions.rooms import create_room, open_direct, set_requirement
from rooms.models import Room, RoomKind, Thread
from rooms.posting import Post
from tenancy.actor import new_id

_NAMESPACE = UUID("0e0d5c0a-9a3e-5d39-8f0f-5b8c0c0f6c11")


def open_room(staff: Staff, plan: Plan, last_day: datetime) -> Room:
    """The room with its people, each judged on the way in."""
    first, *others = plan.people
    if plan.kind in (RoomKind.DIRECT, RoomKind.GROUP):
        return open_direct(
            staff.actor(first), people=[staff.ids[username] for username in others], marking=plan.marking
        )
    topic = on_the_wall(plan.topic, last_day)
    room = create_room(staff.actor(first), kind=plan.kind, name=plan.story, topic=topic, marking=plan.marking)
    if plan.governed:
        room = set_requirement(staff.officer, room_id=room.id, requirement=plan.requirement, named=plan.named)
    for username in others:
        add_member(staff.actor(first), room_id=room.id, user_id=staff.ids[username])
    return room


@dataclass(slots=True)
class Conversation:
    """The story of one room on its way into it."""

    staff: Staff
    plan: Plan
    room: Room
    lines: Sequence[Line]

    def tell(self, last_day: datetime) -> None:
        """What was said on the days before, brought in by the owner, and what has become of it since."""
        past = sorted((line for line in self.lines if not line.live), key=lambda line: line.moment(last_day))
        keys = {id(line): uuid5(_NAMESPACE, f"{self.plan.story}:{number}") for number, line in enumerate(past)}
        brought = import_messages(
            self.staff.owner,
            room_id=self.room.id,
            import_id=uuid5(_NAMESPACE, self.plan.story),
            messages=[self._past(line, keys, last_day) for line in past],
        )
        told = [_Told(line, brought.ids[keys[id(line)]], line.moment(last_day)) for line in past]
        for one in told:
            self._reconsider(one, last_day)
        for username in self.plan.people:
            if username in SIGN_IN_AS:
                self._read(username, told)
        for username in {*self.plan.favourite_of, *self.plan.muted_by}:
            keep_room(
                self.staff.actor(username),
                room_id=self.room.id,
                favourite=username in self.plan.favourite_of,
                muted=username in self.plan.muted_by,
            )

    def go_on(self) -> None:
        """What is said now, by whoever says it, judged like anything that is said."""
        for line in self.lines:
            if line.live:
                author = self.staff.actor(line.author)
                post_message(author, post=Post(author, self.room.id, new_id(), "\n".join(line.words), line.marking))

    def _past(self, line: Line, keys: Mapping[int, UUID], last_day: datetime) -> PastMessage:
        body = line.text(last_day)
        call = mentions.Call(self.staff.actor(line.author), self.room.id, mentions.written_in(body))
        return PastMessage(
            sender_id=self.staff.ids[line.author],
            client_message_id=keys[id(line)],
            at=line.moment(last_day),
            body=body,
            marking=line.marking,
            reply_to=keys[id(line.answers)] if line.answers else None,
            mentions=mentions.find([call])[0].people,
            reactions=tuple((self.staff.ids[username], emoji) for emoji, username in line.reactions),
        )

    def _reconsider(self, told: "_Told", last_day: datetime) -> None:
        author = self.staff.actor(told.line.author)
        if told.line.changed_to:
            edit_message(author, message_id=told.id, body=on_the_wall(told.line.changed_to, last_day))
        if told.line.taken_back:
            delete_message(author, message_id=told.id)

    def _read(self, username: str, told: Sequence["_Told"]) -> None:
        """The person has read up to a message that the plan says, and up to the same moment in every thread."""
        spoken = [one for one in told if one.line.answers is None]
        last = spoken[-1 - self.plan.unread.get(username, 0)]
        until = last.at if last is not spoken[-1] else told[-1].at
        reader = self.staff.actor(username)
        mark_read(reader, room_id=self.room.id, message_id=last.id)
        threads = dict(Thread.objects.filter(room=self.room).values_list("root_id", "id"))
        for root in spoken:
            answers = [one for one in told if one.line.answers is root.line]
            seen = [one for one in answers if one.at <= until]
            if seen and username in {root.line.author, *(one.line.author for one in answers)}:
                mark_read(reader, room_id=self.room.id, message_id=seen[-1].id, thread_id=threads[root.id])


@dataclass(frozen=True, slots=True)
class _Told:
    """A message of the past that is in the room now."""

    line: Line
    id: UUID
    at: datetime
