"""Doors call verbs and change nothing themselves (house law 1): neither by the ORM nor by SQL."""

import ast
import re

import pytest

from tests.house.sources import is_door, modules, named, tree

ALWAYS = frozenset({"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete"})
ON_ROWS = frozenset({"update", "add", "set", "remove", "clear"})
"""Verbs that dictionaries and sets have as well: they write if a manager or a query is in the chain."""
ROWS = re.compile(r"objects|everywhere|filter\(|exclude\(|all\(\)|_set\b")
SQL = re.compile(r"\s*(insert|update|delete|truncate|alter|create|drop|grant|copy)\b", re.IGNORECASE)
NOT_A_ROW = {
    ("accounts/middleware.py", "request.session.save()"): "the session store writes its own sealed row",
    ("chatapp/management/commands/prepare.py", "keyfile.create()"): "makes the key file",
}


def writes(module: ast.Module) -> list[str]:
    """Every call in a module that changes rows."""
    return [ast.unparse(node) for node in ast.walk(module) if isinstance(node, ast.Call) and _writes(node)]


def _writes(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    verb, receiver = call.func.attr, ast.unparse(call.func.value)
    if verb in ("execute", "executemany", "raw"):
        first = call.args[0] if call.args else None
        return isinstance(first, ast.Constant) and bool(SQL.match(str(first.value)))
    return verb in ALWAYS or (verb in ON_ROWS and bool(ROWS.search(receiver)))


def test_no_door_writes():
    found = [(named(path), text) for path in modules() if is_door(path) for text in writes(tree(path))]

    assert [one for one in found if one not in NOT_A_ROW] == []
    assert NOT_A_ROW.keys() <= set(found), "an exception that nobody needs any more"


def test_there_are_doors():
    doors = {named(path) for path in modules() if is_door(path)}

    assert {
        "rooms/consumers.py",
        "rooms/tasks.py",
        "rooms/receivers.py",
        "accounts/api.py",
        "accounts/views.py",
    } <= doors


@pytest.mark.parametrize(
    "sample",
    [
        "room.save()",
        "Room.objects.create(name='x')",
        "Room.objects.filter(id=1).update(name='x')",
        "Room.objects.filter(id=1).delete()",
        "Room.objects.bulk_create(rows)",
        "Room.objects.get_or_create(id=1)",
        "user.groups.set([]) if user.groups.all().set([]) else None",
        "cursor.execute('update rooms_room set name = 1')",
        "cursor.execute(' DELETE from rooms_room')",
    ],
)
def test_a_door_that_writes_is_seen(sample):
    assert writes(ast.parse(sample))


@pytest.mark.parametrize("sample", ["named.update(others)", "seen.add(1)", "cursor.execute('select 1')", "event.set()"])
def test_what_changes_no_row_is_no_write(sample):
    assert writes(ast.parse(sample)) == []
