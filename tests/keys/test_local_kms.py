import json
import os
import threading
from pathlib import Path

import pytest

from keys.errors import KmsRefused, KmsUnavailable
from keys.format import new_key
from keys.kms import Wrapped
from keys.local_kms import LocalKms


@pytest.fixture
def kms(tmp_path: Path) -> LocalKms:
    made = LocalKms(tmp_path / "cordon.kms-key", data_dir=tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def keyfile(tmp_path: Path, kms: LocalKms) -> Path:
    return tmp_path / "cordon.kms-key"


def test_a_key_comes_back_in_its_own_context_alone(kms):
    key = new_key()

    wrapped = kms.wrap(b"workspace 1", key)

    assert key not in wrapped.blob
    assert kms.unwrap(b"workspace 1", wrapped) == key
    with pytest.raises(KmsRefused):
        kms.unwrap(b"workspace 2", wrapped)


def test_a_wrapped_key_does_not_pass_as_wrapped_by_another_kek(kms):
    wrapped = kms.wrap(b"context", new_key())
    kms.rotate()

    with pytest.raises(KmsRefused):
        kms.unwrap(b"context", Wrapped(kms.describe().active_kek_id, wrapped.blob))


def test_the_file_is_private_from_its_first_moment(keyfile):
    assert keyfile.stat().st_mode & 0o7777 == 0o600
    assert list(keyfile.parent.glob(".cordon*")) == []


def test_a_second_start_keeps_the_keys(kms, keyfile, tmp_path):
    before = keyfile.read_bytes()

    assert LocalKms(keyfile, data_dir=tmp_path / "data").create() is False
    assert keyfile.read_bytes() == before


def test_of_many_first_starts_one_makes_the_file(tmp_path):
    ready = threading.Barrier(8)
    made = []

    def start() -> None:
        ready.wait()
        made.append(LocalKms(tmp_path / "key", data_dir=tmp_path / "data").create())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made.count(True) == 1
    assert LocalKms(tmp_path / "key", data_dir=tmp_path / "data").health().healthy


def test_a_lost_file_is_not_silently_replaced(kms, keyfile, tmp_path):
    keyfile.unlink()

    with pytest.raises(KmsRefused, match="gone") as refused:
        kms.create()

    assert not keyfile.exists()
    assert str(keyfile) in refused.value.remedy


def test_a_start_that_was_cut_short_between_file_and_note_is_made_good(kms, keyfile, tmp_path):
    (tmp_path / "data" / "kms-key-file.json").write_text("")

    kms.adopt()
    keyfile.unlink()

    with pytest.raises(KmsRefused, match="gone"):
        kms.create()


def test_what_a_broken_start_left_is_gone_after_the_next(tmp_path):
    (tmp_path / ".key.draft").write_text("half of a k")

    LocalKms(tmp_path / "key", data_dir=tmp_path / "data").create()

    assert sorted(one.name for one in tmp_path.iterdir()) == ["data", "key"]


def test_the_key_file_of_other_data_is_refused(kms, tmp_path):
    other = LocalKms(tmp_path / "other", data_dir=tmp_path / "elsewhere")
    other.create()
    mixed_up = LocalKms(tmp_path / "other", data_dir=tmp_path / "data")

    with pytest.raises(KmsRefused, match="has no key") as refused:
        mixed_up.adopt()

    assert "belongs to this data" in refused.value.remedy


def test_a_file_that_cannot_be_used_is_not_adopted(kms, keyfile):
    keyfile.chmod(0o644)

    with pytest.raises(KmsRefused, match="mode 0644"):
        kms.adopt()


def test_a_new_kek_wraps_and_the_old_one_still_unwraps(kms):
    key = new_key()
    old = kms.wrap(b"context", key)

    fresh_id = kms.rotate()

    assert kms.wrap(b"context", key).kek_id == fresh_id != old.kek_id
    assert kms.unwrap(b"context", old) == key
    assert [kek.state for kek in kms.describe().keks] == ["retired", "active"]


def test_a_rotation_is_seen_by_who_already_read_the_file(kms, keyfile, tmp_path):
    other = LocalKms(keyfile, data_dir=tmp_path / "data")
    other.wrap(b"context", new_key())

    fresh_id = kms.rotate()

    assert other.wrap(b"context", new_key()).kek_id == fresh_id
    assert keyfile.stat().st_mode & 0o7777 == 0o600


def test_a_deployment_key_is_the_same_at_every_call_and_survives_rotation(kms):
    before = kms.derive(b"audit row mac")

    kms.rotate()

    assert kms.derive(b"audit row mac") == before
    assert len(before) == 32
    assert kms.derive(b"something else") != before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700, 0o4600])
def test_a_file_that_others_may_touch_is_refused(kms, keyfile, mode):
    keyfile.chmod(mode)

    with pytest.raises(KmsRefused, match=f"mode {mode:04o}") as refused:
        kms.wrap(b"context", new_key())

    assert refused.value.field == "CORDON_KMS_KEYFILE"
    assert "chmod 600" in refused.value.remedy


def test_a_read_only_file_is_good(kms, keyfile):
    keyfile.chmod(0o400)

    assert kms.health().healthy


def test_a_symbolic_link_is_refused(kms, keyfile, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(keyfile)
    linked = LocalKms(link, data_dir=tmp_path / "data")

    assert linked.create() is False
    with pytest.raises(KmsRefused, match="symbolic link"):
        linked.wrap(b"context", new_key())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_account_is_refused(kms, keyfile):
    os.chown(keyfile, 12345, -1)

    with pytest.raises(KmsRefused, match="another account"):
        kms.wrap(b"context", new_key())


@pytest.mark.parametrize("inside", ["key", "deep/er/key", "../data/key"])
def test_a_file_inside_the_data_directory_is_refused_even_to_be_made(tmp_path, inside):
    data_dir = tmp_path / "data"
    kms = LocalKms(data_dir / inside, data_dir=data_dir)

    for attempt in (kms.create, kms.describe):
        with pytest.raises(KmsRefused, match="inside the data directory"):
            attempt()


def test_a_linked_way_into_the_data_directory_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")

    with pytest.raises(KmsRefused, match="inside the data directory"):
        LocalKms(tmp_path / "elsewhere" / "key", data_dir=tmp_path / "data").create()


def test_a_directory_or_a_pipe_is_no_key_file(tmp_path):
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name in ("directory", "pipe"):
        with pytest.raises(KmsRefused, match="not a regular file"):
            LocalKms(tmp_path / name, data_dir=tmp_path / "data").describe()


def test_an_absent_file_is_an_outage_with_a_remedy(kms, keyfile):
    keyfile.rename(keyfile.with_suffix(".away"))

    with pytest.raises(KmsUnavailable) as away:
        kms.wrap(b"context", new_key())
    health = kms.health()

    assert not health.healthy
    assert health.finding == away.value.message
    assert "backup" in health.remedy


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"cut", b'{"format": "cordon-local-kms-1"}', b'{"format": "other"}']
)
def test_a_damaged_file_says_so_and_shows_nothing_of_itself(kms, keyfile, damage):
    secrets = [kek["key"] for kek in json.loads(keyfile.read_text())["keks"]]
    keyfile.write_bytes(keyfile.read_bytes()[:-9] if damage == b"cut" else damage)

    with pytest.raises(KmsRefused) as refused:
        kms.wrap(b"context", new_key())

    error = refused.value
    assert error.__cause__ is error.__context__ is None
    assert not any(secret in f"{error!r} {error.__dict__}" for secret in secrets)


def test_what_people_see_of_the_kms_holds_no_key(kms, keyfile):
    raw = json.loads(keyfile.read_text())
    kms.wrap(b"context", new_key())

    shown = f"{kms.describe()!r} {kms!r} {vars(kms)!r}"

    assert raw["root"] not in shown
    assert raw["keks"][0]["key"] not in shown
    assert raw["keks"][0]["id"] in shown


def test_a_directory_that_cannot_hold_the_file_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "taken").write_text("a file where a directory should be")

    with pytest.raises(KmsRefused, match="cannot be used") as refused:
        LocalKms(tmp_path / "taken" / "key", data_dir=tmp_path / "data").create()

    assert "read and write" in refused.value.remedy
    assert "taken" in refused.value.message


def test_a_data_directory_that_takes_no_note_is_refused_with_a_remedy(keyfile, tmp_path):
    (tmp_path / "full").write_text("a file where a directory should be")

    with pytest.raises(KmsRefused, match="full") as refused:
        LocalKms(keyfile, data_dir=tmp_path / "full").adopt()

    assert "data directory" in refused.value.remedy


def test_a_note_that_cannot_be_read_is_refused_with_a_remedy(kms, keyfile, tmp_path):
    note = next((tmp_path / "data").iterdir())
    note.unlink()
    note.mkdir()

    with pytest.raises(KmsRefused, match=r"kms-key-file\.json: Is a directory"):
        kms.adopt()


def test_a_rotation_that_cannot_be_written_is_refused_and_leaves_the_keys(kms, keyfile):
    (keyfile.parent / f".{keyfile.name}.draft").mkdir()
    before = keyfile.read_bytes()

    with pytest.raises(KmsRefused, match="cannot be used"):
        kms.rotate()

    assert keyfile.read_bytes() == before


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(KmsRefused):
        LocalKms(tmp_path / "loop" / "key", data_dir=tmp_path / "data").create()


def test_a_place_where_no_file_can_be_made_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("no directory")

    with pytest.raises(KmsRefused, match="cannot be used") as refused:
        LocalKms(tmp_path / "file" / "key", data_dir=tmp_path / "data").create()

    assert refused.value.remedy
