"""How an event is classified: its family, its stores, what it must carry and what of that is personal.

Pure values, no Django. A kind is stated on the one line that declares its event in `audit.events`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_CODE = 200
MAX_PERSONAL = 4000
_NAME = re.compile(rf"[a-z0-9_:.\-]{{1,{MAX_CODE}}}\Z")
_CODE = re.compile(rf"[\x21-\x7e]{{1,{MAX_CODE}}}\Z")


class Unrecordable(ValueError):
    """The data of an event does not fit its kind: a defect of the caller, and the action fails with it."""


class Family(StrEnum):
    AUTHENTICATION = "authentication"
    CRYPTO_PROTOCOL = "crypto_protocol"
    PRIVILEGE = "privilege"
    ACCOUNT = "account"
    KEY_BACKUP = "key_backup"
    DATA_LIFECYCLE = "data_lifecycle"
    ROOM = "room"
    MESSAGE = "message"
    POLICY = "policy"
    SESSION = "session"
    CONSOLE = "console"
    SYSTEM = "system"


class Store(StrEnum):
    """A log of its own per workspace. Security is always on, compliance where entitled; decisions have their own."""

    SECURITY = "security"
    COMPLIANCE = "compliance"
    DECISION = "decision"


SECURITY = (Store.SECURITY,)
COMPLIANCE = (Store.COMPLIANCE,)
BOTH = (Store.SECURITY, Store.COMPLIANCE)


class Retention(StrEnum):
    """How long an entry is wanted; a store is pruned at the longest wish of what it holds."""

    OPERATIONS = "operations"
    RECORD = "record"
    EVIDENCE = "evidence"


RETENTION = {
    Family.AUTHENTICATION: Retention.RECORD,
    Family.CRYPTO_PROTOCOL: Retention.RECORD,
    Family.PRIVILEGE: Retention.EVIDENCE,
    Family.ACCOUNT: Retention.EVIDENCE,
    Family.KEY_BACKUP: Retention.EVIDENCE,
    Family.DATA_LIFECYCLE: Retention.EVIDENCE,
    Family.ROOM: Retention.RECORD,
    Family.MESSAGE: Retention.RECORD,
    Family.POLICY: Retention.EVIDENCE,
    Family.SESSION: Retention.RECORD,
    Family.CONSOLE: Retention.RECORD,
    Family.SYSTEM: Retention.OPERATIONS,
}

ADDRESS_KEPT = frozenset(
    {
        Family.AUTHENTICATION,
        Family.CRYPTO_PROTOCOL,
        Family.PRIVILEGE,
        Family.KEY_BACKUP,
        Family.DATA_LIFECYCLE,
        Family.SESSION,
        Family.CONSOLE,
    }
)
"""Families whose events keep the full address and agent, in the erasable body; the others keep the keyed hash alone."""


class Shape(Enum):
    """What a value of an event looks like. Only PERSONAL leaves the sealed entry for the erasable body."""

    ID = "id"
    IDS = "ids"
    CODE = "code"
    CODES = "codes"
    COUNT = "count"
    COUNTS = "counts"
    FLAG = "flag"
    MOMENT = "moment"
    DIGEST = "digest"
    PERSONAL = "personal"


ID, IDS, CODE, CODES, COUNT = Shape.ID, Shape.IDS, Shape.CODE, Shape.CODES, Shape.COUNT
COUNTS, FLAG, MOMENT, DIGEST, PERSONAL = Shape.COUNTS, Shape.FLAG, Shape.MOMENT, Shape.DIGEST, Shape.PERSONAL


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be left out."""

    shape: Shape


def maybe(shape: Shape) -> Maybe:
    return Maybe(shape)


COMMON = {"reason": Maybe(PERSONAL), "cause": Maybe(CODE), "decision_id": Maybe(ID)}
"""What every event may carry: a person's words, a machine's code, the decision that allowed or caused it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The classification of one event."""

    family: Family
    stores: tuple[Store, ...]
    fields: Mapping[str, Shape | Maybe] = field(hash=False)

    @property
    def retention(self) -> Retention:
        return RETENTION[self.family]

    @property
    def dual(self) -> bool:
        return len(self.stores) > 1

    @property
    def personal(self) -> frozenset[str]:
        return frozenset(name for name, shape in self.fields.items() if shape in (PERSONAL, Maybe(PERSONAL)))


def kind(family: Family, stores: tuple[Store, ...], /, **fields: Shape | Maybe) -> Kind:
    """Classify an event: its family, its stores, and the data it needs by name; `maybe(..)` may be absent."""
    return Kind(family, stores, {**COMMON, **fields})


def fit(of: Kind, name: str, data: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The data of an event as canonical values, split into what is sealed in clear and what is personal.

    Raises Unrecordable for an unknown name, a missing one, or a value of the wrong shape.
    """
    unknown = data.keys() - of.fields.keys()
    if unknown:
        raise Unrecordable(
            f"{name} does not carry {', '.join(sorted(unknown))}; it carries {', '.join(sorted(of.fields))}"
        )

    public: dict[str, object] = {}
    personal: dict[str, object] = {}
    for field_name, wanted in of.fields.items():
        shape = wanted.shape if isinstance(wanted, Maybe) else wanted
        value = data.get(field_name)
        if value is None or value == "":
            _refuse_absent(name, field_name, wanted)
            continue
        fitted = _fit_value(shape, value, f"{field_name} of {name}")
        (personal if shape is PERSONAL else public)[field_name] = fitted
    return public, personal


def _refuse_absent(name: str, field_name: str, wanted: Shape | Maybe) -> None:
    if not isinstance(wanted, Maybe):
        raise Unrecordable(f"{name} needs {field_name}")


def microseconds(moment: datetime) -> str:
    """A moment as decimal microseconds since 1970; text, since JSON numbers end at 2^53 (RFC 8785 §3.2.2.3)."""
    return str((moment - EPOCH) // timedelta(microseconds=1))


def _fit_value(shape: Shape, value: object, where: str) -> object:
    try:
        return _FITS[shape](value)
    except (TypeError, ValueError, AttributeError) as error:
        raise Unrecordable(f"{where} must be {_WORDS[shape]}: {error}") from error


def _id(value: object) -> str:
    return str(value if isinstance(value, UUID) else UUID(_text(value)))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"it is a {type(value).__name__}")
    return str(value)


def _code(value: object) -> str:
    text = _text(value)
    if not _CODE.match(text):
        raise ValueError("a code is printable ASCII without blanks; a person's words go into a personal field")
    return text


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**53) < value < 2**53:
        raise TypeError("it is not a whole number below 2^53")
    return int(value)


def _counts(value: object) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise TypeError(f"it is a {type(value).__name__}")
    return {_name(name): _count(number) for name, number in value.items()}


def _name(value: object) -> str:
    text = _text(value).lower()
    if not _NAME.match(text):
        raise ValueError("a name is made of a-z, 0-9 and _:.-")
    return text


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"it is a {type(value).__name__}")
    return value


def _moment(value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("it has no time zone or is no time")
    return microseconds(value)


def _digest(value: object) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return bytes.fromhex(_text(value)).hex()


def _personal(value: object) -> str:
    text = _text(value)
    if len(text) > MAX_PERSONAL:
        raise ValueError(f"it is longer than {MAX_PERSONAL} characters")
    text.encode()
    return text


def _many(one: Callable[[object], str]) -> Callable[[object], list[str]]:
    def fit_many(values: object) -> list[str]:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError(f"it is a {type(values).__name__}")
        return [one(value) for value in values]

    return fit_many


_FITS: dict[Shape, Callable[[object], object]] = {
    Shape.ID: _id,
    Shape.IDS: _many(_id),
    Shape.CODE: _code,
    Shape.CODES: _many(_code),
    Shape.COUNT: _count,
    Shape.COUNTS: _counts,
    Shape.FLAG: _flag,
    Shape.MOMENT: _moment,
    Shape.DIGEST: _digest,
    Shape.PERSONAL: _personal,
}
_WORDS = {
    Shape.ID: "an id",
    Shape.IDS: "ids",
    Shape.CODE: "a code",
    Shape.CODES: "codes",
    Shape.COUNT: "a count",
    Shape.COUNTS: "counts by code",
    Shape.FLAG: "true or false",
    Shape.MOMENT: "a moment with a time zone",
    Shape.DIGEST: "bytes or their hexadecimal form",
    Shape.PERSONAL: "text",
}
