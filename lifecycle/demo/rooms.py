"""The rooms of the scenario: who is in them, what guards them, and how far the readers have come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rooms.models import RoomKind


@dataclass(frozen=True, slots=True)
class Plan:
    """One room. `story` is its name and the file with its conversation; those of people alone have no name.

    `unread` tells how many of the last messages somebody has not read.
    """

    story: str
    kind: RoomKind
    people: tuple[str, ...]
    """The first of them opens the room."""
    marking: str
    topic: str = ""
    requirement: str = ""
    named: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    favourite_of: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()

    @property
    def governed(self) -> bool:
        return bool(self.requirement or self.named)


_ALL = ("amara", "kwame", "maya", "priya", "lukas", "tomas", "ines", "daniel")

PLANS = (
    Plan(
        "apollo-telemetry",
        RoomKind.PRIVATE,
        ("amara", "maya", "priya", "lukas", "tomas", "ines", "daniel"),
        "SECRET",
        topic="Downlink passes, wheel currents, thermal. The pass list is posted daily at 06:00.",
        requirement="clearance >= SECRET AND program any_of {APOLLO}",
        unread={"maya": 1, "amara": 2},
        favourite_of=("maya", "daniel"),
    ),
    Plan(
        "ground-segment",
        RoomKind.PRIVATE,
        ("priya", "maya", "tomas", "ines", "daniel", "amara"),
        "SECRET",
        topic="Antennas, decoders, power. Handover notes at the change of each shift.",
        named=("cleared",),
        unread={"maya": 2, "amara": 4},
        favourite_of=("maya",),
    ),
    Plan(
        "apollo-imaging",
        RoomKind.PRIVATE,
        ("lukas", "ines", "amara"),
        "SECRET",
        topic="Targets, calibration, quick looks.",
        requirement="mission_role any_of {IMAGING}",
        named=("apollo",),
        unread={"amara": 1},
    ),
    Plan(
        "launch-readiness",
        RoomKind.PRIVATE,
        ("amara", "maya", "priya", "daniel", "lukas", "ines"),
        "TOP_SECRET",
        topic="Relay launch, day 322. Mark what you write.",
        named=("cleared",),
        unread={"maya": 1},
    ),
    Plan(
        "titan-payload",
        RoomKind.PRIVATE,
        ("lukas", "amara", "daniel"),
        "TOP_SECRET",
        topic="Hosted payload. Asks you to confirm that it is you.",
        requirement="clearance >= TOP_SECRET AND program any_of {TITAN}",
        unread={"amara": 1},
    ),
    Plan(
        "announcements",
        RoomKind.PUBLIC,
        _ALL,
        "UNCLASSIFIED",
        topic="For everybody at Northgate.",
        unread={"maya": 1, "amara": 1},
    ),
    Plan(
        "launch-weather",
        RoomKind.PUBLIC,
        ("tomas", "amara", "kwame", "maya", "priya", "lukas", "ines", "daniel"),
        "UNCLASSIFIED",
        topic="Wind, ceiling, lightning. Forecasts at 05:30, 11:30, 23:30.",
        unread={"maya": 2, "amara": 2},
        muted_by=("maya",),
    ),
    Plan(
        "facilities-desk",
        RoomKind.PUBLIC,
        ("kwame", "amara", "maya", "priya", "lukas", "tomas", "ines", "daniel"),
        "CUI",
        topic="Doors, power, coffee.",
        unread={"maya": 1},
    ),
    Plan("flight-dynamics", RoomKind.GROUP, ("daniel", "ines", "maya"), "SECRET", unread={"maya": 2}),
    Plan("maya-priya", RoomKind.DIRECT, ("maya", "priya"), "SECRET", unread={"maya": 1}),
    Plan("maya-amara", RoomKind.DIRECT, ("amara", "maya"), "SECRET", unread={"maya": 1}),
    Plan("amara-kwame", RoomKind.DIRECT, ("kwame", "amara"), "CONFIDENTIAL", unread={"amara": 1}),
)
