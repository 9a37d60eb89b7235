import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import actions, envelope
from keys.envelope import Scope
from keys.errors import KeyMissing, KeyShredded, SealBroken
from keys.models import DataKey
from tenancy.actor import new_id
from tenancy.errors import Invalid, OutsideWorkspace
from tenancy.scoping import within


def test_what_is_sealed_in_the_database_opens_again(olympus):
    places = [
        olympus.place(),
        olympus.place(author_id=None, field="name"),
        olympus.place(scope=Scope.user(olympus.author_id), field="draft"),
        olympus.place(scope=Scope.workspace(), author_id=None, field="reason"),
        olympus.place(scope=Scope.workspace(), field="reason"),
    ]

    with within(olympus.id):
        sealed = [envelope.seal(place, b"the convoy leaves at dawn") for place in places]

        assert [envelope.open_(*item) for item in zip(places, sealed, strict=True)] == [
            b"the convoy leaves at dawn"
        ] * 5
        assert len({one[2:6] for one in sealed}) == 3
    assert not any(b"convoy" in one for one in sealed)


def test_what_the_database_gives_back_may_be_a_memoryview(olympus):
    place = olympus.place()

    with within(olympus.id):
        assert envelope.open_(place, memoryview(envelope.seal(place, b"content"))) == b"content"


def test_a_batch_is_sealed_and_opened_with_few_queries(olympus, django_assert_max_num_queries):
    rooms = [olympus.new_room() for _ in range(5)]
    places = [olympus.place(scope=Scope.room(room_id)) for room_id in rooms for _ in range(10)]

    with within(olympus.id):
        with django_assert_max_num_queries(2):
            sealed = envelope.seal_many([(place, b"%d" % at) for at, place in enumerate(places)])
        with django_assert_max_num_queries(2):
            opened = envelope.open_many(list(zip(places, sealed, strict=True)))

    assert opened == [b"%d" % at for at in range(50)]


def test_in_a_page_each_record_fails_for_itself(olympus):
    gone_room = olympus.new_room()
    good, gone, moved = olympus.place(), olympus.place(scope=Scope.room(gone_room)), olympus.place()
    with within(olympus.id):
        sealed = [envelope.seal(place, b"content") for place in (good, gone, moved)]
    actions.shred_room(olympus.system, room_id=gone_room)
    page = list(zip((good, gone, olympus.place()), sealed, strict=True))

    with within(olympus.id):
        opened = envelope.open_each([*page, (good, b"scribble")])

        assert opened[0] == b"content"
        assert [type(one) for one in opened[1:]] == [KeyShredded, SealBroken, SealBroken]
        with pytest.raises(KeyShredded):
            envelope.open_many(page)


def test_the_keys_of_one_workspace_open_nothing_of_another(olympus, vulcan):
    mine = olympus.place()
    with within(olympus.id):
        sealed = envelope.seal(mine, b"content")

    with within(vulcan.id):
        with pytest.raises(OutsideWorkspace):
            envelope.open_(mine, sealed)
        with pytest.raises(KeyMissing):
            envelope.open_(vulcan.place(scope=mine.scope, record_id=mine.record_id), sealed)


class Undo(Exception):
    """Rolls back what a test has done."""


def test_a_key_that_is_rolled_back_seals_nothing_afterwards(standing):
    room_id = new_id()
    place = standing.place(scope=Scope.room(room_id))

    def create_seal_and_undo() -> None:
        with within(standing.id):
            actions.create_room_key(standing.system, room_id=room_id)
            envelope.seal(place, b"content")
            raise Undo

    with pytest.raises(Undo):
        create_seal_and_undo()

    with within(standing.id), pytest.raises(KeyMissing):
        envelope.seal(place, b"content")
    key = actions.create_room_key(standing.system, room_id=room_id)
    with within(standing.id):
        assert int.from_bytes(envelope.seal(place, b"content")[2:6], "big") == key.key_id


def test_committed_keys_stay_in_memory(standing, django_assert_num_queries):
    place = standing.place()
    with within(standing.id):
        sealed = envelope.seal(place, b"content")

        with django_assert_num_queries(0):
            assert envelope.open_(place, sealed) == b"content"
            envelope.seal(standing.place(), b"more")


def test_what_is_in_memory_serves_an_event_loop_without_a_scope(standing):
    place = standing.place()
    with within(standing.id):
        sealed = envelope.seal(place, b"content")

    assert envelope.open_(place, sealed) == b"content"


def test_a_key_knows_how_much_it_has_sealed(standing):
    steps = envelope.COUNTED_IN_STEPS_OF
    with within(standing.id):
        for _ in range(2 * steps + 3):
            envelope.seal(standing.place(), b"content")

        assert DataKey.objects.get(scope="room", scope_id=standing.room_id).uses == 2 * steps


def test_counting_waits_for_nobody(standing):
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with within(standing.id):
            list(DataKey.objects.select_for_update())
            locked.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(10)
    with within(standing.id):
        for _ in range(envelope.COUNTED_IN_STEPS_OF + 1):
            envelope.seal(standing.place(), b"content")
    done.set()
    thread.join()

    with within(standing.id):
        assert DataKey.objects.get(scope="room", scope_id=standing.room_id).uses == 0


def test_a_sealed_name_is_found_by_its_hash_in_its_workspace_alone(olympus, vulcan):
    with within(olympus.id):
        here = envelope.lookup_hash(olympus.id, "room", envelope.folded("  Général "))
        same = envelope.lookup_hash(olympus.id, "room", envelope.folded("GE\u0301NE\u0301RAL"))
        other_purpose = envelope.lookup_hash(olympus.id, "group", envelope.folded("général"))
        exact = envelope.lookup_hash(olympus.id, "room", "Général")
    with within(vulcan.id):
        elsewhere = envelope.lookup_hash(vulcan.id, "room", envelope.folded("général"))

    assert here == same
    assert len({here, other_purpose, exact, elsewhere}) == 4
    assert len(here) == 32


def test_names_are_compared_without_what_unicode_calls_default_ignorable():
    unseen = [0xAD, 0x34F, 0x61C, 0x1160, 0x180B, 0x200D, 0x2060, 0x3164, 0xFE00, 0xFE0F, 0xFFA0, 0xE0100, 0xE01EF]

    assert {envelope.folded(f"ti{chr(code)}tan{chr(code)}") for code in unseen} == {"titan"}


@given(text=st.text())
def test_folding_twice_changes_nothing_more(text):
    assert envelope.folded(envelope.folded(text)) == envelope.folded(text)


def test_a_body_mac_tells_a_repeat_from_a_conflict(olympus, vulcan):
    with within(olympus.id):
        first = envelope.body_mac(olympus.id, b"id 1" + b"yes")
        repeat = envelope.body_mac(olympus.id, b"id 1" + b"yes")
        conflict = envelope.body_mac(olympus.id, b"id 1" + b"no")
    with within(vulcan.id):
        elsewhere = envelope.body_mac(vulcan.id, b"id 1" + b"yes")

    assert first == repeat
    assert len({first, conflict, elsewhere}) == 3
    assert len(first) == 16


def test_lookups_and_cursors_survive_the_rotation_of_every_key(olympus):
    def now() -> tuple:
        with within(olympus.id):
            return envelope.lookup_hash(olympus.id, "room", "titan"), envelope.opaque(olympus.id, "room", bytes(16))

    before = now()
    actions.rotate_tenant_key(olympus.system)
    actions.rewrap(olympus.system)
    envelope.purge(olympus.id)

    assert now() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(block=st.binary(min_size=16, max_size=16))
def test_an_opaque_cursor_comes_back(standing, block):
    with within(standing.id):
        cursor = envelope.opaque(standing.id, "room", block)

        assert len(cursor) == 22
        assert cursor.replace("-", "").replace("_", "").isalnum()
        assert envelope.unopaque(standing.id, "room", cursor) == block


def test_an_opaque_cursor_reveals_neither_order_nor_nearness(olympus, vulcan):
    with within(olympus.id):
        cursors = [envelope.opaque(olympus.id, "room", bytes(8) + seq.to_bytes(8, "big")) for seq in range(500)]
        other_purpose = envelope.opaque(olympus.id, "thread", bytes(16))
    with within(vulcan.id):
        elsewhere = envelope.opaque(vulcan.id, "room", bytes(16))

    assert cursors != sorted(cursors)
    assert len({cursor[:4] for cursor in cursors}) > 490
    assert len({cursors[0], other_purpose, elsewhere}) == 3


@pytest.mark.parametrize(
    "text", ["", "A", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "!", "é" * 22, "A" * 21 + "\n"]
)
def test_what_is_no_cursor_is_invalid(olympus, text):
    with within(olympus.id), pytest.raises(Invalid):
        envelope.unopaque(olympus.id, "room", text)


def test_a_made_up_cursor_gives_noise(olympus):
    with within(olympus.id):
        block = envelope.unopaque(olympus.id, "room", "AAAAAAAAAAAAAAAAAAAAAA")

    assert block[:8] != bytes(8)


def test_threads_seal_and_open_at_once(standing):
    failures = []

    def work(number: int) -> None:
        try:
            for turn in range(50):
                place, data = standing.place(), b"%d %d" % (number, turn)
                with within(standing.id):
                    assert envelope.open_(place, envelope.seal(place, data)) == data
                    block = number.to_bytes(8, "big") + turn.to_bytes(8, "big")
                    assert envelope.unopaque(standing.id, "x", envelope.opaque(standing.id, "x", block)) == block
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
