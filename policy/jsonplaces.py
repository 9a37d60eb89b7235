"""Where a place such as `rules[2].condition` stands in a JSON text, so that an editor can point at the line."""

import json
import re
from collections.abc import Iterator
from json.scanner import py_make_scanner  # type: ignore[attr-defined]

from tenancy.jsontext import read_json

_BLANK = re.compile(r"\s*")


def line_of(text: str, place: str) -> int:
    """The line, from 1, of the value at this place or of the nearest one around it; 0 where the text is no JSON."""
    try:
        read_json(text)
    except ValueError:
        return 0
    found = 1
    for path, start in _values(text):
        if place == path or (path and place.startswith((f"{path}.", f"{path}["))):
            found = text.count("\n", 0, start) + 1
    return found


def _values(text: str) -> Iterator[tuple[str, int]]:
    """Every value with its place and where it begins, outer ones before inner ones."""
    decoder = json.JSONDecoder()
    scan = py_make_scanner(decoder)

    def walk(path: str, start: int) -> Iterator[tuple[str, int]]:
        yield path, start
        if text[start] == "{":
            yield from _members(path, start)
        elif text[start] == "[":
            yield from _items(path, start)

    def _members(path: str, start: int) -> Iterator[tuple[str, int]]:
        at = _skip(text, start + 1)
        while text[at] != "}":
            key, at = scan(text, at)
            at = _skip(text, _skip(text, at) + 1)
            yield from walk(f"{path}.{key}" if path else str(key), at)
            at = _next(text, scan(text, at)[1])

    def _items(path: str, start: int) -> Iterator[tuple[str, int]]:
        at, index = _skip(text, start + 1), 0
        while text[at] != "]":
            yield from walk(f"{path}[{index}]", at)
            at, index = _next(text, scan(text, at)[1]), index + 1

    return walk("", _skip(text, 0))


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _next(text: str, at: int) -> int:
    """Behind the comma, or at the closing bracket."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
