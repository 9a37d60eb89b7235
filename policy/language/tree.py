"""A condition as a frozen tree: how it is built, printed, and hashed.

Two texts that differ in white space, in the case of keywords and names, in the spelling of values, or in the order of
what `AND`, `OR` and a set put side by side have one hash (R6). The tree itself keeps the author's order, so that
printing gives back what was written.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from policy.language.definitions import RESERVED, Category
from policy.language.operators import TAKES_SET, Operator

REFERENCE_PATTERN = r"(?:subject|resource|environment)\.[A-Za-z][A-Za-z0-9_-]*"
WORD_PATTERN = r"[\w:+-][\w.:/@+-]*"

_WORD = re.compile(WORD_PATTERN)
_REFERENCE = re.compile(REFERENCE_PATTERN, re.IGNORECASE)
_SUBJECT = f"{Category.SUBJECT}."


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition: an attribute, an operator, and either canonical values or another attribute.

    Made by `checks.comparison`, which knows the definitions; names are qualified, values sorted.
    """

    attribute: str
    operator: Operator
    values: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Negation:
    """True where its part is false; unknown stays unknown."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """True where all of its two or more parts are."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """True where at least one of its two or more parts is."""

    parts: tuple["Node", ...]


Node = Comparison | Negation | Every | Either
_Group = TypeVar("_Group", Every, Either)


def every(*parts: Node) -> Node:
    """All of these; a group inside a group of its kind dissolves."""
    return _grouped(Every, parts)


def either(*parts: Node) -> Node:
    """Any of these; a group inside a group of its kind dissolves."""
    return _grouped(Either, parts)


def _grouped(group: type[_Group], parts: tuple[Node, ...]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, group) else (part,))
    return flat[0] if len(flat) == 1 else group(tuple(flat))


def comparisons(node: Node) -> Iterator[Comparison]:
    """Every condition in the tree, from left to right."""
    match node:
        case Comparison():
            yield node
        case Negation(part):
            yield from comparisons(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from comparisons(part)


def reads(node: Node) -> frozenset[str]:
    """The qualified names of all attributes that the condition looks at."""
    return frozenset(name for one in comparisons(node) for name in (one.attribute, one.reference) if name is not None)


def print_text(node: Node) -> str:
    """The condition as text. Parsing it gives the same tree, and printing that gives the same text."""
    match node:
        case Comparison():
            return _print_comparison(node)
        case Negation(part):
            return f"NOT {_inside(part, Every, Either)}"
        case Every(parts):
            return " AND ".join(_inside(part, Either) for part in parts)
        case Either(parts):
            return " OR ".join(_inside(part) for part in parts)


def _inside(node: Node, *looser: type[Every | Either]) -> str:
    text = print_text(node)
    return f"({text})" if isinstance(node, looser) else text


def _print_comparison(comparison: Comparison) -> str:
    left = f"{comparison.attribute.removeprefix(_SUBJECT)} {comparison.operator}"
    if comparison.operator is Operator.PRESENT:
        return left
    if comparison.reference is not None:
        return f"{left} {comparison.reference}"
    if comparison.operator in TAKES_SET:
        return f"{left} {{{', '.join(print_value(value) for value in comparison.values)}}}"
    return f"{left} {print_value(comparison.values[0])}"


def print_value(value: str) -> str:
    """A bare word where that is unmistakable, else in quotation marks."""
    if _WORD.fullmatch(value) and not _REFERENCE.fullmatch(value) and value.lower() not in RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


Form = Sequence["str | Form | None"]


def canonical_form(node: Node) -> Form:
    """The tree as JSON with every free choice taken away: the one form that is hashed."""
    match node:
        case Comparison(attribute, operator, values, reference):
            return [str(operator), attribute, reference, [*sorted(set(values))]]
        case Negation(Negation(part)):
            return canonical_form(part)
        case Negation(part):
            return ["not", canonical_form(part)]
        case Every(parts):
            return _canonical_group("and", parts)
        case Either(parts):
            return _canonical_group("or", parts)


def _canonical_group(word: str, parts: tuple[Node, ...]) -> Form:
    forms: dict[str, Form] = {}
    for form in map(canonical_form, parts):
        inner = form[1:] if form[0] == word else [form]
        forms |= {canonical_json(part): part for part in inner if isinstance(part, list)}
    if len(forms) == 1:
        return next(iter(forms.values()))
    return [word, *(forms[key] for key in sorted(forms))]


def canonical_json(form: object) -> str:
    """JSON in one spelling: sorted keys, no spaces, no escapes that are not needed."""
    return json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(form: object) -> str:
    return hashlib.sha256(canonical_json(form).encode()).hexdigest()


def content_hash(node: Node) -> str:
    """SHA-256 over the canonical syntax tree, in hexadecimal."""
    return digest(canonical_form(node))
