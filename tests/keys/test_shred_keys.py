import threading

import pytest
from django.db import connection

from audit.events import Event
from audit.models import AuditEvent
from keys import actions, envelope
from keys.database import DatabaseKeys
from keys.envelope import Scope
from keys.errors import KeyMissing, KeyShredded
from keys.hierarchy import PRESENT, Hierarchy
from keys.kms import kms
from keys.models import DataKey, KeyState
from policy.types import AccessDenied
from tenancy.actor import new_id
from tenancy.errors import Conflict
from tenancy.scoping import within


def test_shredding_a_room_makes_all_of_it_noise_and_leaves_the_rest(olympus):
    other_room = olympus.new_room()
    place, title, elsewhere = (
        olympus.place(),
        olympus.place(author_id=None),
        olympus.place(scope=Scope.room(other_room)),
    )
    with within(olympus.id):
        sealed = {one: envelope.seal(one, b"content") for one in (place, title, elsewhere)}
    actions.rotate_room_key(olympus.system, room_id=olympus.room_id)

    assert actions.shred_room(olympus.system, room_id=olympus.room_id) == 2

    with within(olympus.id):
        for one in (place, title):
            with pytest.raises(KeyShredded):
                envelope.open_(one, sealed[one])
            with pytest.raises(KeyShredded):
                envelope.seal(one, b"more")
        assert envelope.open_(elsewhere, sealed[elsewhere]) == b"content"
        rows = DataKey.objects.filter(scope="room", scope_id=olympus.room_id)
        assert set(rows.values_list("state", "wrapped")) == {("destroyed", None)}
        assert all(rows.values_list("destroyed_at", flat=True))


def test_shredding_a_user_takes_their_profile_and_their_words_everywhere(olympus):
    ada = olympus.person("margaret").id
    rooms = [olympus.room_id, olympus.new_room()]
    theirs = [olympus.place(scope=Scope.room(room_id)) for room_id in rooms]
    theirs.append(olympus.place(scope=Scope.user(olympus.author_id), field="profile"))
    others = [olympus.place(scope=Scope.room(room_id), author_id=ada) for room_id in rooms]
    others.append(olympus.place(author_id=None, field="name"))
    with within(olympus.id):
        sealed = {one: envelope.seal(one, b"content") for one in theirs + others}

    assert actions.shred_user(olympus.system, user_id=olympus.author_id) == 2

    with within(olympus.id):
        for one in theirs:
            with pytest.raises(KeyShredded):
                envelope.open_(one, sealed[one])
        assert [envelope.open_(one, sealed[one]) for one in others] == [b"content"] * 3


def test_another_process_stops_within_five_seconds(standing):
    now = [0.0]
    other = Hierarchy(DatabaseKeys(), kms, clock=lambda: now[0])
    place = standing.place()
    with within(standing.id):
        ready = other.ready(place, PRESENT)
        sealed = ready.subkey.seal(place, b"content")
    key_id = ready.subkey.key_id

    actions.shred_room(standing.system, room_id=standing.room_id)

    with within(standing.id):
        assert other.ready(place, key_id).subkey.open_(place, sealed) == b"content"
        now[0] = 5.0
        with pytest.raises(KeyShredded):
            other.ready(place, key_id)


def test_this_process_stops_with_the_commit(standing):
    place = standing.place()
    with within(standing.id):
        sealed = envelope.seal(place, b"content")

    actions.shred_room(standing.system, room_id=standing.room_id)

    with within(standing.id), pytest.raises(KeyShredded):
        envelope.open_(place, sealed)


def test_who_used_the_key_until_the_commit_stops_with_it(standing):
    """Another thread of this process, whose transactions see the key until it is gone."""
    place, turn, turns = standing.place(), threading.Event(), []
    with within(standing.id):
        sealed = envelope.seal(place, b"content")

    def use() -> None:
        with within(standing.id):
            turns.append(envelope.open_(place, sealed))
        connection.close()
        turn.set()

    with within(standing.id):
        actions.shred_room(standing.system, room_id=standing.room_id)
        threading.Thread(target=use).start()
        assert turn.wait(10)

    assert turns == [b"content"]
    with within(standing.id), pytest.raises(KeyShredded):
        envelope.open_(place, sealed)


def test_a_shredding_that_is_rolled_back_changes_nothing(standing):
    place = standing.place()
    with within(standing.id):
        sealed = envelope.seal(place, b"content")

    def shred_and_undo() -> None:
        with within(standing.id):
            actions.shred_room(standing.system, room_id=standing.room_id)
            envelope.open_(place, sealed)

    with pytest.raises(KeyShredded):
        shred_and_undo()

    envelope.purge(standing.id)
    with within(standing.id):
        assert envelope.open_(place, sealed) == b"content"


def test_shredding_is_recorded_with_fingerprints(olympus):
    with within(olympus.id):
        fingerprint = DataKey.objects.get(scope="room").fingerprint

    actions.shred_room(olympus.system, room_id=olympus.room_id)

    with within(olympus.id):
        entry = AuditEvent.objects.get(kind=Event.KEY_SHREDDED, store="security")
        assert fingerprint.encode() in bytes(entry.env)
        assert entry.target_id == olympus.room_id


def test_who_may_not_manage_encryption_destroys_nothing(olympus):
    administrator = olympus.person("amelia", "administrator")
    denied = olympus.entries(Event.ACCESS_DENIED)

    with pytest.raises(AccessDenied):
        actions.shred_room(administrator, room_id=olympus.room_id)
    with pytest.raises(AccessDenied):
        actions.shred_user(administrator, user_id=olympus.author_id)

    with within(olympus.id):
        assert not DataKey.objects.filter(state=KeyState.DESTROYED).exists()
    assert olympus.entries(Event.ACCESS_DENIED) == denied + 2


def test_what_is_not_there_or_gone_cannot_be_destroyed(olympus, vulcan):
    actions.shred_room(olympus.system, room_id=olympus.room_id)

    with pytest.raises(Conflict, match="already"):
        actions.shred_room(olympus.system, room_id=olympus.room_id)
    for room_id in (new_id(), vulcan.room_id):
        with pytest.raises(KeyMissing):
            actions.shred_room(olympus.system, room_id=room_id)

    with within(vulcan.id):
        assert DataKey.objects.get(scope="room").state == KeyState.ACTIVE


def test_a_shredded_owner_gets_no_new_key_under_the_old_name(olympus):
    actions.shred_user(olympus.system, user_id=olympus.author_id)

    with pytest.raises(Conflict):
        actions.create_user_key(olympus.system, user_id=olympus.author_id)
