"""What rooms tell the kernel: what guards a room, and how somebody stands in it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from accounts.attributes import room_grants
from policy.catalogue import RoomRole
from policy.pip import GuardedRoom, RoomStanding
from rooms.models import MembershipState, Room, RoomKind
from rooms.sealing import room_name

_STANDINGS = """
select m.user_id, m.room_id, m.role, m.state from rooms_membership m
  join unnest(%s::uuid[], %s::uuid[]) as k (user_id, room_id) on m.user_id = k.user_id and m.room_id = k.room_id
 where m.state <> 'removed'
"""


class RoomFacts:
    """Implements policy.pip.RoomSource."""

    def rooms(self, room_ids: Sequence[UUID]) -> Mapping[UUID, GuardedRoom]:
        return {room.id: _guarded(room) for room in Room.objects.filter(id__in=room_ids)}

    def standings(self, pairs: Sequence[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], RoomStanding]:
        found = {
            pair: RoomStanding(RoomRole(role), MembershipState.ACTIVE) for pair, role in room_grants(pairs).items()
        }
        with connection.cursor() as cursor:
            cursor.execute(_STANDINGS, [[user for user, _ in pairs], [room for _, room in pairs]])
            for user_id, room_id, role, state in cursor:
                found[user_id, room_id] = RoomStanding(RoomRole(role), state)
        return found


def _guarded(room: Room) -> GuardedRoom:
    return GuardedRoom(
        id=room.id,
        kind=room.kind,
        name=room_name(room),
        state=room.state,
        marking=room.marking,
        requirement=room.requirement,
        requirement_hash=room.requirement_hash,
        requirement_version=room.requirement_version,
        named=tuple(room.named_requirements),
        discoverable=room.kind == RoomKind.PUBLIC,
        facts={"marking": room.marking, "kind": room.kind},
    )
