"""The product's own sources, as the tests of the house read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOORS = frozenset(
    {"admin", "api", "commands", "console", "consumers", "middleware", "receivers", "routing", "tasks", "urls", "views"}
)
"""Names of modules and folders by which the outside comes in."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def modules() -> Iterator[Path]:
    """Every module of the nine packages, without migrations."""
    for package in settings.HOUSE:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_door(path: Path) -> bool:
    return bool(DOORS & {*path.relative_to(ROOT).parts[1:-1], path.stem})


def members_used(enumeration: str, *, declared_in: frozenset[str]) -> dict[str, set[str]]:
    """Which members of an enumeration are named, and where: `Event.ROOM_CREATED` by its attribute."""
    used: dict[str, set[str]] = {}
    for path in modules():
        if named(path) in declared_in:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == enumeration:
                used.setdefault(node.attr, set()).add(named(path))
    return used
