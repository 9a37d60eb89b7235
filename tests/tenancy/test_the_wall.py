"""Row-level security from both sides: what a workspace has does not exist in another one, for any table (AD-1)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from time_machine import travel

from policy.actions import draft_policy_set
from policy.language.documents import FORMAT
from tenancy.actor import NOBODY, new_id
from tenancy.scoping import signed, within
from tests import boot

_TABLES = """
select relname from pg_class c
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relrowsecurity
   and has_table_privilege('cordon_app', oid, 'select')
   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id') order by relname
"""


def walled() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [name for (name,) in cursor.fetchall()]


def run(*statements: str, values: Sequence[object] = ()) -> int:
    """Execute them in a savepoint; the values are for the last one, whose count of rows is given."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements[:-1]:
            cursor.execute(statement)
        cursor.execute(statements[-1], values)
        return cursor.rowcount


def count(table: str, where: str = "true", *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table} where {where}", values)  # noqa: S608 - names of the catalogue
        return cursor.fetchone()[0]


def test_inside_a_workspace_no_table_shows_a_row_of_another_one(olympus, pluto):
    with within(olympus.id):
        mine = {table: count(table) for table in walled()}
        foreign = {table: count(table, "workspace_id <> %s", olympus.id) for table in walled()}
    with within(pluto.id):
        theirs = {table: count(table) for table in walled()}

    assert len(mine) > 30
    assert set(foreign.values()) == {0}
    assert mine["rooms_room"] == theirs["rooms_room"] == 2
    assert [table for table in mine if bool(mine[table]) != bool(theirs[table])] == []


def test_outside_every_workspace_no_table_shows_a_row(olympus, pluto):
    assert {table: count(table) for table in walled()} == dict.fromkeys(walled(), 0)
    assert count("tenancy_workspace") == 0


def seen_by_others_of_the_role() -> str:
    """The statement of this connection as any other session of the app role may read it."""
    pid = connection.connection.info.backend_pid
    with psycopg.connect(boot.DEPLOYMENT.database_url("app", boot.DATABASE)) as other:
        return other.execute("select query from pg_stat_activity where pid = %s", [pid]).fetchone()[0]


def test_the_signed_value_stands_in_no_statement_that_others_of_the_role_may_read(olympus):
    with within(olympus.id):
        announced = seen_by_others_of_the_role()
        with connection.cursor() as cursor:
            cursor.execute("select %s", ["as text"])
        spoken = seen_by_others_of_the_role()

    assert "app.workspace" in announced
    assert signed(olympus.id) not in announced
    assert "as text" in spoken


def test_no_row_can_be_moved_into_another_workspace(olympus, pluto):
    """By an update, wherever the app may update that column at all."""
    open_tables = []
    for table in walled():
        with within(olympus.id):
            held = count(table)
        try:
            with within(olympus.id):
                run(f"update {table} set workspace_id = %s", values=[pluto.id])  # noqa: S608 - names
        except DatabaseError:
            continue
        if held:
            open_tables.append(table)

    assert open_tables == []


@pytest.mark.parametrize("verb", ["update {} set id = id", "delete from {}"])
def test_no_row_of_another_workspace_can_be_changed_or_deleted(olympus, pluto, verb):
    touched = {}
    for table in walled():
        with within(olympus.id), suppress(DatabaseError):
            touched[table] = run(f"{verb.format(table)} where workspace_id = %s", values=[pluto.id])

    assert len(touched) > 20
    assert set(touched.values()) == {0}


FORGED = {
    "unsigned": "{theirs}",
    "without a seal": "{theirs}.",
    "with the seal of another": "{theirs}.{seal_of_mine}",
    "with a made-up seal": "{theirs}." + "0" * 64,
    "one digit short": "{theirs}.{short_seal}",
    "with a blank before it": " {theirs}.{seal}",
    "nonsense": "nonsense",
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_setting_that_this_deployment_has_not_signed_is_refused(olympus, pluto, forged):
    seal = signed(pluto.id).partition(".")[2]
    value = FORGED[forged].format(
        theirs=pluto.id, seal=seal, short_seal=seal[:-1], seal_of_mine=signed(olympus.id).partition(".")[2]
    )
    setting = f"select set_config('app.workspace', '{value}', true)"

    with within(olympus.id), pytest.raises(DatabaseError, match="not signed"):
        run(setting, "select count(*) from rooms_room")


def test_a_signature_opens_its_workspace_for_minutes_and_not_for_ever(olympus):
    values = {}
    for minutes in (4, 40):
        with travel(datetime.now(UTC) - timedelta(minutes=minutes)):
            values[minutes] = signed(olympus.id)

    with within(olympus.id):
        run("select set_config('app.workspace', %s, true)", values=[values[4]])
        assert count("rooms_room") == 2
    with within(olympus.id), pytest.raises(DatabaseError, match="too old"):
        run(f"select set_config('app.workspace', '{values[40]}', true)", "select count(*) from rooms_room")


def test_the_app_cannot_read_or_change_the_key_of_the_wall(olympus):
    for statement in ("select * from tenancy_wall_key", "update tenancy_wall_key set inner_key = ''"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_app_cannot_switch_the_wall_off(olympus):
    for statement in (
        "alter table rooms_room disable row level security",
        "set row_security = off",
        "set role cordon_owner",
    ):
        with pytest.raises(DatabaseError):
            run(statement, "select count(*) from rooms_room")


_CROSSING = """
select con.conrelid::regclass::text, con.conname
  from pg_constraint con
  join pg_class here on here.oid = con.conrelid join pg_class there on there.oid = con.confrelid
 where con.contype = 'f' and here.relrowsecurity and there.relrowsecurity and there.relname <> 'tenancy_workspace'
   and not here.relispartition and cardinality(con.conkey) = 1
   and not exists (
     select from pg_constraint pair where pair.contype = 'f' and pair.conrelid = con.conrelid
        and pair.confrelid = con.confrelid and con.conkey[1] = any(pair.conkey) and cardinality(pair.conkey) = 2
        and exists (select from pg_attribute a where a.attrelid = pair.conrelid and a.attnum = any(pair.conkey)
                      and a.attname = 'workspace_id')
        and exists (select from pg_attribute a where a.attrelid = pair.confrelid and a.attnum = any(pair.confkey)
                      and a.attname = 'workspace_id'))
"""


def crossing(database) -> list[tuple[str, str]]:
    return database.execute(_CROSSING).fetchall()


def test_every_foreign_key_stays_inside_its_workspace(db):
    """A plain one does not: row-level security is not asked when a key is checked (R35)."""
    with boot.admin(boot.DATABASE) as database:
        assert crossing(database) == []


def test_a_foreign_key_that_could_cross_would_be_found(db):
    sample = """
    create table sample (id uuid primary key, workspace_id uuid not null, room_id uuid references rooms_room (id));
    alter table sample enable row level security;
    """
    with boot.admin(boot.DATABASE) as database, database.transaction(force_rollback=True):
        database.execute(sample)

        assert crossing(database) == [("sample", "sample_room_id_fkey")]


def test_a_key_to_a_row_of_another_workspace_is_refused_by_the_database(olympus, pluto):
    there = pluto.rooms["titan"].id
    values = [new_id(), olympus.id, there, olympus.people["eve"].id]
    insert = (
        "insert into rooms_membership (id, workspace_id, room_id, user_id, role, state, sources, muted, favourite,"
        " joined_at, changed_at) values (%s, %s, %s, %s, 'owner', 'active', '{}', false, false, now(), now())"
    )

    with within(olympus.id), pytest.raises(IntegrityError):
        run("set constraints all immediate", insert, values=values)


NAMED = {
    "who gave a role": ("accounts_roleassignment", "assigned_by"),
    "who wrote a policy set": ("policy_policyset", "author_id"),
    "who approved it": ("policy_policyset", "approver_id"),
    "who deleted a message": ("rooms_message", "deleted_by_id"),
    "who set a requirement": ("rooms_requirementversion", "set_by"),
}


@pytest.mark.parametrize("what", NAMED)
def test_nobody_of_another_workspace_is_named_beside_a_row(olympus, pluto, what):
    table, column = NAMED[what]
    olympus.says("ada", "titan", "Margins hold.")
    draft_policy_set(olympus.actor("ada"), document={"format": FORMAT, "requirements": {}, "rules": []}, test_cases=[])

    naming = f"update {table} set {column} = %s"  # noqa: S608

    with within(olympus.id):
        assert run(naming, values=[olympus.people["ada"].id])
        assert run(naming, values=[NOBODY])
    with within(olympus.id), pytest.raises(IntegrityError, match="another workspace"):
        run(naming, values=[pluto.people["eve"].id])


def test_a_thread_hangs_on_no_message_of_another_workspace(olympus, pluto):
    message = pluto.says("ada", "titan", "Ours.")
    root = olympus.says("ada", "titan", "Margins hold.")
    olympus.says("ada", "titan", "They do.", reply_to=root.message_id)

    with within(olympus.id), pytest.raises(IntegrityError):
        run("set constraints all immediate", "update rooms_thread set root_id = %s", values=[message.message_id])


@pytest.mark.parametrize("change", ["value = 0", "value = value", "key = gen_random_uuid(), value = value + 1"])
def test_an_epoch_only_rises(olympus, change):
    with within(olympus.id), pytest.raises(DatabaseError, match="only rises"):
        run(f"update policy_epoch set {change}")  # noqa: S608


def test_an_epoch_is_not_taken_away(olympus):
    with within(olympus.id), pytest.raises(DatabaseError, match="permission denied"):
        run("delete from policy_epoch")
