"""Opaque places in a room: equal for all who see the same view, telling nothing about counts or order (R18)."""

from uuid import UUID

from django.utils.translation import gettext as _

from keys import envelope
from tenancy.errors import Invalid

_PURPOSE = "room-cursor"


def cursor_of(workspace_id: UUID, room_id: UUID, seq: int) -> str:
    """The place of a sequence number, as what a client may hold."""
    return envelope.opaque(workspace_id, _PURPOSE, room_id.bytes[8:] + seq.to_bytes(8, "big"))


def seq_of(workspace_id: UUID, room_id: UUID, cursor: str) -> int:
    """The sequence number behind a cursor. Raises Invalid for a cursor of another room, workspace or making."""
    block = envelope.unopaque(workspace_id, _PURPOSE, cursor)
    if block[:8] != room_id.bytes[8:]:
        raise Invalid(_("This place is not in this room."), field="cursor", remedy=_("Open the room again."))
    return int.from_bytes(block[8:], "big")
