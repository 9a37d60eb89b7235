"""Who is called in a text: people, groups and the room, found among those who are in the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.access import group_member_ids, user_ids_by_username
from rooms.markdown import Mention
from rooms.markdown import mentions as mentions_in
from rooms.models import Membership, MembershipState
from tenancy.actor import Actor
from tenancy.errors import Invalid

MOST_NAMES = 50
Written = tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Mentioned:
    people: tuple[UUID, ...] = ()
    room: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What one author has written to be heard in one room."""

    author: Actor
    room_id: UUID
    written: Written

    def names(self, kind: str) -> list[str]:
        return [one.name for one in self.written if one.kind == kind]


def written_in(body: str) -> Written:
    """Whom a text calls, as it is written there: pure work, to be done before anything is locked."""
    return tuple(mentions_in(body)) if "@" in body else ()


def refuse_too_many(written: Written) -> None:
    """One message calls so many names and no more; who has to reach a crowd calls a group."""
    if len(written) > MOST_NAMES:
        raise Invalid(
            _("A message can call %(most)d names.") % {"most": MOST_NAMES},
            field="body",
            remedy=_("Call a group, or put what is no call into a code block."),
        )


def find(calls: Sequence[Call]) -> list[Mentioned]:
    """For each call the people of its room whom it names, and whether it names the whole room.

    As many queries for all as for one. Somebody who is not in the room is not called: a mention never tells anybody
    that a room exists. Nor does it tell who is in a group that its author may not know of (SG-2).
    """
    if not any(call.written for call in calls):
        return [Mentioned()] * len(calls)
    users = user_ids_by_username(name for call in calls for name in call.names("user"))
    groups = group_member_ids([(call.author, call.names("group")) for call in calls])
    called = []
    for call, members in zip(calls, groups, strict=True):
        people = {users[name] for name in call.names("user") if name in users}
        called.append(people.union(*members.values()))
    there = _who_is_there({call.room_id for call in calls if call.written}, set().union(*called))
    return [
        Mentioned(tuple(sorted(people & there.get(call.room_id, set()))), bool(call.names("room")))
        for call, people in zip(calls, called, strict=True)
    ]


def _who_is_there(room_ids: set[UUID], user_ids: set[UUID]) -> dict[UUID, set[UUID]]:
    held = Membership.objects.filter(room_id__in=room_ids, state=MembershipState.ACTIVE, user_id__in=user_ids)
    there: dict[UUID, set[UUID]] = {}
    for room_id, user_id in held.values_list("room_id", "user_id"):
        there.setdefault(room_id, set()).add(user_id)
    return there
