import psycopg
import pytest
from django.db import DatabaseError, connection, models, transaction
from psycopg import sql

from keys.models import DataKey, KeyRing, TenantKey
from tenancy.scoping import within
from tests import boot


@pytest.mark.parametrize(
    "statement",
    [
        "delete from keys_datakey",
        "delete from keys_tenantkey",
        "delete from keys_keyring",
        "truncate keys_datakey",
        "update keys_datakey set key_id = key_id + 1",
        "update keys_datakey set scope_id = workspace_id",
        "update keys_datakey set commitment = ''",
        "update keys_tenantkey set workspace_id = workspace_id",
        "select wrapped from keys_auditsigningkey",
        "select * from keys_auditsigningkey",
        "insert into keys_auditsigningkey default values",
        "update keys_auditsigningkey set state = 'retired'",
    ],
)
def test_the_app_role_cannot(olympus, statement):
    with within(olympus.id), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run(statement)


def test_a_key_wraps_under_a_tenant_key_of_its_own_workspace_alone(olympus, vulcan):
    with within(vulcan.id):
        foreign = TenantKey.objects.get().id

    with within(olympus.id):
        DataKey.objects.filter(scope="room").update(tenant_key_id=foreign)
        with pytest.raises(DatabaseError, match="same_workspace"), transaction.atomic():
            run("set constraints all immediate")
        DataKey.objects.filter(scope="room").update(tenant_key=TenantKey.objects.get())


def test_a_destroyed_key_has_no_wrapped_key_and_a_living_one_has(olympus):
    for values in ({"state": "destroyed"}, {"wrapped": None}):
        with within(olympus.id), pytest.raises(DatabaseError, match="gone_means_gone"), transaction.atomic():
            DataKey.objects.filter(scope="room").update(**values)


@pytest.mark.parametrize("role", ["sealer", "platform", "auditor", "pruner"])
@pytest.mark.parametrize("table", ["keys_keyring", "keys_tenantkey", "keys_datakey"])
def test_no_other_role_reads_the_keys_of_a_workspace(db, role, table):
    address = boot.DEPLOYMENT.database_url(role, boot.DATABASE)

    with psycopg.connect(address, autocommit=True) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))


def test_behind_the_wall_the_keys_of_another_workspace_do_not_exist(olympus, vulcan):
    with within(vulcan.id):
        for model in (KeyRing, TenantKey, DataKey):
            assert not models.QuerySet(model).filter(workspace_id=olympus.id).exists()


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
