from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.events import Event
from keys import actions, envelope, tasks
from keys.errors import KeyMissing, KeyShredded
from keys.models import DataKey, KeyRing, KeyState
from policy.types import AccessDenied
from tenancy.actor import new_id
from tenancy.scoping import within


def key_id_in(sealed: bytes) -> int:
    return int.from_bytes(sealed[2:6], "big")


def test_a_new_epoch_seals_and_nothing_is_sealed_again(olympus):
    place, later = olympus.place(), olympus.place()
    with within(olympus.id):
        old = envelope.seal(place, b"before")
    rotated = olympus.entries(Event.KEY_ROTATED)

    key = actions.rotate_room_key(olympus.system, room_id=olympus.room_id)

    with within(olympus.id):
        new = envelope.seal(later, b"after")
        assert key_id_in(new) == key.key_id != key_id_in(old)
        assert envelope.open_many([(place, old), (later, new)]) == [b"before", b"after"]
        states = DataKey.objects.filter(scope="room").order_by("epoch").values_list("epoch", "state")
        assert list(states) == [(1, "retired"), (2, "active")]
    assert olympus.entries(Event.KEY_ROTATED) == rotated + 1


def test_this_process_uses_the_new_epoch_from_the_commit_on(standing):
    with within(standing.id):
        envelope.seal(standing.place(), b"before")

    key = actions.rotate_room_key(standing.system, room_id=standing.room_id)

    with within(standing.id):
        assert key_id_in(envelope.seal(standing.place(), b"after")) == key.key_id


def test_a_rotation_tells_other_processes_by_the_ring(olympus):
    with within(olympus.id):
        before = KeyRing.objects.get().version

    actions.rotate_room_key(olympus.system, room_id=olympus.room_id)

    with within(olympus.id):
        assert KeyRing.objects.get().version == before + 1


def test_who_may_manage_encryption_rotates_and_others_do_not(olympus):
    officer = olympus.person("officer", "security_officer")
    eve = olympus.person("eve")
    denied = olympus.entries(Event.ACCESS_DENIED)

    with pytest.raises(AccessDenied):
        actions.rotate_room_key(eve, room_id=olympus.room_id)
    assert olympus.entries(Event.ACCESS_DENIED) == denied + 1
    with within(olympus.id):
        assert DataKey.objects.filter(scope="room").count() == 1

    assert actions.rotate_room_key(officer, room_id=olympus.room_id).epoch == 2


def test_a_room_without_a_key_cannot_be_rotated(olympus):
    with pytest.raises(KeyMissing):
        actions.rotate_room_key(olympus.system, room_id=new_id())


def test_a_shredded_room_cannot_be_rotated_back_to_life(olympus):
    actions.shred_room(olympus.system, room_id=olympus.room_id)

    with pytest.raises(KeyMissing):
        actions.rotate_room_key(olympus.system, room_id=olympus.room_id)
    with within(olympus.id), pytest.raises(KeyShredded):
        envelope.seal(olympus.place(), b"content")


def test_what_is_old_or_much_used_is_due_and_the_rest_is_not(olympus):
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        used, fresh = olympus.new_room(), olympus.new_room()
        with within(olympus.id):
            DataKey.objects.filter(scope_id=used).update(uses=2**20)

        assert actions.rotate_due_room_keys(olympus.system) == 2
        assert actions.rotate_due_room_keys(olympus.system) == 0

    with within(olympus.id):
        active = DataKey.objects.filter(scope="room", state=KeyState.ACTIVE)
        assert dict(active.values_list("scope_id", "epoch")) == {olympus.room_id: 2, used: 2, fresh: 1}


def test_the_schedule_rotates_what_is_due_in_every_workspace(standing):
    standing.new_room()

    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        assert tasks.rotate_due_keys() == 2
        assert tasks.rotate_due_keys() == 0
