"""The rooms of one person as the client lists them: state, counts, what may be done there."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from policy import pep
from policy.catalogue import Action
from policy.requirements import requirement_in_words
from policy.types import AccessDenied, Decision, Question
from rooms.access import members_of, room_resource
from rooms.cursors import cursor_of
from rooms.models import Membership, Room, RoomKind
from rooms.powers import Powers, powers_in
from rooms.reasons import words_of
from rooms.sealing import room_name, room_topic
from rooms.unread import Unread, unread_in
from rooms.views import stamp
from tenancy.actor import Actor

PERMITTED, ENDED = "permitted", "ended"
_STATES = {"step_up_required": "step_up", "unavailable": "unavailable"}


def room_views(
    actor: Actor, memberships: Sequence[Membership], decisions: Mapping[UUID, Decision] | None = None
) -> list[dict[str, Any]]:
    """The rooms of these memberships as the actor's client shows them, a fixed number of queries for all of them."""
    if not memberships:
        return []
    room_ids = [one.room_id for one in memberships]
    decisions = decisions or _read_decisions(actor, room_ids)
    powers = powers_in(actor, [one.room for one in memberships])
    read = unread_in(actor, room_ids)
    members = members_of(room_ids)
    return [
        _view(one, decisions[one.room_id], powers[one.room_id], read.get(one.room_id), members[one.room_id])
        for one in memberships
    ]


def _read_decisions(actor: Actor, room_ids: Sequence[UUID]) -> dict[UUID, Decision]:
    questions = [Question(actor, Action.MESSAGE_READ, room_resource(room_id)) for room_id in room_ids]
    return dict(zip(room_ids, pep.preview(questions), strict=True))


def _view(
    membership: Membership,
    decision: Decision,
    powers: Powers,
    read: Unread | None,
    members: Sequence[UUID],
) -> dict[str, Any]:
    """A room that is covered or closed tells neither how far it has come nor when."""
    room, open_ = membership.room, decision.permits
    read = read if read and open_ else Unread()
    personal = room.kind in (RoomKind.DIRECT, RoomKind.GROUP)
    return {
        "id": room.id,
        "kind": room.kind,
        "name": room_name(room),
        "topic": room_topic(room),
        "state": room.state,
        "marking": room.marking,
        "governed": is_governed(room),
        "requirement": requirement_view(room),
        "access": access_view(decision),
        "role": membership.role,
        "people": list(members) if personal else [],
        "member_count": len(members),
        "unread": read.unread,
        "mentions": read.mentions,
        "muted": membership.muted,
        "favourite": membership.favourite,
        "cursor": cursor_of(room.workspace_id, room.id, room.last_seq if open_ else 0),
        "last_read": read.last_read_id,
        "last_at": stamp(room.last_message_at) if open_ else None,
        **powers.view(),
    }


def is_governed(room: Room) -> bool:
    return bool(room.requirement or room.named_requirements)


def requirement_view(room: Room) -> dict[str, Any] | None:
    """What guards the room, as text and in words."""
    if not is_governed(room):
        return None
    words = requirement_in_words(room.workspace_id, room.requirement) if room.requirement else []
    return {"text": room.requirement, "words": [*words, *room.named_requirements]}


def access_state(decision: Decision) -> str:
    """Permitted, covered for a reason, or ended."""
    return PERMITTED if decision.permits else _STATES.get(AccessDenied(decision).code, ENDED)


def access_view(decision: Decision) -> dict[str, Any]:
    """One of the states that a client can show for a room."""
    if decision.permits:
        return {"state": PERMITTED, "valid_until": stamp(decision.valid_until)}
    code = AccessDenied(decision).code
    return {
        "state": access_state(decision),
        "valid_until": None,
        "reason": {"code": code, "words": words_of(decision)},
        "decision": decision.id,
    }
