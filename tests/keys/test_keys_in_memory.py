import threading
from dataclasses import replace
from pathlib import Path

import pytest

from keys import hierarchy as module
from keys.errors import KeyMissing, KeyNotCached, KeyShredded, KmsUnavailable, SealBroken
from keys.format import Place, Scope, key_id_of
from keys.hierarchy import PRESENT, Hierarchy
from keys.kms import GuardedKms
from keys.local_kms import LocalKms
from tenancy.actor import NOBODY, new_id
from tenancy.errors import OutsideWorkspace
from tests.keys.memory import MemoryKeys


class World:
    """One workspace with a room and an author, and a clock that stands still."""

    def __init__(self, tmp_path: Path) -> None:
        self.keyfile = tmp_path / "key"
        kms = LocalKms(self.keyfile, data_dir=tmp_path / "data")
        kms.create()
        self.kms = GuardedKms(kms)
        self.now = 1000.0
        self.keys = MemoryKeys(self.kms)
        self.hierarchy = self.process()
        self.workspace_id = self.keys.add_workspace()
        self.room_id, self.author_id = new_id(), new_id()
        self.room_key_id = self.keys.add(self.workspace_id, "room", self.room_id)
        self.author_key_id = self.keys.add(self.workspace_id, "author", self.author_id)
        self.keys.add(self.workspace_id, "user", self.author_id)
        self.enter(self.workspace_id)

    def process(self) -> Hierarchy:
        return Hierarchy(self.keys, lambda: self.kms, clock=lambda: self.now)

    def enter(self, workspace_id) -> None:
        self.inside = workspace_id

    def place(self, **values) -> Place:
        place = Place(self.workspace_id, Scope.room(self.room_id), new_id(), self.author_id, "body")
        return replace(place, **values)

    def seal(self, place: Place, data: bytes = b"content") -> bytes:
        return self.hierarchy.ready(place, PRESENT).subkey.seal(place, data)

    def open(self, place: Place, sealed: bytes) -> bytes:
        return self.hierarchy.ready(place, key_id_of(sealed)).subkey.open_(place, sealed)

    def lives(self, hierarchy: Hierarchy, place: Place) -> bool:
        try:
            return bool(hierarchy.ready(place, PRESENT))
        except KmsUnavailable:
            return False

    def kms_goes_down(self) -> None:
        self.keyfile.rename(self.keyfile.with_suffix(".away"))

    def kms_comes_back(self) -> None:
        self.keyfile.with_suffix(".away").rename(self.keyfile)


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = World(tmp_path)
    monkeypatch.setattr(module, "current_workspace_id", lambda: world.inside)
    return world


def test_a_key_is_read_once_and_then_used_from_memory(world):
    place = world.place()
    sealed = world.seal(place)

    for _ in range(10):
        assert world.open(place, sealed) == b"content"
        world.seal(place)

    assert world.keys.asked == ["version", "find"]


def test_a_page_of_many_authors_costs_one_query(world):
    authors = [new_id() for _ in range(50)]
    for author_id in authors:
        world.keys.add(world.workspace_id, "author", author_id)
    places = [world.place(author_id=author_id) for author_id in authors]

    ready = world.hierarchy.ready_many([(place, PRESENT) for place in places])

    assert world.keys.asked.count("find") == 1
    assert len({one.subkey.seal(place, b"x")[18:] for one, place in zip(ready, places, strict=True)}) == 50


def test_memory_is_bounded(world, monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 100)
    world.hierarchy = world.process()
    rooms = [new_id() for _ in range(200)]
    for room_id in rooms:
        world.keys.add(world.workspace_id, "room", room_id)

    for room_id in rooms:
        world.seal(world.place(scope=Scope.room(room_id)))

    assert len(world.hierarchy) == 100
    assert world.seal(world.place(scope=Scope.room(rooms[0])))


def test_what_was_used_last_stays_longest(world, monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 14)
    world.hierarchy = world.process()
    busy = world.place()
    for _ in range(50):
        world.seal(busy)
        room_id = new_id()
        world.keys.add(world.workspace_id, "room", room_id)
        world.seal(world.place(scope=Scope.room(room_id), author_id=None))
    asked = len(world.keys.asked)

    world.seal(busy)

    assert len(world.keys.asked) == asked


def test_without_the_kms_keys_in_memory_work_until_their_time_is_up_and_no_longer(world):
    place = world.place()
    sealed = world.seal(place)
    world.kms_goes_down()

    world.now += 260
    assert world.open(place, sealed) == b"content"
    fresh_room = new_id()
    world.keys.add(world.workspace_id, "room", fresh_room)
    assert world.seal(world.place(scope=Scope.room(fresh_room)))

    world.now += 41
    for attempt in (lambda: world.open(place, sealed), lambda: world.seal(place)):
        with pytest.raises(KmsUnavailable):
            attempt()

    world.kms_comes_back()
    assert world.open(place, sealed) == b"content"


def test_no_use_prolongs_the_life_of_a_key_in_memory(world):
    place = world.place()
    sealed = world.seal(place)
    world.kms_goes_down()

    for _ in range(269):
        world.now += 1
        world.open(place, sealed)
    world.now += 32

    with pytest.raises(KmsUnavailable):
        world.open(place, sealed)


def test_lives_differ_so_that_processes_do_not_ask_together(world):
    place = world.place()
    processes = [world.process() for _ in range(40)]
    for hierarchy in processes:
        hierarchy.ready(place, PRESENT)
    world.kms_goes_down()

    world.now += 285
    alive = sum(world.lives(hierarchy, place) for hierarchy in processes)

    assert 5 < alive < 35


def test_a_change_in_another_process_is_seen_within_five_seconds(world):
    place = world.place()
    sealed = world.seal(place)
    world.keys.change(world.workspace_id, world.room_key_id, wrapped=None, state="destroyed")
    world.keys.versions[world.workspace_id] += 1

    world.now += 5

    with pytest.raises(KeyShredded):
        world.open(place, sealed)


def test_the_new_epoch_seals_and_the_old_one_still_opens(world):
    place = world.place()
    old = world.seal(place)
    new_key_id = world.keys.add(world.workspace_id, "room", world.room_id, epoch=2)
    world.keys.versions[world.workspace_id] += 1
    world.now += 5

    new = world.seal(place)

    assert key_id_of(new) == new_key_id != key_id_of(old)
    assert world.open(place, old) == world.open(place, new) == b"content"


def test_purging_forgets_one_workspace_alone(world):
    other_id = world.keys.add_workspace()
    world.enter(other_id)
    world.hierarchy.ready(Place(other_id, Scope.workspace(), new_id(), None, "name"), PRESENT)
    world.enter(world.workspace_id)
    world.seal(world.place())

    world.hierarchy.purge(world.workspace_id)

    asked = len(world.keys.asked)
    world.enter(other_id)
    world.hierarchy.ready(Place(other_id, Scope.workspace(), new_id(), None, "name"), PRESENT)
    assert len(world.keys.asked) == asked
    world.enter(world.workspace_id)
    world.seal(world.place())
    assert len(world.keys.asked) == asked + 2


def test_who_was_reading_while_the_purge_came_leaves_nothing_behind(world):
    rows = world.keys.find
    place = world.place()

    def find_and_be_overtaken(workspace_id, names):
        found = rows(workspace_id, names)
        world.keys.change(workspace_id, world.room_key_id, wrapped=None, state="destroyed")
        world.hierarchy.purge(workspace_id)
        world.keys.find = rows
        return found

    world.keys.find = find_and_be_overtaken
    world.seal(place)

    with pytest.raises(KeyShredded):
        world.seal(place)


def test_a_key_that_may_still_be_rolled_back_is_not_kept(world):
    room_id = new_id()
    key_id = world.keys.add(world.workspace_id, "room", room_id, settled=False)
    place = world.place(scope=Scope.room(room_id))
    sealed = world.seal(place)
    assert key_id_of(sealed) == key_id
    assert world.open(place, sealed) == b"content"

    del world.keys.rows[world.workspace_id, "room", room_id, key_id]

    with pytest.raises(KeyMissing):
        world.seal(place)


def test_the_keys_of_another_workspace_are_out_of_reach_even_in_memory(world):
    place = world.place()
    sealed = world.seal(place)
    world.enter(world.keys.add_workspace())

    with pytest.raises(OutsideWorkspace):
        world.open(place, sealed)


def test_a_record_carried_to_another_workspace_is_broken(world):
    sealed = world.seal(world.place())
    other_id = world.keys.add_workspace()
    world.keys.rows[other_id, "room", world.room_id, world.room_key_id] = replace(
        world.keys.rows[world.workspace_id, "room", world.room_id, world.room_key_id]
    )
    author = world.keys.rows[world.workspace_id, "author", world.author_id, world.author_key_id]
    world.keys.rows[other_id, "author", world.author_id, world.author_key_id] = author
    world.enter(other_id)

    with pytest.raises(SealBroken):
        world.open(world.place(workspace_id=other_id), sealed)


def test_a_key_of_another_room_is_refused_by_name(world):
    other_room = new_id()
    world.keys.add(world.workspace_id, "room", other_room)
    sealed = world.seal(world.place())

    with pytest.raises(SealBroken, match="another place"):
        world.open(world.place(scope=Scope.room(other_room)), sealed)


def test_the_secret_of_an_author_is_no_key_to_seal_with(world):
    sealed = world.seal(world.place())
    swapped = sealed[:2] + world.author_key_id.to_bytes(4, "big") + sealed[6:]

    with pytest.raises(SealBroken, match="another place"):
        world.open(world.place(), swapped)


def test_a_swapped_data_key_is_found_by_its_commitment(world):
    row = world.keys.rows[world.workspace_id, "room", world.room_id, world.room_key_id]
    world.keys.change(world.workspace_id, world.room_key_id, commitment=bytes(32))
    with pytest.raises(SealBroken, match="committed"):
        world.seal(world.place())

    world.keys.change(world.workspace_id, world.room_key_id, commitment=row.commitment, epoch=2)
    with pytest.raises(SealBroken, match="belongs elsewhere"):
        world.seal(world.place())


def test_shredding_an_author_takes_their_words_and_leaves_the_others(world):
    other_author = new_id()
    world.keys.add(world.workspace_id, "author", other_author)
    mine, theirs, title = world.place(), world.place(author_id=other_author), world.place(author_id=None)
    sealed = {place: world.seal(place) for place in (mine, theirs, title)}

    world.keys.change(world.workspace_id, world.author_key_id, wrapped=None, state="destroyed")
    world.hierarchy.purge(world.workspace_id)

    with pytest.raises(KeyShredded):
        world.open(mine, sealed[mine])
    assert world.open(theirs, sealed[theirs]) == world.open(title, sealed[title]) == b"content"


def test_the_platform_itself_needs_no_author_secret(world):
    for author_id in (None, NOBODY):
        place = world.place(author_id=author_id)

        assert world.open(place, world.seal(place)) == b"content"


def test_the_author_is_bound_even_where_no_secret_is_mixed_in(world):
    own = Scope.user(world.author_id)
    authors = (None, NOBODY, world.author_id)
    places = [world.place(scope=own, author_id=author_id, record_id=world.room_id) for author_id in authors]

    for place in places:
        sealed = world.seal(place)
        for other in places:
            if other is not place:
                with pytest.raises(SealBroken):
                    world.open(other, sealed)


def test_an_author_without_a_secret_cannot_be_sealed_for(world):
    with pytest.raises(KeyMissing, match="author") as missing:
        world.seal(world.place(author_id=new_id()))

    assert "keys.actions" in missing.value.remedy


def test_outside_a_scope_memory_serves_and_nothing_is_read(world):
    place = world.place()
    sealed = world.seal(place)
    world.enter(None)

    assert world.open(place, sealed) == b"content"
    with pytest.raises(KeyNotCached):
        world.seal(world.place(scope=Scope.user(world.author_id)))
    world.now += 5
    with pytest.raises(KeyNotCached):
        world.open(place, sealed)


def test_one_shredded_item_does_not_spoil_the_page(world):
    gone_room = new_id()
    gone_key = world.keys.add(world.workspace_id, "room", gone_room)
    world.keys.change(world.workspace_id, gone_key, wrapped=None, state="destroyed")

    good, shredded, missing = world.hierarchy.ready_many(
        [(world.place(), PRESENT), (world.place(scope=Scope.room(gone_room)), PRESENT), (world.place(), 99999)]
    )

    assert good.subkey.key_id == world.room_key_id
    assert isinstance(shredded, KeyShredded)
    assert isinstance(missing, KeyMissing)


def test_a_batch_stays_in_one_workspace(world):
    other = Place(new_id(), Scope.workspace(), new_id(), None, "name")

    with pytest.raises(OutsideWorkspace):
        world.hierarchy.ready_many([(world.place(), PRESENT), (other, PRESENT)])


def test_threads_that_seal_open_and_purge_at_once_never_disagree(world):
    rooms = [new_id() for _ in range(20)]
    for room_id in rooms:
        world.keys.add(world.workspace_id, "room", room_id)
    failures = []

    def work(number: int) -> None:
        world.enter(world.workspace_id)
        try:
            for turn in range(200):
                place = world.place(scope=Scope.room(rooms[(number + turn) % 20]))
                data = b"%d %d" % (number, turn)
                assert world.open(place, world.seal(place, data)) == data
                if turn % 37 == number:
                    world.hierarchy.purge(world.workspace_id)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_what_errors_and_objects_say_holds_no_key(world, monkeypatch):
    secrets = []
    for name in ("derive", "unwrap"):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, real=real: secrets.append(real(*given)) or secrets[-1])
    place = world.place()
    ready = world.hierarchy.ready(place, PRESENT)
    with pytest.raises(SealBroken) as broken:
        ready.subkey.open_(world.place(), ready.subkey.seal(place, b"the convoy leaves at dawn"))
    error = broken.value

    told = " ".join(map(repr, [world.hierarchy, ready, ready.subkey, error, error.__dict__, error.__context__]))

    assert len(secrets) == 3
    assert not any(secret.hex() in told or repr(secret)[2:-1] in told for secret in secrets)
    assert "convoy" not in told
