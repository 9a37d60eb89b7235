"""What a client may ask for without changing anything: each answer is judged, read in one scope, and cut to
its reader.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import access as accounts_access
from policy import pep
from policy.catalogue import Action
from policy.types import Question
from rooms import frames, pages, store
from rooms.access import (
    access_message,
    access_room,
    access_thread,
    active_members,
    members_of,
    memberships_in,
    public_rooms,
    revisions_of,
    room_resource,
)
from rooms.actions.members import candidate
from rooms.cursors import cursor_of, seq_of
from rooms.history import states_of, summary_of
from rooms.markings import canonical
from rooms.models import MembershipState
from rooms.people import people_views, views_of
from rooms.reasons import words_of
from rooms.roomlist import is_governed, requirement_view
from rooms.sealing import open_bodies, place_of, place_of_revision, room_name, room_topic
from rooms.sight import sight_in, sights
from rooms.views import MessageView, View, message_view, people_of, stamp
from tenancy.actor import Actor

Data = dict[str, Any]
ROOMS_SHOWN = 100


def open_room(actor: Actor, frame: frames.OpenRoom) -> Data:
    """One page of a room (PO-3: read history)."""
    room = access_room(actor, frame.room, Action.MESSAGE_READ)
    seq = {name: seq_of(room.workspace_id, room.id, cursor) for name, cursor in _given(frame)}
    page = pages.page_of(room, around=frame.around, limit=frame.limit, **seq)
    views = _views(actor, page.messages)
    return {
        "room": room.id,
        "messages": views,
        "people": people_views(people_of(views)),
        "cursor": cursor_of(room.workspace_id, room.id, room.last_seq),
        "more_before": page.more_before,
        "more_after": page.more_after,
        "before": _cursor(room.workspace_id, room.id, page.messages[:1]),
        "after": _cursor(room.workspace_id, room.id, page.messages[-1:]),
        "first_unread": pages.first_unread(room.id, actor.id),
    }


def _given(frame: frames.OpenRoom) -> list[tuple[str, str]]:
    return [(name, cursor) for name, cursor in (("before", frame.before), ("after", frame.after)) if cursor]


def _cursor(workspace_id: UUID, room_id: UUID, edge: Sequence[Any]) -> str | None:
    return cursor_of(workspace_id, room_id, edge[0].seq) if edge else None


def _views(actor: Actor, messages: Sequence[Any]) -> list[MessageView]:
    states = states_of(messages)
    seen = sights(actor, {(state.room_id, marking) for state in states for marking in state.markings})
    return [message_view(state, seen[state.room_id]) for state in states]


def room_changes(actor: Actor, frame: frames.RoomChanges) -> Data:
    """Everything that happened in a room after a place: the present state of what was created or changed."""
    room = access_room(actor, frame.room, Action.MESSAGE_READ)
    after = seq_of(room.workspace_id, room.id, frame.after)
    return changes_after(actor, room, after)


def changes_after(actor: Actor, room: Any, after: int) -> Data:
    found = pages.changes(room.id, after) if after < room.last_seq else []
    if found is None:
        return {
            "messages": [],
            "people": [],
            "cursor": cursor_of(room.workspace_id, room.id, room.last_seq),
            "resync": True,
        }
    views = _views(actor, found)
    head = max([room.last_seq, *(message.changed_seq for message in found)])
    return {
        "messages": views,
        "people": people_views(people_of(views)),
        "cursor": cursor_of(room.workspace_id, room.id, head),
        "resync": False,
    }


def message_history(actor: Actor, frame: frames.MessageHistory) -> Data:
    """What a message said before it was edited, as far as its reader may see each version."""
    message = access_message(actor, frame.message, Action.MESSAGE_HISTORY)
    revisions = revisions_of(message)
    sight = sight_in(actor, message.room_id, {message.marking, *(revision.marking for revision in revisions)})
    sealed = [
        (one.revision, one.marking, one.at, place_of_revision(message, one), one.body_sealed) for one in revisions
    ]
    now = message.edited_at or message.at
    sealed.append((message.revision, message.marking, now, place_of(message), message.body_sealed))
    shown = [
        (revision, marking, at, (place, bytes(body)))
        for revision, marking, at, place, body in sealed
        if body is not None and sight.get(marking)
    ]
    opened = open_bodies([place_and_body for _revision, _marking, _at, place_and_body in shown])
    return {
        "revisions": [
            {"revision": revision, "marking": marking, "at": stamp(at), "parts": list(parts or ())}
            for (revision, marking, at, _body), parts in zip(shown, opened, strict=True)
        ]
    }


def open_thread(actor: Actor, frame: frames.OpenThread) -> Data:
    """One page of a thread with the message that it hangs under."""
    thread = access_thread(actor, frame.thread, Action.MESSAGE_READ)
    workspace_id, room_id = thread.workspace_id, thread.room_id
    before = seq_of(workspace_id, room_id, frame.before) if frame.before else None
    page = pages.thread_page(thread, before=before, limit=frame.limit)
    roots = pages.roots_of([thread])
    views = _views(actor, [*roots, *page.messages])
    return {
        "thread": _thread_views(actor, [thread], views[: len(roots)])[0],
        "messages": views[len(roots) :],
        "people": people_views(people_of(views)),
        "more_before": page.more_before,
        "before": _cursor(workspace_id, room_id, page.messages[:1]),
    }


def _thread_views(actor: Actor, threads: Sequence[Any], roots: Sequence[MessageView]) -> list[Data]:
    """The threads as their reader sees them, as many queries for all as for one."""
    ids = [thread.id for thread in threads]
    followed = pages.followed_among(ids, actor.id)
    unread = store.unread_replies(actor.id, ids)
    by_id = {root.id: root for root in roots}
    return [
        _thread_view(thread, by_id.get(thread.root_id), following=thread.id in followed, unread=unread[thread.id])
        for thread in threads
    ]


def _thread_view(thread: Any, root: MessageView | None, *, following: bool, unread: int) -> Data:
    """Of a thread whose root is withheld nothing is told, as in the room."""
    known: Data = {"id": thread.id, "room": thread.room_id, "following": following, "root": root}
    if root is not None and root.view == View.WITHHELD:
        return {**known, "title": None, "replies": 0, "last_at": None, "unread": 0}
    summary = summary_of(thread)
    return {
        **known,
        "title": summary.title,
        "replies": summary.replies,
        "last_at": summary.last_at,
        "unread": unread,
    }


def list_threads(actor: Actor, frame: frames.ListThreads) -> Data:
    """The threads of one room, or those that the actor follows, the latest first."""
    if frame.room is not None:
        room = access_room(actor, frame.room, Action.MESSAGE_READ)
        before = seq_of(room.workspace_id, room.id, frame.before) if frame.before else None
        threads = pages.threads_of_room(room.id, before=before)
        last = threads[-1].last_seq if len(threads) == pages.THREADS else None
        cursor = cursor_of(room.workspace_id, room.id, last) if last else None
    else:
        threads, cursor = _followed(actor), None
    roots = _views(actor, pages.roots_of(threads))
    return {
        "threads": _thread_views(actor, threads, roots),
        "people": people_views(people_of(roots)),
        "before": cursor,
    }


def _followed(actor: Actor) -> list[Any]:
    threads = pages.followed_threads(actor.id)
    rooms = {thread.room_id for thread in threads}
    asked = [Question(actor, Action.MESSAGE_READ, room_resource(room_id)) for room_id in rooms]
    readable = {decision.question.resource.room_id for decision in pep.decide_many(asked) if decision.permits}
    return [thread for thread in threads if thread.room_id in readable]


def browse_rooms(actor: Actor, frame: frames.BrowseRooms) -> Data:
    """Public rooms that the actor may find, and whether the actor would be let in."""
    wanted = frame.text.strip().casefold()
    found = [(room, room_name(room)) for room in public_rooms()]
    found = [(room, name) for room, name in found if wanted in name.casefold()]
    known = pep.preview([Question(actor, Action.ROOM_DISCOVER, room_resource(room.id)) for room, _name in found])
    found = [one for one, decision in zip(found, known, strict=True) if decision.permits][:ROOMS_SHOWN]
    members = members_of([room.id for room, _name in found])
    joins = pep.preview(
        [Question(candidate(actor, actor.id), Action.MEMBER_HOLD, room_resource(r.id)) for r, _n in found]
    )
    return {
        "rooms": [
            {
                "id": room.id,
                "kind": room.kind,
                "name": name,
                "topic": room_topic(room),
                "marking": room.marking,
                "member_count": len(members[room.id]),
                "governed": is_governed(room),
                "requirement": requirement_view(room),
                "can_join": join.permits,
                "why_not": "" if join.permits else words_of(join),
            }
            for (room, name), join in zip(found, joins, strict=True)
        ]
    }


def list_members(actor: Actor, frame: frames.ListMembers) -> Data:
    """Who is in a room, for those who are in it; whose membership is suspended is listed for those who keep it."""
    room = access_room(actor, frame.room, Action.MEMBERS_LIST)
    held = memberships_in(room.id)
    active = [one for one in held if one.state == MembershipState.ACTIVE]
    if len(active) < len(held) and not pep.permitted(actor, Action.MEMBER_REMOVE, room_resource(room.id)):
        held = active
    people = {person["id"]: person for person in people_views(one.user_id for one in held)}
    return {
        "members": [
            {
                "person": people[one.user_id],
                "role": one.role,
                "state": one.state,
                "sources": list(one.sources),
                "since": stamp(one.joined_at),
            }
            for one in held
        ]
    }


def find_people(actor: Actor, frame: frames.FindPeople) -> Data:
    """People by name; with a room, only those in it or, for who may add, with whether they could read there."""
    pep.enforce(actor, Action.USER_VIEW, accounts_access.user_resource(actor.id))
    found = accounts_access.find_people(frame.text)
    can_read: dict[UUID, bool | None] = dict.fromkeys((card.id for card in found), None)
    if frame.room is not None:
        room = access_room(actor, frame.room, Action.MEMBERS_LIST)
        asked = [
            Question(candidate(actor, card.id), Action.MEMBER_HOLD, room_resource(room.id), asker=actor)
            for card in found
        ]
        answers = pep.preview(asked)
        if pep.permitted(actor, Action.MEMBER_ADD, room_resource(room.id)):
            can_read = {card.id: answer.permits for card, answer in zip(found, answers, strict=True)}
    return {"people": [{**view, "can_read": can_read[view["id"]]} for view in views_of(found)]}


def audience(actor: Actor, frame: frames.Audience) -> Data:
    """How many of a room's members could read a message with this marking, counted and not named."""
    room = access_room(actor, frame.room, Action.MESSAGE_POST, marking=canonical(actor.workspace_id, frame.marking))
    marking = canonical(actor.workspace_id, frame.marking)
    members = accounts_access.active_user_ids(active_members(room.id))
    asked = [
        Question(candidate(actor, user_id), Action.MEMBER_HOLD, room_resource(room.id, marking=marking))
        for user_id in members
    ]
    answers = pep.preview(asked)
    readers = [answer for answer in answers if answer.permits and answer.obligation("redact") is None]
    return {"can_read": len(readers), "members": len(members)}


def ping(_actor: Actor, _frame: frames.Ping) -> Data:
    return {"server_time": stamp(timezone.now())}
