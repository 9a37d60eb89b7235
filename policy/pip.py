"""The policy information point: the facts that a decision may use, told by the apps above (SP 800-162 §2.3).

The kernel knows no app. `accounts` registers what it knows of subjects, `rooms` what it knows of rooms and standings;
each answers for a whole batch at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from policy.catalogue import Flag, RoomRole
from tenancy.actor import Actor, ActorKey


@dataclass(frozen=True, slots=True)
class SubjectState:
    """What is known of one subject in one session.

    `facts` and `environment` hold raw values, or `Unknown`, by attribute name; a name that is missing is absent (R5).
    """

    active: bool
    session_live: bool
    placeholder: bool = False
    flags: frozenset[Flag] = frozenset()
    facts: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)
    facts_until: datetime | None = None
    """When the first of these facts expires or goes stale; no lease outlives it."""


@dataclass(frozen=True, slots=True)
class GuardedRoom:
    """What is known of one room. A room without requirement and without named requirements is not governed."""

    id: UUID
    kind: str
    name: str
    """Empty for conversations, which are named by their people: no rule for rooms of a name is about them."""
    state: str
    marking: str
    requirement: str = ""
    requirement_hash: str = ""
    requirement_version: int = 0
    named: tuple[str, ...] = ()
    discoverable: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def governed(self) -> bool:
        return bool(self.requirement or self.named)


@dataclass(frozen=True, slots=True)
class RoomStanding:
    """How a subject stands in a room: its role there and whether the membership is active, suspended or
    removed (R9).
    """

    role: RoomRole
    state: str


class SubjectSource(Protocol):
    """What accounts knows."""

    def subjects(self, actors: Sequence[Actor]) -> Mapping[ActorKey, SubjectState]:
        """By the actor's key. A subject that is missing from the answer is not active."""


class RoomSource(Protocol):
    """What rooms knows."""

    def rooms(self, room_ids: Sequence[UUID]) -> Mapping[UUID, GuardedRoom]: ...

    def standings(self, pairs: Sequence[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], RoomStanding]:
        """By (subject id, room id); grants on one room count as a standing (AD-6)."""


@dataclass(slots=True)
class _Sources:
    subjects: SubjectSource | None = None
    rooms: RoomSource | None = None


_sources = _Sources()


def register_subjects(source: SubjectSource) -> None:
    _sources.subjects = source


def register_rooms(source: RoomSource) -> None:
    _sources.rooms = source


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a batch of questions may be judged by."""

    subjects: Mapping[ActorKey, SubjectState]
    rooms: Mapping[UUID, GuardedRoom]
    standings: Mapping[tuple[UUID, UUID], RoomStanding]


def gather(actors: Sequence[Actor], pairs: Sequence[tuple[UUID, UUID]]) -> Gathered:
    """Ask every source once for the whole batch; `pairs` are (subject id, room id)."""
    room_ids = list({room_id for _, room_id in pairs})
    return Gathered(
        subjects=_sources.subjects.subjects(actors) if _sources.subjects and actors else {},
        rooms=_sources.rooms.rooms(room_ids) if _sources.rooms and room_ids else {},
        standings=_sources.rooms.standings(pairs) if _sources.rooms and pairs else {},
    )
