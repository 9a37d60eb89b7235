"""Screens about rooms: the directory, what a room requires, and why somebody has access."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from keys import envelope
from policy.console import register
from rooms.access import rooms_by_id
from rooms.admin import explain, rooms
from rooms.models import Room
from rooms.sealing import room_name
from tenancy.scoping import current_workspace_id

__all__ = ["explain", "rooms"]


def _names(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Direct conversations are named by their people, whom a list of records has no reason to name."""
    return {one.id: room_name(one) or _("direct conversation") for one in rooms_by_id(list(ids)).values()}


def _named(text: str) -> UUID | None:
    workspace_id = current_workspace_id()
    if workspace_id is None:
        return None
    wanted = envelope.lookup_hash(workspace_id, "room-name", envelope.folded(text))
    return Room.objects.filter(name_hash=wanted).values_list("id", flat=True).first()


register("room", _names, _named)
