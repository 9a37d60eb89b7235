"""What every workspace is born with: the attributes that policy may read and the sources that tell them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import SourceKind
from policy.models import AttributeCategory, AttributeKind

LEVELS = ("UNCLASSIFIED", "CUI", "CONFIDENTIAL", "SECRET", "TOP_SECRET")
_SPELLINGS = MappingProxyType({"U": "UNCLASSIFIED", "C": "CONFIDENTIAL", "S": "SECRET", "TS": "TOP_SECRET"})

MANUAL = "manual"
POSTURE = "posture"
POSTURE_FRESH_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Attribute:
    """One definition; `source` is the one whose word counts."""

    name: str
    kind: AttributeKind
    label: Promise
    category: AttributeCategory = AttributeCategory.SUBJECT
    values: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    source: str = MANUAL


_ABOUT_PEOPLE = (
    Attribute("clearance", AttributeKind.RANK, _("Clearance"), values=LEVELS, aliases=_SPELLINGS),
    Attribute("clearance_level", AttributeKind.RANK, _("Clearance level"), values=LEVELS, aliases=_SPELLINGS),
    Attribute("program", AttributeKind.STRING_SET, _("Program")),
    Attribute("project_assignment", AttributeKind.STRING_SET, _("Project assignment")),
    Attribute("mission_role", AttributeKind.STRING_SET, _("Mission role")),
    Attribute("department", AttributeKind.STRING, _("Department")),
    Attribute("nationality", AttributeKind.STRING, _("Nationality")),
    Attribute("group", AttributeKind.STRING_SET, _("Group"), source="membership"),
)

_ABOUT_ROOMS = (
    Attribute(
        "marking",
        AttributeKind.RANK,
        _("Marking"),
        AttributeCategory.RESOURCE,
        values=LEVELS,
        aliases=_SPELLINGS,
        source="room",
    ),
    Attribute(
        "kind",
        AttributeKind.STRING,
        _("Kind of room"),
        AttributeCategory.RESOURCE,
        values=("public", "private", "direct", "group"),
        source="room",
    ),
)

_CIRCUMSTANCES = (
    Attribute(
        "device_compliant",
        AttributeKind.BOOLEAN,
        _("Device meets the baseline"),
        AttributeCategory.ENVIRONMENT,
        source=POSTURE,
    ),
    Attribute("device_id", AttributeKind.STRING, _("Device"), AttributeCategory.ENVIRONMENT, source="session"),
    Attribute(
        "mfa_methods",
        AttributeKind.STRING_SET,
        _("Ways of signing in"),
        AttributeCategory.ENVIRONMENT,
        source="session",
    ),
    Attribute(
        "step_up_age",
        AttributeKind.INTEGER,
        _("Seconds since identity was confirmed"),
        AttributeCategory.ENVIRONMENT,
        source="session",
    ),
    Attribute("address", AttributeKind.IP, _("Network address"), AttributeCategory.ENVIRONMENT, source="session"),
    Attribute(
        "network",
        AttributeKind.STRING,
        _("Network"),
        AttributeCategory.ENVIRONMENT,
        values=("loopback", "private", "public"),
        source="session",
    ),
    Attribute("time", AttributeKind.DATETIME, _("Time"), AttributeCategory.ENVIRONMENT, source="session"),
)

ATTRIBUTES = (*_ABOUT_PEOPLE, *_ABOUT_ROOMS, *_CIRCUMSTANCES)


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    kind: SourceKind
    freshness_minutes: int = 0


SOURCES = (
    Source(MANUAL, SourceKind.MANUAL),
    Source(POSTURE, SourceKind.DEVICE, POSTURE_FRESH_MINUTES),
)
