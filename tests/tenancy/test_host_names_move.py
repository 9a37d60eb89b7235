"""Host names of an older database move to a table of their own, or it is said which of them cannot."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import CommandError

from tenancy.actor import new_id
from tests import boot

migration = import_module("tenancy.migrations.0003_host_names")

_OLD_TABLE = "create table moves.tenancy_workspace (id uuid, slug text, hosts varchar(253)[])"
_WORKSPACE = "insert into moves.tenancy_workspace values (%s, %s, %s)"


@pytest.fixture
def older():
    """The one table that the migration looks at, as it was before; gone when the test ends."""
    with boot.admin(boot.DATABASE) as connection, connection.transaction(force_rollback=True):
        connection.execute("create schema moves")
        connection.execute("set local search_path = moves")
        connection.execute(_OLD_TABLE)
        yield connection


def refuse(connection) -> None:
    migration.refuse_unfit_names(None, SimpleNamespace(connection=connection))


def test_names_that_nobody_shares_may_move(older):
    older.execute(_WORKSPACE, [new_id(), "north", ["chat.example.org", "talk.example.org"]])
    older.execute(_WORKSPACE, [new_id(), "south", []])

    refuse(older)


def test_each_name_that_cannot_move_is_told_with_its_workspaces_and_the_remedy(older):
    older.execute(_WORKSPACE, [new_id(), "north", ["chat.example.org", "Talk.Example.org", "10.0.0.1:80"]])
    older.execute(_WORKSPACE, [new_id(), "south", ["chat.example.org"]])

    with pytest.raises(CommandError) as refused:
        refuse(older)

    told = str(refused.value)
    assert "'chat.example.org' is held more than once: north, south" in told
    assert "'Talk.Example.org' is no host name in small letters: north" in told
    remedy = told.splitlines()[-1].strip()
    assert remedy.startswith("update tenancy_workspace set hosts = array_remove(hosts, '10.0.0.1:80')")
    assert older.execute(remedy).rowcount == 1


def test_a_name_held_twice_by_one_workspace_is_told_too(older):
    older.execute(_WORKSPACE, [new_id(), "north", ["chat.example.org", "chat.example.org"]])

    with pytest.raises(CommandError, match="held more than once: north, north"):
        refuse(older)
