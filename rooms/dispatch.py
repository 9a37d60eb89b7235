"""Frame in, answer out: one table from the frame's type to the verb or the read that it stands for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from accounts import sessions
from policy import pep
from policy.catalogue import RoomRole
from policy.types import AccessDenied
from rooms import frames, news, presence, reads, roomlist
from rooms.access import membership_of
from rooms.actions import members, messages, reactions, reading, rooms
from rooms.explaining import explain_access
from rooms.loading import read_state
from rooms.models import Room, RoomKind
from tenancy.actor import Actor
from tenancy.errors import DomainError
from tenancy.scoping import within

Data = dict[str, Any]
Read = Callable[[Actor, Any], Data]
Change = Callable[[Actor, Any], Data]


def answer(actor: Actor, frame: frames.Frame) -> Data:
    """Do what a frame asks, as its actor is at this moment. Raises AccessDenied or a DomainError."""
    with pep.unit(actor.workspace_id):
        with within(actor.workspace_id):
            actor = sessions.refresh(actor)
        read = READS.get(type(frame))
        if read is not None:
            with pep.reading(actor):
                return read(actor, frame)
        return CHANGES[type(frame)](actor, frame)


def _room_data(actor: Actor, room: Room) -> Data:
    with pep.reading(actor):
        membership = membership_of(room.id, actor.id)
        return {"room": roomlist.room_views(actor, [membership])[0] if membership else None}


def _create_room(actor: Actor, frame: frames.CreateRoom) -> Data:
    room = rooms.create_room(
        actor, kind=RoomKind(frame.kind), name=frame.name, topic=frame.topic, marking=frame.marking
    )
    refused: list[dict[str, UUID | None]] = []
    for user_id in dict.fromkeys(one for one in frame.members if one != actor.id):
        try:
            members.add_member(actor, room_id=room.id, user_id=user_id)
        except AccessDenied as denied:
            refused.append({"user": user_id, "decision": denied.decision.id})
        except DomainError:
            refused.append({"user": user_id, "decision": None})
    return {**_room_data(actor, room), "refused": refused}


def _open_direct(actor: Actor, frame: frames.OpenDirect) -> Data:
    return _room_data(actor, rooms.open_direct(actor, people=frame.people))


def _edit(actor: Actor, frame: frames.EditMessage) -> Data:
    messages.edit_message(actor, message_id=frame.message, body=frame.body, marking=frame.marking)
    return {}


def _delete(actor: Actor, frame: frames.DeleteMessage) -> Data:
    messages.delete_message(actor, message_id=frame.message)
    return {}


def _add_reaction(actor: Actor, frame: frames.AddReaction) -> Data:
    reactions.add_reaction(actor, message_id=frame.message, emoji=frame.emoji)
    return {}


def _remove_reaction(actor: Actor, frame: frames.RemoveReaction) -> Data:
    reactions.remove_reaction(actor, message_id=frame.message, emoji=frame.emoji)
    return {}


def _set_read(actor: Actor, frame: frames.SetRead) -> Data:
    reading.mark_read(actor, room_id=frame.room, message_id=frame.message, thread_id=frame.thread)
    return _counts(actor, frame.room)


def _unread_from(actor: Actor, frame: frames.UnreadFrom) -> Data:
    reading.mark_unread_from(actor, room_id=frame.room, message_id=frame.message)
    return _counts(actor, frame.room)


def _counts(actor: Actor, room_id: Any) -> Data:
    return read_state(actor, room_id) or {}


def _update_room(actor: Actor, frame: frames.UpdateRoom) -> Data:
    return _room_data(actor, rooms.update_room(actor, room_id=frame.room, name=frame.name, topic=frame.topic))


def _archive(actor: Actor, frame: frames.ArchiveRoom) -> Data:
    return _room_data(actor, rooms.archive_room(actor, room_id=frame.room))


def _unarchive(actor: Actor, frame: frames.UnarchiveRoom) -> Data:
    return _room_data(actor, rooms.unarchive_room(actor, room_id=frame.room))


def _join(actor: Actor, frame: frames.JoinRoom) -> Data:
    membership = members.join_room(actor, room_id=frame.room)
    return _room_data(actor, membership.room)


def _leave(actor: Actor, frame: frames.LeaveRoom) -> Data:
    members.leave_room(actor, room_id=frame.room)
    return {}


def _mute(actor: Actor, frame: frames.MuteRoom) -> Data:
    reading.keep_room(actor, room_id=frame.room, muted=frame.muted)
    return {}


def _favourite(actor: Actor, frame: frames.FavouriteRoom) -> Data:
    reading.keep_room(actor, room_id=frame.room, favourite=frame.favourite)
    return {}


def _add_member(actor: Actor, frame: frames.AddMember) -> Data:
    members.add_member(actor, room_id=frame.room, user_id=frame.user)
    return {}


def _remove_member(actor: Actor, frame: frames.RemoveMember) -> Data:
    members.remove_member(actor, room_id=frame.room, user_id=frame.user)
    return {}


def _set_role(actor: Actor, frame: frames.SetMemberRole) -> Data:
    members.set_member_role(actor, room_id=frame.room, user_id=frame.user, role=RoomRole(frame.role))
    return {}


def _set_presence(actor: Actor, frame: frames.SetPresence) -> Data:
    presence.choose(actor.id, frame.state)
    news.ring([news.PresenceChanged(workspace_id=actor.workspace_id, user_id=actor.id, state=frame.state)])
    return {}


READS: dict[type[frames.Frame], Read] = {
    frames.Ping: reads.ping,
    frames.OpenRoom: reads.open_room,
    frames.RoomChanges: reads.room_changes,
    frames.MessageHistory: reads.message_history,
    frames.OpenThread: reads.open_thread,
    frames.ListThreads: reads.list_threads,
    frames.BrowseRooms: reads.browse_rooms,
    frames.ListMembers: reads.list_members,
    frames.FindPeople: reads.find_people,
    frames.ExplainAccess: explain_access,
    frames.Audience: reads.audience,
}

CHANGES: dict[type[frames.Frame], Change] = {
    frames.CreateRoom: _create_room,
    frames.OpenDirect: _open_direct,
    frames.UpdateRoom: _update_room,
    frames.ArchiveRoom: _archive,
    frames.UnarchiveRoom: _unarchive,
    frames.JoinRoom: _join,
    frames.LeaveRoom: _leave,
    frames.MuteRoom: _mute,
    frames.FavouriteRoom: _favourite,
    frames.AddMember: _add_member,
    frames.RemoveMember: _remove_member,
    frames.SetMemberRole: _set_role,
    frames.EditMessage: _edit,
    frames.DeleteMessage: _delete,
    frames.AddReaction: _add_reaction,
    frames.RemoveReaction: _remove_reaction,
    frames.SetRead: _set_read,
    frames.UnreadFrom: _unread_from,
    frames.SetPresence: _set_presence,
}
