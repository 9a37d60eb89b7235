"""People of one workspace do not exist in another, whatever statement asks for them (AD-1)."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Device, Role, RoleAssignment, Session, User
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import within

TABLES = (
    "user", "device", "session", "loginlink", "role", "roleassignment", "group", "groupmembership",
    "factsource", "factsync", "fact", "usergrant", "groupgrant", "fielddiff",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_table_stands_behind_the_wall(db, table):
    with connection.cursor() as cursor:
        cursor.execute(
            "select relrowsecurity, relforcerowsecurity from pg_class where relname = %s", [f"accounts_{table}"]
        )
        assert cursor.fetchone() == (True, True)


def test_plain_sql_sees_nobody_of_another_workspace(olympus, vulcan, grace):
    with within(vulcan.id), connection.cursor() as cursor:
        cursor.execute("select count(*) from accounts_user where username = 'grace'")
        assert cursor.fetchone() == (0,)
        cursor.execute("update accounts_user set state = 'deactivated' where username = 'grace'")
        assert cursor.rowcount == 0


def test_outside_a_workspace_there_is_nobody(olympus):
    with pytest.raises(OutsideWorkspace):
        User.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.workspace', '', true)")
        cursor.execute("select count(*) from accounts_user")
        assert cursor.fetchone() == (0,)


def test_a_row_of_another_workspace_cannot_be_written(olympus, vulcan):
    with within(vulcan.id), pytest.raises(DatabaseError), transaction.atomic():
        User.objects.create(workspace_id=olympus.id, username="mallory", password="!")


def test_no_key_crosses_the_wall(olympus, vulcan, grace):
    there = vulcan.role("owner")

    with within(vulcan.id), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleAssignment.objects.create(workspace_id=vulcan.id, role=there, user_id=grace.id)
    with within(vulcan.id):
        assert Role.objects.filter(workspace_id=olympus.id).count() == 0
        assert not Session.objects.filter(user_id=grace.id).exists()
        assert not Device.objects.filter(user_id=grace.id).exists()
