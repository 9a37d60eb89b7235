"""What can be known of an attribute: a value in canonical form, that it is absent, or that nobody can tell (R5)."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

LONGEST_TEXT = 256
LARGEST_SET = 1_000
_LARGEST_INTEGER = 2**63 - 1


class Unknown(Enum):
    """Nobody can tell, and why. Not a text: an unknown fact never equals a value."""

    STALE_SOURCE = "stale_source"
    NEVER_SYNCED = "never_synced"
    EXPIRED = "expired"
    CONFLICTING = "conflicting"
    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"


class Absence(Enum):
    """The source is fresh and has no such fact: that is knowledge, and a comparison with it is false."""

    ABSENT = "absent"


ABSENT = Absence.ABSENT

type_of_address = IPv4Address | IPv6Address
type_of_network = IPv4Network | IPv6Network
KnownValue = str | frozenset[str] | bool | int | datetime | IPv4Address | IPv6Address
Value = KnownValue | Unknown | Absence
Facts = Mapping[str, Value]
"""Canonical values by qualified name (`subject.clearance`). A name that is missing here was never asked for: unknown.
"""


class UnreadableError(Exception):
    """A raw value cannot be read as what it should be; `problem` and `remedy` never contain it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters and marks that show nothing: fillers and variation selectors."""

_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode calls default ignorable (DerivedCoreProperties): a name looks the same with it and without."""

_GAP = re.compile(r"[\s_-]+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_TIME_REMEDY = "Write an RFC 3339 time with its offset, such as 2026-12-01T09:00:00Z."


def tidy(raw: object) -> str:
    """One spelling of a text: NFC, words parted by single spaces.

    Control, format and unassigned characters are refused: two values that look alike to a person must be alike.
    """
    if not isinstance(raw, str):
        raise UnreadableError("A text was expected.", "Give a text.")
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    if not text:
        raise UnreadableError("The text is empty.", "Give a value, or leave the attribute out.")
    if len(text) > LONGEST_TEXT:
        raise UnreadableError("The text is too long.", f"Use at most {LONGEST_TEXT} characters.")
    if _BLANK.search(text) or any(unicodedata.category(character) in _HIDDEN for character in text):
        raise UnreadableError("The text has invisible characters.", "Remove control and formatting characters.")
    return text


def shown(text: str) -> str:
    """The text without variation selectors, joiners and fillers, as two names are compared (Unicode §3.13.5)."""
    return _IGNORABLE.sub("", text)


def in_one_case(text: str) -> str:
    """The same for every way of writing upper and lower case and compatible characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown(text)).casefold())
    return " ".join(folded.split())


def spelling_key(text: str) -> str:
    """What spellings of one listed value have in common: `TOP_SECRET`, `top secret`, `Top-Secret`."""
    return _GAP.sub("_", in_one_case(text)).strip("_")


def read_integer(raw: object) -> int:
    if isinstance(raw, str) and _INTEGER.fullmatch(raw.strip()):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise UnreadableError("A whole number was expected.", "Write digits only, such as 42.")
    if abs(raw) > _LARGEST_INTEGER:
        raise UnreadableError("The number is too large.", "Use a number of at most 63 bits.")
    return int(raw)


def read_time(raw: object) -> datetime:
    """A point in time in UTC. A time without an offset is refused: it names no point in time."""
    if isinstance(raw, str) and _RFC3339.fullmatch(raw.strip()):
        try:
            raw = datetime.fromisoformat(raw.strip().upper())
        except ValueError:
            raise UnreadableError("There is no such time.", _TIME_REMEDY) from None
    if not isinstance(raw, datetime) or raw.tzinfo is None:
        raise UnreadableError("A time with its offset was expected.", _TIME_REMEDY)
    try:
        return raw.astimezone(UTC)
    except OverflowError:
        raise UnreadableError("The time is out of range.", _TIME_REMEDY) from None


def write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def read_address(raw: object) -> type_of_address:
    """An address; an IPv4 address in IPv6 clothing is the IPv4 address."""
    if isinstance(raw, str) and "%" not in raw:
        try:
            raw = ip_address(raw.strip())
        except ValueError:
            raw = None
    if isinstance(raw, IPv6Address) and raw.scope_id is None:
        return raw.ipv4_mapped or raw
    if isinstance(raw, IPv4Address):
        return raw
    raise UnreadableError("A network address was expected.", "Write an address such as 10.1.2.3 or 2001:db8::1.")


def read_network(text: str) -> type_of_network:
    """The addresses that a condition names: one address, or a prefix without host bits."""
    if "/" not in text:
        return ip_network(read_address(text))
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise UnreadableError(
            "A network prefix was expected.", "Write a prefix without host bits, such as 10.1.0.0/16."
        ) from None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise UnreadableError("This is IPv4 written as IPv6.", "Write the IPv4 prefix, such as 10.1.0.0/16.")
    return network


def write_network(network: type_of_network) -> str:
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return str(network)
