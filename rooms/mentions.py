"""Who is called in a text: people, groups and the room, found among those who are in the room."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.access import group_member_ids, user_ids_by_username
from rooms.markdown import mentions as written_mentions
from rooms.models import Membership, MembershipState, Room
from tenancy.actor import Actor


@dataclass(frozen=True, slots=True)
class Mentioned:
    people: tuple[UUID, ...] = ()
    room: bool = False


def find(author: Actor, room: Room, body: str) -> Mentioned:
    """The people of the room whom a text calls by name or group, and whether it calls the whole room.

    Somebody who is not in the room is not called: a mention never tells anybody that a room exists. Nor does it tell
    who is in a group that its author may not know of (SG-2).
    """
    if "@" not in body:
        return Mentioned()
    written = written_mentions(body)
    named = {kind: [one.name for one in written if one.kind == kind] for kind in ("user", "group", "room")}
    called = set(user_ids_by_username(named["user"]).values())
    for members in group_member_ids(author, named["group"]).values():
        called.update(members)
    return Mentioned(tuple(sorted(_in_room(room, called))), bool(named["room"]))


def _in_room(room: Room, user_ids: Iterable[UUID]) -> set[UUID]:
    held = Membership.objects.filter(room=room, state=MembershipState.ACTIVE, user_id__in=list(user_ids))
    return set(held.values_list("user_id", flat=True))
