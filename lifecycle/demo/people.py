"""Who is who in the scenario: eight people, their entitlements and their devices. Notional, all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.roles import SystemRole

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Computer:
    """A device and what its manager says of it; None: nothing yet."""

    name: str
    compliant: bool | None


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    name: str
    title: str
    facts: Facts
    device: Computer | None = None
    roles: tuple[SystemRole, ...] = ()


def _facts(clearance: str, department: str, *programs: str, roles: tuple[str, ...]) -> Facts:
    return {
        "clearance": clearance,
        "department": department,
        "program": list(programs),
        "mission_role": list(roles),
        "nationality": "NORTHGATE",
    }


OWNER = Person(
    "amara",
    "Amara Diallo",
    "Mission lead",
    _facts("TOP_SECRET", "OPERATIONS", "APOLLO", "TITAN", "HERMES", roles=("LEAD", "IMAGING")),
    Computer("NG-LT-2204", compliant=True),
)

POLICY_OFFICER = Person(
    "kwame",
    "Kwame Osei",
    "Policy officer",
    _facts("CONFIDENTIAL", "SECURITY", roles=("SECURITY", "LOGISTICS")),
    Computer("NG-LT-2190", compliant=True),
    roles=(SystemRole.ADMINISTRATOR, SystemRole.SECURITY_OFFICER),
)

STAFF = (
    Person(
        "maya",
        "Maya Sorensen",
        "Operations",
        _facts("SECRET", "OPERATIONS", "APOLLO", "HERMES", roles=("OPERATIONS",)),
        Computer("NG-LT-2231", compliant=True),
    ),
    Person(
        "priya",
        "Priya Raman",
        "Ground segment",
        _facts("SECRET", "GROUND", "APOLLO", "HERMES", roles=("GROUND",)),
        Computer("NG-WS-0117", compliant=True),
    ),
    Person(
        "lukas",
        "Lukas Brandt",
        "Payload",
        _facts("TOP_SECRET", "PAYLOAD", "APOLLO", "TITAN", roles=("PAYLOAD", "IMAGING")),
        Computer("NG-TB-0442", compliant=None),
    ),
    Person(
        "tomas",
        "Tomás Herrera",
        "Range",
        _facts("SECRET", "RANGE", "APOLLO", "HERMES", roles=("RANGE",)),
        Computer("NG-LT-2178", compliant=False),
    ),
    Person(
        "ines",
        "Ines Laurent",
        "Telemetry",
        _facts("SECRET", "OPERATIONS", "APOLLO", roles=("TELEMETRY", "IMAGING")),
        Computer("NG-LT-2240", compliant=True),
    ),
    Person(
        "daniel",
        "Daniel Okafor",
        "Flight dynamics",
        _facts("TOP_SECRET", "OPERATIONS", "APOLLO", "TITAN", roles=("FLIGHT_DYNAMICS",)),
        Computer("NG-WS-0121", compliant=True),
    ),
)

EVERYBODY = (OWNER, POLICY_OFFICER, *STAFF)

MOVED_ON = "tomas"
"""Whose assignment to APOLLO ends while everybody looks on."""

LEFT_WITH = _facts("SECRET", "RANGE", "HERMES", roles=("RANGE", "WEATHER"))
"""What is left of his entitlements, and what comes with the new post."""
