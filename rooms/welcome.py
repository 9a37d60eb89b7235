"""The first answer on a socket: who one is, which rooms one has, and what one missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import access as accounts_access
from policy import pep
from policy.catalogue import Action
from policy.snapshot import snapshot
from policy.types import Decision, Resource
from rooms import frames, roomlist
from rooms.access import visible_rooms
from rooms.bars import bar_of
from rooms.cursors import seq_of
from rooms.models import Membership
from rooms.people import everybody, people_views
from rooms.reads import changes_after
from rooms.seats import Place
from rooms.views import stamp
from tenancy.actor import Actor
from tenancy.errors import Invalid
from tenancy.models import Workspace

PEOPLE_TOLD = 2_000
MESSAGES_RESUMED = 2_000
RESYNC: Mapping[str, Any] = {"resync": True}


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the client is told, and the places that its seat gets."""

    data: dict[str, Any]
    places: list[Place]


def welcome(actor: Actor, frame: frames.Hello) -> Welcome:
    """Everything that a client needs to begin, judged in one batch."""
    pep.enforce(actor, Action.WORKSPACE_VIEW, Resource("workspace", actor.workspace_id))
    held = visible_rooms(actor)
    decisions = {membership.room_id: decision for membership, decision in held}
    memberships = [membership for membership, _decision in held]
    people = everybody(actor.workspace_id)
    session = accounts_access.session_view(actor)
    workspace = Workspace.objects.get(id=actor.workspace_id)
    data = {
        "me": {
            **people_views([actor.id])[0],
            "powers": sorted(accounts_access.flags_of(actor)),
            "groups": list(accounts_access.group_ids_of(actor.id)),
            "settings": accounts_access.client_settings(actor.id),
        },
        "workspace": _workspace_view(workspace),
        "session": session,
        "rooms": roomlist.room_views(actor, memberships, decisions),
        "people": people.views[:PEOPLE_TOLD],
        "lease_seconds": workspace.lease_seconds,
        "limits": {"body_chars": frames.BODY_CHARS, "frame_bytes": frames.FRAME_BYTES},
        "server_time": stamp(timezone.now()),
        "resumed": _resumed(actor, frame.resume, memberships, decisions),
    }
    places = [_place(one, roomlist.access_state(decisions[one.room_id])) for one in memberships]
    return Welcome(data, [place for place in places if place is not None])


def _workspace_view(workspace: Workspace) -> dict[str, Any]:
    markings = snapshot(workspace.id).markings
    return {
        "id": workspace.id,
        "slug": workspace.slug,
        "name": workspace.name,
        "ceiling": workspace.ceiling,
        "markings": [{"name": name, "short": bar_of(name).short, "bar": bar_of(name).name} for name in markings],
    }


def _resumed(
    actor: Actor, wanted: dict[UUID, str], memberships: list[Membership], decisions: dict[UUID, Decision]
) -> dict[str, Any]:
    """What was missed in each room that the client names, if it may still be read there.

    Who missed more than one answer should hold begins some rooms afresh.
    """
    found: dict[str, Any] = {}
    left = MESSAGES_RESUMED
    for membership in memberships:
        cursor = wanted.get(membership.room_id)
        if cursor is None or not decisions[membership.room_id].permits:
            continue
        try:
            after = seq_of(actor.workspace_id, membership.room_id, cursor)
        except Invalid:
            found[str(membership.room_id)] = RESYNC
            continue
        missed = changes_after(actor, membership.room, after) if left > 0 else RESYNC
        left -= len(missed.get("messages", ()))
        found[str(membership.room_id)] = missed
    return found


def _place(membership: Membership, state: str) -> Place | None:
    """Where the client is shown a cover, nothing is told before it has been lifted."""
    room = membership.room
    if state == roomlist.ENDED:
        return None
    covered = "" if state == roomlist.PERMITTED else state
    return Place(room.id, room.marking, roomlist.is_governed(room), covered=covered)
