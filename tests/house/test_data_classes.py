"""`docs/data-classes.md` says of every column how it stands there, and is held to the database's catalogue (R21)."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings

from tests import boot

PAGE = Path(settings.BASE_DIR) / "docs" / "data-classes.md"
CLASSES = ("sealed", "hashed", "clear", "by rule")
WORDLESS = {"uuid", "uuid[]", "timestamp with time zone", "boolean", "smallint", "integer", "bigint", "xid8"}
SUMS = {"bytea", "character varying(19)", "character varying(64)", "character varying(128)"}
"""The types of what is good for comparing alone."""

Column = tuple[str, str]
"""Table and name."""

_TYPES = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'v', 'f') and not c.relispartition
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A column as the page tells of it."""

    column: Column
    kind: str


def told_in(page: str) -> list[Told]:
    """Every column of the page. What is said in words after a name is for people."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", page, flags=re.MULTILINE)
    return [
        Told((table, name), kind)
        for table, cells in rows
        for kind, cell in zip(CLASSES, cells.split("|"), strict=True)
        for part in cell.split(";")
        for name in re.findall(r"`(\w+)`", part.partition(":")[0])
    ]


def types_in(database: psycopg.Connection) -> dict[Column, str]:
    return {(table, name): kind for table, name, kind in database.execute(_TYPES).fetchall()}


def listed() -> set[Column]:
    """Columns of text that hold one word out of a fixed list."""
    fields = [(model, field) for model in apps.get_models() for field in model._meta.local_fields if field.choices]
    return {(model._meta.db_table, field.column) for model, field in fields}


def faults(page: str, types: dict[Column, str]) -> list[str]:
    told = told_in(page)
    columns = [one.column for one in told]
    known = [one for one in told if one.column in types]
    return [
        *(f"{one} is not on the page" for one in types.keys() - set(columns)),
        *(f"{one} is not in the database" for one in set(columns) - types.keys()),
        *(f"{one} is told twice" for one in set(columns) if columns.count(one) > 1),
        *(f"{one.column} cannot be {one.kind}: {types[one.column]}" for one in known if not _may_be(one, types)),
    ]


def _may_be(one: Told, types: dict[Column, str]) -> bool:
    kind = types[one.column]
    return {
        "sealed": kind == "bytea",
        "hashed": kind in SUMS,
        "clear": True,
        "by rule": kind in WORDLESS or one.column in listed(),
    }[one.kind]


@pytest.mark.django_db
def test_the_page_tells_of_every_column_and_of_no_other():
    with boot.admin(boot.DATABASE) as database:
        types = types_in(database)

    assert len(types) > 300
    assert faults(PAGE.read_text(), types) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "alter table rooms_room add column note text",
        "alter table audit_event add column note uuid",
        "create table sample (note bytea)",
        "create view sample as select 1 as note",
    ],
)
def test_a_new_column_is_missed(statement):
    with boot.admin(boot.DATABASE) as database, database.transaction(force_rollback=True):
        database.execute(statement)
        found = faults(PAGE.read_text(), types_in(database))

    (fault,) = found
    assert "'note') is not on the page" in fault


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| `rooms_room` | | | `gone`: for a reason | |", "('rooms_room', 'gone') is not in the database"),
        ("| `rooms_room` | | | | `created_at` |", "('rooms_room', 'created_at') is told twice"),
    ],
)
def test_a_line_too_many_is_seen(row, fault):
    with boot.admin(boot.DATABASE) as database:
        types = types_in(database)

    assert faults(f"{PAGE.read_text()}\n{row}\n", types) == [fault]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("| `rooms_room` | `name` | | | |", "text"),
        ("| `rooms_room` | | `name` | | |", "text"),
        ("| `rooms_room` | | | | `name` |", "character varying(40)"),
        ("| `rooms_room` | | | | `name` |", "bytea"),
        ("| `rooms_room` | | | | `name` |", "jsonb"),
    ],
)
def test_a_column_of_another_kind_than_it_is_called_is_seen(row, kind):
    (fault,) = faults(row, {("rooms_room", "name"): kind})

    assert "cannot be" in fault
