"""What an attribute is: its name, whom it is about, its type, the one canonical form of each of its values (PO-1)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType

from policy.language.errors import DefinitionError, UnknownAttributeError, ValueRefusedError
from policy.language.values import (
    ABSENT,
    LARGEST_SET,
    Unknown,
    UnreadableError,
    Value,
    in_one_case,
    read_address,
    read_integer,
    read_network,
    read_time,
    spelling_key,
    tidy,
    write_network,
    write_time,
)


class Category(StrEnum):
    """Whom or what an attribute is about."""

    SUBJECT = "subject"
    RESOURCE = "resource"
    ENVIRONMENT = "environment"


class Kind(StrEnum):
    """The type of an attribute."""

    STRING = "string"
    STRING_SET = "string_set"
    RANK = "rank"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DATETIME = "datetime"
    IP = "ip"


class Case(StrEnum):
    """How an unlisted text is written in canonical form. `EXACT` keeps upper and lower case apart."""

    UPPER = "upper"
    LOWER = "lower"
    EXACT = "exact"


PYTHON_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.STRING_SET: (frozenset,),
    Kind.RANK: (str,),
    Kind.BOOLEAN: (bool,),
    Kind.INTEGER: (int,),
    Kind.DATETIME: (datetime,),
    Kind.IP: (IPv4Address, IPv6Address),
}
"""The exact types of canonical values: a fact of any other type counts as unknown."""

RESERVED = frozenset({"and", "or", "not", "in", "any_of", "all_of", "before", "after", "present", *Category})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TRUTHS = ("false", "true")
_LISTABLE = frozenset({Kind.STRING, Kind.STRING_SET, Kind.RANK})
_FEWEST_LEVELS = 2


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """An attribute that conditions may read.

    `values` are the levels of a rank from low to high, or the closed list of a text; empty means that any text will
    do. `aliases` are further spellings (`{"TS": "TOP_SECRET"}`). A listed value is recognised however it is
    capitalised and spaced; an unlisted text is only brought to one `case`, because two names of a foreign source may
    differ by a hyphen. `phrase` says a membership in words: `"Assigned to program {values}"`.

    Raises:
        DefinitionError: where two values or aliases would be one and the same spelling.
    """

    name: str
    kind: Kind
    category: Category = Category.SUBJECT
    values: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    case: Case = Case.UPPER
    label: str = ""
    phrase: str = ""
    spellings: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise DefinitionError(
                "This cannot be the name of an attribute.",
                "Use up to 60 small letters, digits and underscores, beginning with a letter, and no keyword.",
                field="name",
            )
        keep = object.__setattr__
        keep(self, "kind", Kind(self.kind))
        keep(self, "category", Category(self.category))
        keep(self, "case", Case(self.case))
        keep(self, "values", tuple(_tidied(value, "values") for value in self.values))
        keep(self, "aliases", MappingProxyType(dict(self.aliases)))
        keep(self, "label", self.label or self.name.replace("_", " ").capitalize())
        keep(self, "spellings", MappingProxyType(_spellings(self)))

    @property
    def qualified(self) -> str:
        return f"{self.category}.{self.name}"

    @property
    def closed(self) -> bool:
        """Whether only listed values exist."""
        return bool(self.values) or self.kind is Kind.BOOLEAN

    def canonical(self, raw: object) -> Value:
        """The canonical form of a fact, or a refusal. An empty set is absent: it says nothing about anybody.

        Raises:
            ValueRefusedError: the value lies outside the definition; the error never repeats it.
        """
        try:
            return _READERS[self.kind](self, raw)
        except UnreadableError as unreadable:
            raise self._refusal(unreadable) from None

    def literal(self, text: str) -> str:
        """The canonical text of a value that a condition names.

        Raises:
            ValueRefusedError: the value lies outside the definition.
        """
        try:
            return _WRITERS[self.kind](self, text)
        except UnreadableError as unreadable:
            raise self._refusal(unreadable) from None

    def fact(self, raw: object) -> Value:
        """The canonical form of a stored fact, for judging: what cannot be read is unknown, never false (R7)."""
        if raw is None:
            return ABSENT
        if isinstance(raw, Unknown) or raw is ABSENT:
            return raw
        try:
            return self.canonical(raw)
        except ValueRefusedError:
            return Unknown.MALFORMED

    def _refusal(self, unreadable: UnreadableError) -> ValueRefusedError:
        return ValueRefusedError(
            unreadable.problem, unreadable.remedy, field=self.qualified, values=", ".join(self.values)
        )


def _spellings(definition: AttributeDefinition) -> dict[str, str]:
    """Every spelling of a listed value or alias, to the canonical form."""
    if definition.values and definition.kind not in _LISTABLE:
        raise DefinitionError("This type has no list of values.", "Leave the list empty.", field="values")
    if definition.kind is Kind.RANK and len(definition.values) < _FEWEST_LEVELS:
        raise DefinitionError("A rank needs levels.", "List at least two values, the lowest first.", field="values")
    known: dict[str, str] = {}
    for value in _TRUTHS if definition.kind is Kind.BOOLEAN else definition.values:
        _add(known, _key(definition, value), value, "values")
    for alias, value in definition.aliases.items():
        key = _key(definition, _tidied(value, "aliases"))
        target = known.get(key) if definition.closed else key
        if target is None:
            raise DefinitionError("An alias stands for a value that is not listed.", "List it.", field="aliases")
        _add(known, _key(definition, _tidied(alias, "aliases")), target, "aliases")
    return known


def _tidied(text: str, place: str) -> str:
    try:
        return tidy(text)
    except UnreadableError as unreadable:
        raise DefinitionError(unreadable.problem, unreadable.remedy, field=place) from None


def _add(known: dict[str, str], key: str, value: str, place: str) -> None:
    if not key or key in known:
        raise DefinitionError("Two values have the same spelling.", "Keep one of them.", field=place)
    known[key] = value


def _key(definition: AttributeDefinition, text: str) -> str:
    return spelling_key(text) if definition.closed else _in_case(definition, text)


def _in_case(definition: AttributeDefinition, text: str) -> str:
    if definition.case is Case.EXACT:
        return text
    folded = in_one_case(text)
    return folded if definition.case is Case.LOWER else _upper(folded)


def _upper(folded: str) -> str:
    """Upper case that folds back to what it came from, so that it is as canonical as the folded form."""
    upper = folded.upper()
    return upper if in_one_case(upper) == folded else folded


def _read_text(definition: AttributeDefinition, raw: object) -> str:
    text = tidy(raw)
    if not definition.closed:
        text = _in_case(definition, text)
        return definition.spellings.get(text, text)
    value = definition.spellings.get(spelling_key(text))
    if value is None:
        raise UnreadableError("The value is not one of those listed.", "Use one of: {values}.")
    return value


def _read_set(definition: AttributeDefinition, raw: object) -> Value:
    members = [raw] if isinstance(raw, str) else raw
    if not isinstance(members, list | tuple | set | frozenset):
        raise UnreadableError("A list of texts was expected.", "Give a list of texts.")
    if len(members) > LARGEST_SET:
        raise UnreadableError("The list is too long.", f"Use at most {LARGEST_SET} values.")
    return frozenset(_read_text(definition, member) for member in members) or ABSENT


def _read_boolean(definition: AttributeDefinition, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    try:
        return _read_text(definition, raw) == "true"
    except UnreadableError:
        raise UnreadableError("Yes or no was expected.", "Write true or false.") from None


_READERS: dict[Kind, Callable[[AttributeDefinition, object], Value]] = {
    Kind.STRING: _read_text,
    Kind.STRING_SET: _read_set,
    Kind.RANK: _read_text,
    Kind.BOOLEAN: _read_boolean,
    Kind.INTEGER: lambda _, raw: read_integer(raw),
    Kind.DATETIME: lambda _, raw: read_time(raw),
    Kind.IP: lambda _, raw: read_address(raw),
}

_WRITERS: dict[Kind, Callable[[AttributeDefinition, str], str]] = {
    Kind.STRING: _read_text,
    Kind.STRING_SET: _read_text,
    Kind.RANK: _read_text,
    Kind.BOOLEAN: lambda definition, text: _TRUTHS[_read_boolean(definition, text)],
    Kind.INTEGER: lambda _, text: str(read_integer(text)),
    Kind.DATETIME: lambda _, text: write_time(read_time(text)),
    Kind.IP: lambda _, text: write_network(read_network(text)),
}


class Vocabulary(Mapping[str, AttributeDefinition]):
    """The attributes that a workspace's policy may read, by qualified name; frozen."""

    __slots__ = ("_definitions",)

    def __init__(self, *definitions: AttributeDefinition) -> None:
        known = {definition.qualified: definition for definition in definitions}
        if len(known) < len(definitions):
            raise DefinitionError("Two attributes have the same name.", "Keep one of them.", field="name")
        self._definitions = MappingProxyType(known)

    def __getitem__(self, qualified: str) -> AttributeDefinition:
        return self._definitions[qualified]

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)

    def resolve(self, spelled: str) -> AttributeDefinition:
        """The attribute that a name means; without a prefix it is one of the subject.

        Raises:
            UnknownAttributeError: nothing of that name is defined.
        """
        name = spelled.strip().lower().replace("-", "_")
        qualified = name if name.partition(".")[0] in RESERVED and "." in name else f"{Category.SUBJECT}.{name}"
        definition = self._definitions.get(qualified)
        if definition is not None:
            return definition
        close = get_close_matches(qualified[:80], self._definitions, n=1, cutoff=0.5)
        raise UnknownAttributeError(
            "No attribute of this name is defined.",
            "Did you mean {close}?" if close else "Define the attribute first.",
            field=qualified[:80],
            close=close[0] if close else "",
        )

    def facts(self, category: Category, raw: Mapping[str, object]) -> dict[str, Value]:
        """Everything known in one category, by qualified name, from a source that was asked for all of it.

        So a defined attribute that is missing here is absent; what cannot be trusted must be handed in as `Unknown`.
        A fact without a definition does not count.
        """
        return {
            qualified: definition.fact(raw.get(definition.name))
            for qualified, definition in self._definitions.items()
            if definition.category is category
        }
