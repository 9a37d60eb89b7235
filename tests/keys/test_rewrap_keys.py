import threading
import time

import pytest
from django.db import connection, transaction

from audit.events import Event
from keys import actions, envelope, tasks, wrapping
from keys.kms import kms
from keys.local_kms import from_settings
from keys.models import DataKey, TenantKey
from tenancy.actor import new_id
from tenancy.scoping import within


class Crash(Exception):
    """The end of a process in the middle of its work."""


def rewrap_and_crash(vault) -> None:
    with transaction.atomic():
        actions.rewrap(vault.system)
        raise Crash


def everything_opens(vault, sealed) -> bool:
    envelope.purge(vault.id)
    with within(vault.id):
        return envelope.open_many(sealed) == [b"%d" % at for at in range(len(sealed))]


def sealed_rooms(vault, count: int) -> list:
    rooms = [vault.new_room() for _ in range(count)]
    places = [vault.place(scope=envelope.Scope.room(room_id)) for room_id in rooms]
    with within(vault.id):
        return [(place, envelope.seal(place, b"%d" % at)) for at, place in enumerate(places)]


def waiting(vault) -> int:
    with within(vault.id):
        return wrapping.remaining(vault.id)


def test_a_new_tenant_key_takes_over_and_the_old_one_is_destroyed_when_it_wraps_nothing(olympus):
    sealed = sealed_rooms(olympus, 5)

    actions.rotate_tenant_key(olympus.system)
    assert everything_opens(olympus, sealed)
    done = actions.rewrap(olympus.system)

    assert done.remaining == 0
    assert done.data_keys >= 5
    assert done.destroyed == 1
    with within(olympus.id):
        old, new = TenantKey.objects.order_by("version")
        assert (old.state, old.wrapped, new.state) == ("destroyed", None, "active")
    assert everything_opens(olympus, sealed)


def test_rewrapping_is_recorded_and_doing_nothing_is_not(olympus):
    actions.rotate_tenant_key(olympus.system)

    actions.rewrap(olympus.system)
    idle = actions.rewrap(olympus.system)

    assert (idle.data_keys, idle.remaining, idle.destroyed) == (0, 0, 0)
    assert olympus.entries(Event.KEY_REWRAPPED) == 1
    assert olympus.entries(Event.KEY_ROTATED) == 1


def test_rewrapping_goes_on_where_a_crash_stopped_it(standing, monkeypatch):
    sealed = sealed_rooms(standing, 9)
    actions.rotate_tenant_key(standing.system)
    monkeypatch.setattr(actions, "REWRAP_BATCH", 4)
    first = actions.rewrap(standing.system)
    before = waiting(standing)

    with pytest.raises(Crash):
        rewrap_and_crash(standing)
    assert waiting(standing) == before == first.remaining
    assert everything_opens(standing, sealed)

    assert tasks.rewrap_keys() == before
    assert waiting(standing) == 0
    assert everything_opens(standing, sealed)
    with within(standing.id):
        assert list(TenantKey.objects.order_by("version").values_list("state", flat=True)) == ["destroyed", "active"]


def test_two_who_rewrap_at_once_share_the_work(standing, monkeypatch):
    sealed = sealed_rooms(standing, 20)
    actions.rotate_tenant_key(standing.system)
    monkeypatch.setattr(actions, "REWRAP_BATCH", 3)
    before = waiting(standing)
    done = []

    def work() -> None:
        while (batch := actions.rewrap(standing.system)).remaining:
            done.append(batch.data_keys)
        done.append(batch.data_keys)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(done) == before
    assert everything_opens(standing, sealed)


def test_a_room_that_is_born_during_the_rotation_keeps_its_key(standing):
    """Its key is wrapped under the old tenant key in a transaction that commits last."""
    room_id, made, go = new_id(), threading.Event(), threading.Event()

    def give_birth() -> None:
        with within(standing.id):
            actions.create_room_key(standing.system, room_id=room_id)
            made.set()
            go.wait(10)
        connection.close()

    def rotate() -> None:
        actions.rotate_tenant_key(standing.system)
        tasks.rewrap_keys()
        connection.close()

    birth, rotation = threading.Thread(target=give_birth), threading.Thread(target=rotate)
    birth.start()
    made.wait(10)
    rotation.start()
    time.sleep(0.3)
    with within(standing.id):
        assert TenantKey.objects.count() == 1
    go.set()
    birth.join()
    rotation.join()

    envelope.purge(standing.id)
    place = standing.place(scope=envelope.Scope.room(room_id))
    with within(standing.id):
        assert envelope.open_(place, envelope.seal(place, b"content")) == b"content"
        assert DataKey.objects.get(scope_id=room_id).tenant_key.version == 2


def test_a_new_kek_takes_over_without_touching_a_data_key(own_kms, olympus):
    sealed = sealed_rooms(olympus, 3)
    with within(olympus.id):
        before = list(DataKey.objects.order_by("id").values_list("wrapped", flat=True))

    kek_id = from_settings().rotate()
    done = actions.rewrap(olympus.system)

    assert (done.tenant_keys, done.data_keys, done.remaining) == (1, 0, 0)
    assert kms().describe().active_kek_id == kek_id
    with within(olympus.id):
        assert TenantKey.objects.get().kek_id == kek_id
        assert list(DataKey.objects.order_by("id").values_list("wrapped", flat=True)) == before
    assert everything_opens(olympus, sealed)
