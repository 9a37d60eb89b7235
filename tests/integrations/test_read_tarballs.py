"""An archive from outside is refused as a whole at the first sign that it is not what it should be."""

import io
import lzma
import tarfile

import pytest

from integrations.archives import tarball
from integrations.archives.tarball import ArchiveRefused, PathRefused, entries
from tests.integrations.archive import packed


def read(path):
    with path.open("rb") as file:
        return list(entries(file, path.stat().st_size))


def header(name, kind=tarfile.REGTYPE, size=0, **values):
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    for attribute, value in values.items():
        setattr(member, attribute, value)
    return member


def test_files_come_in_their_order_with_what_they_hold(tmp_path):
    path = packed(tmp_path / "a.tar.xz", {"a/.one": b"1", "a/two": b"22"}, header("a/b", tarfile.DIRTYPE))

    found = read(path)

    assert [(str(entry.path), entry.data) for entry in found] == [("a/.one", b"1"), ("a/two", b"22")]


@pytest.mark.parametrize("name", ["../up.json", "a/../../up.json", "/etc/passwd", "//host/x"])
def test_a_path_that_leads_outside_is_refused_and_named(tmp_path, name):
    path = packed(tmp_path / "a.tar.xz", {"a/one": b"1"}, header(name, size=1))

    with pytest.raises(PathRefused) as refused:
        read(path)

    assert refused.value.path == name


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_links_devices_and_sparse_files_are_refused(tmp_path, kind):
    path = packed(tmp_path / "a.tar.xz", {}, header("a/one", kind, linkname="/etc/passwd"))

    with pytest.raises(ArchiveRefused):
        read(path)


def test_a_bomb_is_refused_long_before_it_has_gone_off(tmp_path):
    path = packed(tmp_path / "bomb.tar.xz", {"a/zeros": bytes(64 * 1024**2)})
    assert path.stat().st_size < 20_000

    with pytest.raises(ArchiveRefused, match="unpacks to far more"):
        read(path)


def test_text_that_packs_well_is_no_bomb(tmp_path):
    path = packed(tmp_path / "a.tar.xz", {"a/same": b"the same words " * 50_000})

    assert len(read(path)[0].data) == 750_000


def test_a_header_of_endless_length_is_refused(tmp_path):
    noise = io.BytesIO()
    with tarfile.open(fileobj=noise, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(header("n" * 900_000))
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(noise.getvalue()))

    with pytest.raises(ArchiveRefused, match="header"):
        read(path)


def test_more_entries_than_any_chat_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tarball, "MOST_ENTRIES", 3)
    path = packed(tmp_path / "a.tar.xz", {f"a/{number}": b"" for number in range(4)})

    with pytest.raises(ArchiveRefused, match="more than 3 entries"):
        read(path)


def test_one_entry_may_not_be_too_big(tmp_path, monkeypatch):
    monkeypatch.setattr(tarball, "MOST_IN_ONE", 10)
    path = packed(tmp_path / "a.tar.xz", {"a/one": b"eleven byte"})

    with pytest.raises(ArchiveRefused, match="too big"):
        read(path)


def test_an_archive_that_ends_too_early_is_refused(tmp_path):
    whole = packed(tmp_path / "a.tar.xz", {"a/one": b"1" * 5000})
    whole.write_bytes(whole.read_bytes()[:-40])

    with pytest.raises(ArchiveRefused, match="no complete xz"):
        read(whole)


def test_what_a_damaged_header_would_hide_is_noticed(tmp_path):
    plain = bytearray(
        lzma.decompress(packed(tmp_path / "a.tar.xz", {"a/1": b"x" * 600, "a/2": b"y" * 600}).read_bytes())
    )
    plain[512 + 1024 : 512 + 1024 + 8] = b"\xff" * 8
    path = tmp_path / "b.tar.xz"
    path.write_bytes(lzma.compress(bytes(plain)))

    with pytest.raises(ArchiveRefused, match="goes on after its end"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", lzma.compress(b"not a tar at all, " * 100)])
def test_what_is_no_packed_archive_is_refused(tmp_path, content):
    path = tmp_path / "a.tar.xz"
    path.write_bytes(content)

    with pytest.raises(ArchiveRefused):
        read(path)


def test_something_after_the_end_is_refused(tmp_path):
    path = packed(tmp_path / "a.tar.xz", {"a/one": b"1"})
    path.write_bytes(path.read_bytes() + lzma.compress(b"more"))

    with pytest.raises(ArchiveRefused, match="follows the end"):
        read(path)


def test_a_name_is_shown_without_what_could_steer_a_terminal(tmp_path):
    path = packed(tmp_path / "a.tar.xz", {}, header("a/\x1b[2Jx", tarfile.SYMTYPE))

    with pytest.raises(ArchiveRefused) as refused:
        read(path)

    assert "\x1b" not in refused.value.message
