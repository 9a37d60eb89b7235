"""The obligations that a rule may carry, and which of two is the stricter. How each is met is the PEP's affair."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from policy.language.definitions import Vocabulary
from policy.language.errors import DocumentError, PolicyLanguageError
from policy.types import Obligation

MARKING = "resource.marking"


class Strictest(Enum):
    """Which of several parameters is the strictest."""

    LEAST = auto()
    MOST = auto()
    HIGHEST_MARKING = auto()
    ALL_TOGETHER = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an obligation can be told. One that has no default and is not required may be left out."""

    strictest: Strictest
    default: str | int | None = None
    required: bool = False


OBLIGATIONS: Mapping[str, Mapping[str, Parameter]] = {
    "redact": {"profile": Parameter(Strictest.ALL_TOGETHER, default="all")},
    "step_up": {
        "max_age": Parameter(Strictest.LEAST, default=300),
        "strength": Parameter(Strictest.MOST, default=1),
    },
    "require_marking": {"marking": Parameter(Strictest.HIGHEST_MARKING)},
    "watermark": {},
    "no_download": {},
    "notify": {"whom": Parameter(Strictest.ALL_TOGETHER, required=True)},
    "dual_control": {"approvals": Parameter(Strictest.MOST, default=1)},
    "expire_after": {"seconds": Parameter(Strictest.LEAST, required=True)},
}
"""Name, parameters, and what makes one stricter. `max_age` and `seconds` are seconds."""

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_LARGEST = 366 * 24 * 3600


def obligation(name: str, params: Mapping[str, object], vocabulary: Vocabulary) -> Obligation:
    """An obligation in canonical form, with its defaults filled in.

    Raises:
        DocumentError: no such obligation or parameter, or one that is missing or out of range.
    """
    known = OBLIGATIONS.get(name)
    if known is None:
        raise DocumentError(
            "There is no such obligation.", "Use one of: {names}.", field="name", names=", ".join(OBLIGATIONS)
        )
    if strange := params.keys() - known.keys():
        raise DocumentError(
            "The obligation {name} has no such parameter.",
            "Leave it out.",
            field=min(map(str, strange))[:60],
            name=name,
        )
    given: list[tuple[str, str | int]] = []
    for key in sorted(known):
        value = params.get(key, known[key].default)
        if value is not None:
            given.append((key, _canonical(key, known[key], value, vocabulary)))
        elif known[key].required:
            raise DocumentError("The obligation {name} needs it.", "Give a value.", field=key, name=name)
    return Obligation(name, tuple(given))


def _canonical(key: str, parameter: Parameter, value: object, vocabulary: Vocabulary) -> str | int:
    if parameter.strictest in (Strictest.LEAST, Strictest.MOST):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
            raise DocumentError("A whole number from 1 is needed.", "Give one.", field=key)
        return value
    if not isinstance(value, str):
        raise DocumentError("A text is needed.", "Give one.", field=key)
    if parameter.strictest is Strictest.HIGHEST_MARKING:
        return marking(value, vocabulary, key)
    words = {word.strip() for word in value.split(",")}
    if not all(_WORD.fullmatch(word) for word in words):
        raise DocumentError("A list of short names is needed.", "Use letters, digits, - and _.", field=key)
    return ",".join(sorted(words))


def marking(value: str, vocabulary: Vocabulary, field: str) -> str:
    """The canonical form of a marking. One that is not defined would never apply, and nobody would notice.

    Raises:
        PolicyLanguageError: no markings are defined, or this is none of them.
    """
    definition = vocabulary.get(MARKING)
    if definition is None:
        raise DocumentError("No markings are defined.", "Define resource.marking first.", field=field)
    try:
        return definition.literal(value)
    except PolicyLanguageError as refusal:
        raise refusal.located(field=field) from None


def unite(obligations: Iterable[Obligation], markings: Sequence[str] = ()) -> tuple[Obligation, ...]:
    """One obligation of each name, with the strictest of all parameters; sorted by name."""
    united: dict[str, dict[str, str | int]] = {}
    for one in obligations:
        params = united.setdefault(one.name, {})
        for key, value in one.params:
            parameter = OBLIGATIONS[one.name][key]
            params[key] = _stricter(parameter.strictest, params[key], value, markings) if key in params else value
    return tuple(Obligation(name, tuple(sorted(united[name].items()))) for name in sorted(united))


def _stricter(strictest: Strictest, one: str | int, other: str | int, markings: Sequence[str]) -> str | int:
    match strictest:
        case Strictest.LEAST:
            return min(int(one), int(other))
        case Strictest.MOST:
            return max(int(one), int(other))
        case Strictest.HIGHEST_MARKING:
            return max(str(one), str(other), key=lambda held: _level(held, markings))
        case Strictest.ALL_TOGETHER:
            return ",".join(sorted({*str(one).split(","), *str(other).split(",")}))


def _level(marking: str, markings: Sequence[str]) -> int:
    """A marking that no longer exists counts as higher than any that does."""
    return markings.index(marking) if marking in markings else len(markings)
