"""What was tampered with is unreadable like what was shredded, and yet not passed over in silence: it is on record."""

import logging

import pytest
from django.db import transaction

from audit.events import Event
from keys import tampering
from keys.actions import shred_room
from policy import notices, pep
from rooms import frames, loading, news, reads
from rooms.models import Message
from tenancy.actor import new_id
from tenancy.errors import NotFound
from tests.asserts import assert_audited, recorded
from tests.world import World


def page(world: World, room) -> list[str]:
    """How each message of the room shows, as its reader gets it."""
    actor = world.actor("ada")
    with pep.unit(world.id), pep.reading(actor):
        return [one.view for one in reads.open_room(actor, frames.OpenRoom(id="1", room=room.id))["messages"]]


def name_of(world: World, room) -> str:
    return next(name for name, one in world.rooms.items() if one.id == room.id)


def two_messages(world: World):
    room = world.own_room()
    return room, [world.says("ada", name_of(world, room), text).message_id for text in ("zirconium", "hafnium")]


def swap_bodies(world: World, one, other) -> None:
    with world.inside():
        bodies = dict(Message.objects.filter(id__in=[one, other]).values_list("id", "body_sealed"))
        Message.objects.filter(id=one).update(body_sealed=bodies[other])
        Message.objects.filter(id=other).update(body_sealed=bodies[one])


def test_swapped_bodies_are_on_record_once(olympus, caplog):
    room, ids = two_messages(olympus)
    swap_bodies(olympus, *ids)

    with caplog.at_level(logging.WARNING, logger="keys.tampering"):
        seen = [page(olympus, room) for _ in range(3)]

    assert seen == [["unreadable", "unreadable"]] * 3
    entries = recorded(olympus, Event.SEAL_BROKEN)
    assert [(one.target_id, one.room_id, one.outcome) for one in entries] == [(id_, room.id, "failed") for id_ in ids]
    assert_audited(
        olympus, Event.SEAL_BROKEN, olympus.system, outcome="failed", record="body", record_id=ids[0], room_id=room.id
    )
    assert {one.store for one in entries} == {"security"}
    assert len(caplog.messages) == 2
    assert str(ids[0]) in caplog.messages[0]
    assert "zirconium" not in caplog.text + str([one.env for one in entries])


@pytest.mark.parametrize(
    "tamper",
    [
        lambda rows: rows.update(marking="UNCLASSIFIED"),
        lambda rows: rows.update(body_sealed=b"short"),
        lambda rows: rows.update(body_sealed=b"\x01\x01\x7f\xff\xff\xff" + bytes(40)),
    ],
    ids=["another marking", "cut short", "a key that never was"],
)
def test_what_else_was_changed_is_on_record(olympus, tamper):
    room, ids = two_messages(olympus)
    with olympus.inside():
        tamper(Message.objects.filter(id=ids[0]))

    assert page(olympus, room) == ["unreadable", "full"]

    assert [one.target_id for one in recorded(olympus, Event.SEAL_BROKEN)] == [ids[0]]


def test_what_was_shredded_is_no_evidence_of_tampering(olympus):
    room, _ids = two_messages(olympus)
    shred_room(olympus.system, room_id=room.id)

    with olympus.inside():
        states = loading.states_of(list(Message.objects.filter(room_id=room.id)))
    with pep.unit(olympus.id):
        pass

    assert [one.readable for one in states] == [False, False]
    assert recorded(olympus, Event.SEAL_BROKEN) == []


def test_what_delivery_meets_outside_of_any_unit_is_on_record_with_the_next_one(olympus):
    room, ids = two_messages(olympus)
    swap_bodies(olympus, *ids)

    ring = news.MessagesChanged(workspace_id=olympus.id, room_id=room.id, posted=True, message_ids=ids, seqs=[1, 2])
    told = loading.happenings(ring)
    before = recorded(olympus, Event.SEAL_BROKEN)
    with pep.unit(olympus.id):
        pass

    assert [one.state.readable for one in told] == [False, False]
    assert before == []
    assert {one.target_id for one in recorded(olympus, Event.SEAL_BROKEN)} == set(ids)


def test_it_is_on_record_although_what_met_it_is_rolled_back(olympus):
    room, ids = two_messages(olympus)
    swap_bodies(olympus, *ids)

    with pep.unit(olympus.id), olympus.inside():
        loading.states_of(list(Message.objects.filter(room_id=room.id)))
        transaction.set_rollback(True)

    assert len(recorded(olympus, Event.SEAL_BROKEN)) == 2


def test_a_process_tells_of_so_many_and_no_more(olympus, monkeypatch, caplog):
    room, ids = two_messages(olympus)
    swap_bodies(olympus, *ids)
    monkeypatch.setattr(tampering, "_told", set())
    monkeypatch.setattr(tampering, "MOST", 1)

    assert page(olympus, room) == ["unreadable", "unreadable"]

    assert len(recorded(olympus, Event.SEAL_BROKEN)) == 1
    assert "tells of no more" in caplog.text


NO_RECORD = [
    ("se\0al", {"record": "body", "record_id": new_id()}),
    ("seal", {"record": "body"}),
    ("seal", {"record": "body", "record_id": new_id(), "target": "taken"}),
]


def test_a_record_that_cannot_be_written_breaks_no_read_and_takes_no_other_with_it(olympus, caplog):
    room, ids = two_messages(olympus)
    swap_bodies(olympus, *ids)
    for kind, data in NO_RECORD:
        notices.leave(notices.Notice(olympus.id, Event.SEAL_BROKEN, kind, ids[0], None, data))
    before = notices.LOST._value.get()

    assert page(olympus, room) == ["unreadable", "unreadable"]

    assert caplog.text.count("could not be recorded") == len(NO_RECORD)
    assert notices.LOST._value.get() == before + len(NO_RECORD)
    assert {one.target_id for one in recorded(olympus, Event.SEAL_BROKEN)} == set(ids)
    assert not notices.waits(olympus.id)


@pytest.mark.parametrize(("kind", "data"), NO_RECORD, ids=["text", "missing", "twice"])
def test_a_record_that_cannot_be_written_hides_no_error_of_what_met_it(olympus, kind, data):
    notices.leave(notices.Notice(olympus.id, Event.SEAL_BROKEN, kind, new_id(), None, data))

    with pytest.raises(NotFound), pep.unit(olympus.id):
        raise NotFound("gone", field="room")

    assert recorded(olympus, Event.SEAL_BROKEN) == []
