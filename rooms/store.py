"""The hot statements of the post path, in plain SQL on Django's own connection (R37). Rows only; no rule lives here.

COPY is refused on tables behind the wall, so batches go in by `INSERT .. SELECT unnest(..)`.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from rooms.models import Room, Thread
from rooms.posting import Post
from tenancy import statements


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One row to be written; its place in the room is given with the writing."""

    id: UUID
    room_id: UUID
    sender_id: UUID
    client_message_id: UUID
    body_mac: bytes
    body_sealed: bytes
    marking: str
    thread_id: UUID | None
    also_to_room: bool
    mentions: list[UUID]
    mentions_room: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Repeat:
    """A message that this sender has already posted under the same client id."""

    id: UUID
    room_id: UUID
    seq: int
    body_mac: bytes
    marking: str
    at: datetime
    thread_id: UUID | None


Repeats = Mapping[tuple[UUID, UUID], Repeat]

_REPEATS = """
select m.sender_id, m.client_message_id, m.id, m.room_id, m.seq, m.body_mac, m.marking, m.at, m.thread_id
  from rooms_message m
  join unnest(%b::uuid[], %b::uuid[]) as k (sender_id, client_message_id)
    on m.sender_id = k.sender_id and m.client_message_id = k.client_message_id
"""


def repeats(keys: Sequence[tuple[UUID, UUID]]) -> Repeats:
    """What was posted before under these (sender, client id) pairs (R20)."""
    rows = statements.rows(_REPEATS, [[sender for sender, _ in keys], [client for _, client in keys]])
    return {(row[0], row[1]): Repeat(*row[2:]) for row in rows}


_LOOK_UP = """
select k.sender_id, k.client_message_id, r.id, r.workspace_id, r.kind, r.state, r.marking,
       m.id, m.room_id, m.seq, m.body_mac, m.marking, m.at, m.thread_id
  from unnest(%b::uuid[], %b::uuid[], %b::uuid[]) as k (sender_id, client_message_id, room_id)
  join rooms_room r on r.id = k.room_id
  left join rooms_message m on m.sender_id = k.sender_id and m.client_message_id = k.client_message_id
"""
_OF_ROOM = ("id", "workspace_id", "kind", "state", "marking")


def look_up(posts: Iterable[Post]) -> tuple[Repeats, Mapping[UUID, Room]]:
    """What was posted before under the client ids of these posts, and their rooms as far as posting needs them."""
    keys = [(post.actor.id, post.client_message_id, post.room_id) for post in posts]
    before: dict[tuple[UUID, UUID], Repeat] = {}
    rooms: dict[UUID, Room] = {}
    for sender, client, *row in (
        statements.rows(_LOOK_UP, [list(column) for column in zip(*keys, strict=True)]) if keys else ()
    ):
        if row[0] not in rooms:
            rooms[row[0]] = Room(**dict(zip(_OF_ROOM, row, strict=False)))
        if row[5] is not None:
            before[sender, client] = Repeat(*row[5:])
    return before, rooms


_APPEND = """
with said as (
  select *, row_number() over (partition by room_id order by number) as place
    from unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::bytea[], %b::bytea[], %b::text[],
                %b::uuid[], %b::bool[], %b::text[], %b::bool[], %b::timestamptz[]) with ordinality
      as m (id, room_id, sender_id, client_message_id, body_mac, body_sealed, marking, thread_id, also_to_room,
            mentions, mentions_room, at, number)
), wanted as (
  select r.id, n.count, n.at
    from rooms_room r join (select room_id, count(*), max(at) as at from said group by room_id) n on n.room_id = r.id
   order by r.id for no key update of r
), taken as (
  update rooms_room r
     set last_seq = r.last_seq + wanted.count, last_message_at = greatest(r.last_message_at, wanted.at)
    from wanted where r.id = wanted.id returning r.id, r.last_seq - wanted.count as seq
)
insert into rooms_message (workspace_id, id, room_id, seq, changed_seq, sender_id, client_message_id, body_mac,
  body_sealed, marking, revision, thread_id, also_to_room, mentions, mentions_room, at)
select %b, m.id, m.room_id, taken.seq + m.place, taken.seq + m.place, m.sender_id, m.client_message_id, m.body_mac,
       m.body_sealed, m.marking, 0, m.thread_id, m.also_to_room, m.mentions::uuid[], m.mentions_room, m.at
  from said m join taken on taken.id = m.room_id
returning id, seq
"""


def append_messages(workspace_id: UUID, rows: Sequence[NewMessage]) -> Mapping[UUID, int]:
    """Write a batch, each at the next place of its room in the order given, rooms locked in one order; places by id."""
    columns = (
        [row.id for row in rows],
        [row.room_id for row in rows],
        [row.sender_id for row in rows],
        [row.client_message_id for row in rows],
        [row.body_mac for row in rows],
        [row.body_sealed for row in rows],
        [row.marking for row in rows],
        [row.thread_id for row in rows],
        [row.also_to_room for row in rows],
        [_array(row.mentions) for row in rows],
        [row.mentions_room for row in rows],
        [row.at for row in rows],
    )
    return dict(statements.rows(_APPEND, [*columns, workspace_id]))


def _array(ids: Iterable[UUID]) -> str:
    """Arrays of arrays PostgreSQL has none for rows of unequal length: each goes as text."""
    return "{" + ",".join(map(str, ids)) + "}"


_NEXT = "update rooms_room set last_seq = last_seq + 1 where id = %b returning last_seq"


def next_place(room_id: UUID) -> int:
    """The room's next place in order, for a change that every reader must see."""
    return int(statements.rows(_NEXT, [room_id])[0][0])


_COUNT_THREADS = """
update rooms_thread t
   set replies = n.replies, last_seq = n.last_seq, last_at = n.last_at, participants = n.participants::uuid[]
  from unnest(%b::uuid[], %b::int[], %b::bigint[], %b::timestamptz[], %b::text[])
    as n (id, replies, last_seq, last_at, participants)
 where t.id = n.id
"""


def count_threads(threads: Collection[Thread]) -> None:
    """Write down what these threads, which are locked, have come to: replies, the last of them, who took part."""
    columns = (
        [thread.id for thread in threads],
        [thread.replies for thread in threads],
        [thread.last_seq for thread in threads],
        [thread.last_at for thread in threads],
        [_array(thread.participants) for thread in threads],
    )
    statements.send(_COUNT_THREADS, columns)


_UNREAD = """
select m.room_id,
       (select count(*) from (
          select 1 from rooms_message x
           where x.room_id = m.room_id and x.seq > coalesce(mark.seq, 0) and x.sender_id <> m.user_id
             and x.deleted_at is null and (x.thread_id is null or x.also_to_room) limit 1000) as unread),
       (select coalesce(jsonb_object_agg(calls.marking, calls.number), '{}') from (
          select called.marking, count(*) as number from (
            select x.marking from rooms_message x
             where x.room_id = m.room_id and x.seq > coalesce(mark.seq, 0) and x.sender_id <> m.user_id
               and x.deleted_at is null and (x.mentions_room or m.user_id = any(x.mentions)) limit 1000) called
           group by called.marking) calls) as mentions,
       (select x.id from rooms_message x
         where x.room_id = m.room_id and x.seq <= coalesce(mark.seq, 0) order by x.seq desc limit 1)
  from rooms_membership m
  left join rooms_readmark mark on mark.room_id = m.room_id and mark.user_id = m.user_id and mark.thread_id is null
 where m.user_id = %s and m.state = 'active' and (%s::uuid[] is null or m.room_id = any(%s))
"""


@dataclass(frozen=True, slots=True)
class ReadState:
    """What one person has not read in one room, `mentions` by their marking; counts stop at 1,000."""

    unread: int
    mentions: Mapping[str, int]
    last_read_id: UUID | None


def read_states(user_id: UUID, room_ids: Sequence[UUID] | None = None) -> dict[UUID, ReadState]:
    """Unread and mention counts of one person, in all of that person's rooms or in these."""
    wanted = list(room_ids) if room_ids is not None else None
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, [user_id, wanted, wanted])
        return {row[0]: ReadState(row[1], json.loads(row[2]), row[3]) for row in cursor}


_UNREAD_REPLIES = """
select t.id,
       (select count(*) from (
          select 1 from rooms_message x
           where x.thread_id = t.id and x.seq > coalesce(mark.seq, 0) and x.sender_id <> %s
             and x.deleted_at is null limit 1000) as unread)
  from rooms_thread t
  left join rooms_readmark mark on mark.room_id = t.room_id and mark.user_id = %s and mark.thread_id = t.id
 where t.id = any(%s)
"""


def unread_replies(user_id: UUID, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Replies of others after the person's mark in each thread; counts stop at 1,000."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD_REPLIES, [user_id, user_id, list(thread_ids)])
        return dict(cursor.fetchall())
