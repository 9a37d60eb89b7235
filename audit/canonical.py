"""The one byte form of an entry: RFC 8785 (JCS), where sorted, compact JSON already is JCS.

Keys are `[a-z0-9_:.-]` ASCII, values are text, true, false, null, whole numbers below 2^53, lists and objects of these.
Floats and other keys are refused, because there JCS and plain JSON differ; lone surrogates have no UTF-8 form.
"""

import json
import re
from collections.abc import Mapping

import orjson

_KEY = re.compile(r"[a-z0-9_:.\-]+\Z")
_LIMIT = 2**53


class NotCanonical(ValueError):
    """A value that has no place in an entry."""


def canonical(value: object) -> bytes:
    """The canonical bytes of a value. Raises NotCanonical outside the restricted set."""
    _check(value, "$")
    return canonical_of_checked(value)


def canonical_of_checked(value: object) -> bytes:
    """The canonical bytes of a value whose every part is known to be in the restricted set."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(str(error)) from error


def parse(data: bytes) -> object:
    """The value behind canonical bytes. Raises NotCanonical unless they are exactly what `canonical` would write."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise NotCanonical(str(error)) from error
    if canonical(value) != data:
        raise NotCanonical("the bytes are not in canonical form")
    return value


def _check(value: object, where: str) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -_LIMIT < value < _LIMIT:  # type: ignore[operator]
            raise NotCanonical(f"{where} is a number of 2^53 or more; write it as text")
        return
    if kind is dict:
        _check_object(value, where)  # type: ignore[arg-type]
        return
    if kind is list or kind is tuple:
        for position, item in enumerate(value):  # type: ignore[arg-type, var-annotated]
            _check(item, f"{where}[{position}]")
        return
    raise NotCanonical(f"{where} is a {kind.__name__}")


def _check_object(value: Mapping[object, object], where: str) -> None:
    for key, item in value.items():
        if type(key) is not str or not _KEY.match(key):
            raise NotCanonical(f"{where} has the key {key!r}; keys are lower-case ASCII")
        _check(item, f"{where}.{key}")
