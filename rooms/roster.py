"""What another requirement would do to the people who are in a room now: shown before it is saved, changing nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from policy.catalogue import Action, RoomRole
from policy.inquiry import Shift, under_requirement
from policy.types import Effect, Question
from rooms.access import memberships_in, room_resource
from rooms.actions.members import candidate
from tenancy.actor import Actor


@dataclass(frozen=True, slots=True)
class Affected:
    """One member, and what of the requirement they do not meet, as text; never a value of theirs."""

    user_id: UUID
    owner: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """The members of a room by what would become of them."""

    members: int
    loses: Sequence[Affected]
    returns: Sequence[Affected]
    unsure: Sequence[Affected]
    ownerless: bool
    """Whether nobody who owns the room would be left in it."""

    @property
    def unchanged(self) -> int:
        return self.members - len(self.loses) - len(self.returns) - len(self.unsure)


def roster_under(actor: Actor, room_id: UUID, requirement: str, named: Sequence[str]) -> Roster:
    """Everybody in the room, judged by another requirement as the sweep would judge them.

    Raises PolicyLanguageError if the requirement makes no sense.
    """
    held = memberships_in(room_id)
    questions = [
        Question(candidate(actor, one.user_id), Action.MEMBER_KEEP, room_resource(room_id), asker=actor) for one in held
    ]
    shifts = dict(zip((one.user_id for one in held), under_requirement(questions, requirement, named), strict=True))
    owners = {one.user_id for one in held if one.role == RoomRole.OWNER}
    leaving = {user_id for user_id, shift in shifts.items() if shift.then is Effect.DENY}

    def those(fits: frozenset[tuple[Effect, Effect]]) -> list[Affected]:
        return [
            Affected(one.user_id, one.user_id in owners, shifts[one.user_id].missing)
            for one in held
            if _turn(shifts[one.user_id]) in fits
        ]

    return Roster(
        members=len(held),
        loses=those(frozenset({(Effect.PERMIT, Effect.DENY), (Effect.INDETERMINATE, Effect.DENY)})),
        returns=those(frozenset({(Effect.DENY, Effect.PERMIT)})),
        unsure=those(frozenset({(Effect.PERMIT, Effect.INDETERMINATE), (Effect.DENY, Effect.INDETERMINATE)})),
        ownerless=bool(owners) and owners <= leaving,
    )


def _turn(shift: Shift) -> tuple[Effect, Effect]:
    return shift.now, shift.then
