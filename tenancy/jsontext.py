"""JSON from outside, read so that neither the reader nor the database comes to harm by it."""

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 20
"""Nothing of ours nests deeper than about half of this."""
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL cannot keep in a text: NUL, and half of a surrogate pair."""

_LONGEST_NUMBER = 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class JsonTextError(ValueError):
    """A text that is JSON, but none that is taken."""


def read_json(text: str) -> Any:
    """The value that a text says.

    Raises ValueError: it is no JSON (JSONDecodeError), nests deeper than DEEPEST, or holds what is no number of JSON.
    """
    _refuse_deep(text)
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)


def read_storable_json(text: str) -> Any:
    """As `read_json`, for what is kept as it is. Raises ValueError, also for texts that the database cannot keep."""
    value = read_json(text)
    if "\\u" in text or UNREADABLE.search(text):
        _refuse_unstorable(value)
    return value


def _refuse_deep(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        depth += (first in "[{") - (first in "]}")
        if depth > DEEPEST:
            raise JsonTextError(f"nested more than {DEEPEST} deep")


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, str) and UNREADABLE.search(value):
        raise JsonTextError("a text holds NUL or half of a character")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for one in value:
            _refuse_unstorable(one)


def _refuse_constant(name: str) -> NoReturn:
    raise JsonTextError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise JsonTextError("a number is too large")
    return number


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise JsonTextError("a number is too large")
    return int(digits)
