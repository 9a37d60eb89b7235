"""What rooms ask of policy, so that nobody changes a definition or a set under a room that needs it."""

from collections.abc import Sequence

from policy.usage import Use
from rooms.models import Room
from rooms.sealing import room_name


class RoomUsage:
    """Implements policy.usage.UsageSource."""

    def uses(self) -> Sequence[Use]:
        return [
            Use(
                room=room_name(room) or str(room.id),
                requirement=room.requirement,
                named=tuple(room.named_requirements),
                marking=room.marking,
            )
            for room in Room.objects.order_by("id")
        ]
