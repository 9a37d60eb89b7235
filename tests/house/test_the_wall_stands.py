"""The database's own catalogue shows no gap in the wall, and each kind of gap would be seen."""

import pytest
from django.db import connection

from chatapp.wall import gaps
from tests import boot

TABLE = "create table sample (id uuid primary key, workspace_id uuid not null);"
FORCED = "alter table sample enable row level security; alter table sample force row level security;"
GRANTED = "grant select, insert, update on sample to cordon_app;"
MINE = "workspace_id = (select cordon_workspace())"
PARTED = """
create table sample (id uuid, workspace_id uuid not null, at date) partition by range (at);
alter table sample enable row level security; alter table sample force row level security;
create table sample_one partition of sample default;
"""
SAMPLES = {
    "a table without row-level security": ("sample", "without forced", TABLE),
    "row-level security that its owner escapes": (
        "sample",
        "without forced",
        TABLE + "alter table sample enable row level security;",
    ),
    "a table that nobody can read": ("sample", "no policy at all", TABLE + FORCED + GRANTED),
    "a policy that lets everybody read": (
        "sample",
        "does not hold to the workspace",
        TABLE + FORCED + f"create policy wall on sample to cordon_app using (true) with check ({MINE});",
    ),
    "a policy that lets a row be put elsewhere": (
        "sample",
        "does not hold to the workspace",
        TABLE + FORCED + f"create policy wall on sample to cordon_app using ({MINE});",
    ),
    "a policy for everybody": (
        "sample",
        "does not hold to the workspace",
        TABLE + FORCED + "create policy wall on sample using (true) with check (true);",
    ),
    "a partition with grants of its own": (
        "sample_one",
        "past its parent",
        PARTED + "grant select on sample_one to cordon_app;",
    ),
    "a partition of which one column is readable": (
        "sample_one",
        "past its parent",
        PARTED + "grant select (id) on sample_one to cordon_auditor;",
    ),
    "a table outside the wall": (
        "sample",
        "without a wall",
        "create table sample (id uuid primary key); grant select on sample to cordon_app;",
    ),
    "a view around the wall": (
        "sample",
        "without a wall",
        "create view sample as select * from tenancy_workspace; grant select on sample to cordon_app;",
    ),
    "records that can be changed": ("audit_event", "may update", "grant update on audit_event to cordon_app;"),
    "records of which a column can be changed": (
        "audit_event",
        "may update",
        "grant update (kind) on audit_event to cordon_app;",
    ),
    "records that can be deleted": ("audit_event", "may delete", "grant delete on audit_event to cordon_app;"),
    "default privileges": (
        "cordon_owner",
        "default privileges",
        "alter default privileges for role cordon_owner grant select on tables to cordon_app;",
    ),
    "temporary tables": (
        "cordon_app",
        "temporary",
        f"grant temporary on database {boot.DATABASE} to cordon_app;",
    ),
    "a role past row-level security": ("cordon_app", "bypassrls", "alter role cordon_app bypassrls;"),
    "a superuser": ("cordon_platform", "superuser", "alter role cordon_platform superuser;"),
    "a role that is another one": ("cordon_app", "member", "grant cordon_owner to cordon_app;"),
    "an app role that owns a table": (
        "cordon_app",
        "owner of tables",
        TABLE + "alter table sample owner to cordon_app;",
    ),
    "a role that makes tables": ("cordon_app", "create in public", "grant create on schema public to cordon_app;"),
    "a function of the owner that looks among temporary tables first": (
        "sample()",
        "temporary objects",
        "create function sample() returns int language sql security definer set search_path = public as 'select 1';",
    ),
    "a function of the owner with the path of its caller": (
        "sample()",
        "temporary objects",
        "create function sample() returns int language sql security definer as 'select 1';",
    ),
    "a missing role": ("cordon_pruner", "missing", "alter role cordon_pruner rename to somebody;"),
}


@pytest.mark.django_db
def test_the_wall_has_no_gap():
    assert gaps(connection) == []


@pytest.mark.django_db
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_gap_is_seen(sample):
    place, fault, statements = SAMPLES[sample]

    with boot.admin(boot.DATABASE) as database, database.transaction(force_rollback=True):
        database.execute(statements)
        found = gaps(database)

    assert [gap for gap in found if gap.place == place and fault in gap.fault and gap.fix], found


@pytest.mark.django_db
def test_there_are_tables_to_look_at():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_attribute where attname = 'workspace_id'")

        assert cursor.fetchone()[0] > 20
