import pytest
from django.db import connection

from audit.events import Event
from keys import actions, envelope, wrapping
from keys.errors import KeyMissing
from keys.models import DataKey, KeyRing, TenantKey
from policy.types import AccessDenied
from tenancy.actor import new_id
from tenancy.errors import Conflict
from tenancy.scoping import within


def test_a_newborn_workspace_has_its_keys(olympus):
    with within(olympus.id):
        assert TenantKey.objects.get().version == 1
        assert set(DataKey.objects.filter(scope_id=olympus.id).values_list("scope", flat=True)) == {
            "workspace",
            "index",
        }
        assert KeyRing.objects.get().version == 1


def test_a_workspace_gets_its_keys_once(olympus):
    with pytest.raises(Conflict, match="already"):
        actions.create_workspace_keys(olympus.system)

    with within(olympus.id):
        assert TenantKey.objects.count() == 1


def test_a_newborn_room_has_a_key_and_that_is_recorded(olympus):
    before = olympus.entries(Event.KEY_CREATED)

    key = actions.create_room_key(olympus.system, room_id=new_id())

    assert (key.scope, key.epoch, key.state) == ("room", 1, "active")
    assert olympus.entries(Event.KEY_CREATED) == before + 1


def test_a_room_gets_its_first_key_once(olympus):
    with pytest.raises(Conflict, match="already"):
        actions.create_room_key(olympus.system, room_id=olympus.room_id)

    with within(olympus.id):
        assert DataKey.objects.filter(scope="room", scope_id=olympus.room_id).count() == 1


def test_a_newborn_user_has_a_key_and_a_secret_as_an_author(olympus):
    user_id = new_id()

    actions.create_user_key(olympus.system, user_id=user_id)

    with within(olympus.id):
        assert set(DataKey.objects.filter(scope_id=user_id).values_list("scope", flat=True)) == {"user", "author"}


def test_a_member_makes_no_keys_for_others(olympus):
    eve = olympus.person("eve")
    denied = olympus.entries(Event.ACCESS_DENIED)
    user_id = new_id()

    with pytest.raises(AccessDenied):
        actions.create_user_key(eve, user_id=user_id)

    with within(olympus.id):
        assert not DataKey.objects.filter(scope_id=user_id).exists()
    assert olympus.entries(Event.ACCESS_DENIED) == denied + 1


def test_key_ids_are_random_and_unique_in_the_workspace(olympus):
    for _ in range(10):
        olympus.new_room()

    with within(olympus.id):
        key_ids = list(DataKey.objects.values_list("key_id", flat=True))
    assert len(set(key_ids)) == len(key_ids)
    assert sorted(key_ids) != key_ids
    assert max(key_ids) > 2**24


def test_sealing_never_makes_a_key(olympus):
    with within(olympus.id):
        keys = DataKey.objects.count()

        with pytest.raises(KeyMissing):
            envelope.seal(olympus.place(scope=envelope.Scope.room(new_id())), b"content")

        assert DataKey.objects.count() == keys


def test_no_row_holds_a_key_in_the_clear(olympus, monkeypatch):
    made = []
    monkeypatch.setattr(wrapping, "new_key", lambda real=wrapping.new_key: made.append(real()) or made[-1])
    olympus.new_room()
    actions.rotate_tenant_key(olympus.system)

    with within(olympus.id), connection.cursor() as cursor:
        cursor.execute("select k::text from keys_datakey k union all select t::text from keys_tenantkey t")
        rows = "".join(row for (row,) in cursor.fetchall())
    assert len(made) == 2
    assert not any(key.hex() in rows for key in made)
