"""The role gate: does the subject hold a flag, a role in the room or the thing itself, so that it may even ask?"""

from policy.catalogue import GATES, Gate
from policy.pip import Gathered, GuardedRoom, RoomStanding, SubjectState
from policy.types import Question, Reason
from tenancy.actor import SubjectKind

HIDDEN = Reason("hidden")
ACTIVE = "active"


def role_gate(question: Question, gathered: Gathered) -> tuple[Reason, ...]:
    """Why the gate is closed, or nothing when it is open. A room that does not exist is hidden from everybody (R11)."""
    gate = GATES[question.action]
    room_id = question.resource.room_id
    room = gathered.rooms.get(room_id) if room_id is not None else None
    if room_id is not None and room is None:
        return (HIDDEN,)

    kind = question.actor.subject.kind
    if kind in (SubjectKind.SYSTEM, SubjectKind.ANONYMOUS):
        return () if gate.lets_in(kind) else _closed_to(kind, room)

    state = gathered.subjects.get(question.actor.key)
    if state is None or not (state.active or (state.placeholder and gate.placeholders)):
        return (Reason("account_inactive"),)
    if not state.session_live:
        return (Reason("session_ended"),)
    standing = gathered.standings.get((question.actor.id, room_id)) if room_id is not None else None
    if _open(gate, question, state, room, standing):
        return ()
    return _closed(room, standing)


def _open(
    gate: Gate, question: Question, state: SubjectState, room: GuardedRoom | None, standing: RoomStanding | None
) -> bool:
    if gate.flags & state.flags:
        return True
    if gate.own and question.resource.properties.get("owner_id") == question.actor.id:
        return True
    if gate.discoverable:
        return room is not None and (room.discoverable or standing is not None)
    if gate.everyone:
        return True
    return standing is not None and standing.state == ACTIVE and standing.role in gate.room_roles


def _closed_to(kind: SubjectKind, room: GuardedRoom | None) -> tuple[Reason, ...]:
    """Who has not signed in may not know of any room."""
    if room is not None and kind is SubjectKind.ANONYMOUS:
        return (HIDDEN, Reason("role_missing"))
    return (Reason("role_missing"),)


def _closed(room: GuardedRoom | None, standing: RoomStanding | None) -> tuple[Reason, ...]:
    if standing is not None and standing.state != ACTIVE:
        return (Reason("membership_suspended"),)
    if room is not None and standing is None and not room.discoverable:
        return (HIDDEN, Reason("role_missing"))
    return (Reason("role_missing"),)
