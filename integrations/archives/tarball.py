"""Packed archives from outside, read as one stream: nothing is unpacked to disk, and nothing is trusted.

Every limit counts bytes as they come out of the decompressor, headers included, so that no bomb is opened before it is
noticed (CWE-409). An archive with one entry that it should not have is refused as a whole (CWE-22, CWE-59).
"""

import hashlib
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.utils.translation import gettext as _

from tenancy.errors import Invalid

MOST_BYTES = 2 * 1024**3
MOST_ENTRIES = 20_000
MOST_RATIO = 100
"""Unpacked bytes for each packed one; text packs about ten to one."""
MOST_IN_ONE = 128 * 1024**2
ALWAYS_ALLOWED = 1024**2
"""Unpacked bytes that even a tiny archive may have: tar pads with zeros, which pack a thousand to one."""

_DECODER_MEMORY = 256 * 1024**2
_HEADERS = 256 * 1024
_PIECE = 64 * 1024
_TAR_BLOCK = 20 * 512
_PLAIN = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})


class ArchiveRefused(Invalid):
    """The archive is damaged, too big, or not what an archive should be. Nothing of it has been taken over."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, field="archive", remedy=remedy or _("Export it again, and import what you exported."))


class PathRefused(ArchiveRefused):
    """An entry points outside of the archive: somebody has tampered with it."""

    def __init__(self, path: str) -> None:
        super().__init__(_("The entry %(path)s points outside of the archive.") % {"path": readable(path)})
        self.path = path


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the archive: its path inside, and what it holds."""

    path: PurePosixPath
    data: bytes


def entries(packed: BinaryIO, packed_bytes: int) -> Iterator[Entry]:
    """The files of a .tar.xz, in their order. Raises ArchiveRefused at the first sign that something is wrong."""
    stream = _Metered(packed, min(MOST_BYTES, max(ALWAYS_ALLOWED, MOST_RATIO * packed_bytes)))
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_TAR_BLOCK, errorlevel=2) as tar:  # type: ignore[call-overload]
            yield from _files(tar, stream)
            _refuse_rest(tar, stream)
    except tarfile.TarError as error:
        raise ArchiveRefused(_("This is no readable tar archive: %(error)s.") % {"error": error}) from None
    except (lzma.LZMAError, EOFError):
        raise ArchiveRefused(_("This is no complete xz file.")) from None


def digest_of(path: Path) -> bytes:
    """SHA-256 of the file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def readable(text: str, most: int = 120) -> str:
    """A name out of an archive, fit for a terminal or a log: no control characters, no endless length."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _files(tar: tarfile.TarFile, stream: "_Metered") -> Iterator[Entry]:
    for count, member in enumerate(tar, start=1):
        if count > MOST_ENTRIES:
            raise ArchiveRefused(_("The archive has more than %(most)d entries.") % {"most": MOST_ENTRIES})
        _refuse_odd(member)
        if not member.isdir():
            stream.allow(member.size)
            yield Entry(PurePosixPath(member.name), _held(tar, member))
        stream.allow(_HEADERS)


def _held(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    data = file.read() if file else b""
    if len(data) != member.size:
        raise ArchiveRefused(_("The entry %(path)s is cut short.") % {"path": readable(member.name)})
    return data


def _refuse_odd(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\0" in member.name:
        raise PathRefused(member.name)
    if not (member.isdir() or (member.type in _PLAIN and not member.issparse())):
        raise ArchiveRefused(
            _("The entry %(path)s is a link or a device, not a file.") % {"path": readable(member.name)}
        )
    if member.size > MOST_IN_ONE:
        raise ArchiveRefused(_("The entry %(path)s is too big.") % {"path": readable(member.name)})


def _refuse_rest(tar: tarfile.TarFile, stream: "_Metered") -> None:
    """A damaged header ends an archive without a word; what follows it shows that there was more."""
    stream.allow(_HEADERS)
    while piece := tar.fileobj.read(_PIECE):
        if piece.strip(b"\0"):
            raise ArchiveRefused(_("The archive goes on after its end: it is damaged."))
        stream.allow(_HEADERS)


class _Metered:
    """What an xz file unpacks to, as far as it is allowed: in all, and before the next entry is looked at."""

    def __init__(self, packed: BinaryIO, most: int) -> None:
        self._packed = packed
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DECODER_MEMORY)
        self._left = most
        self.allow(_HEADERS)

    def allow(self, size: int) -> None:
        """So much may be read until this is called again, and what the reader fetches ahead."""
        self._allowed = size + 2 * _TAR_BLOCK

    def read(self, size: int) -> bytes:
        data = self._unpacked(size)
        self._left -= len(data)
        self._allowed -= len(data)
        if self._left < 0:
            raise ArchiveRefused(
                _("The archive unpacks to far more than it should: more than %(ratio)d times its size, or 2 GiB.")
                % {"ratio": MOST_RATIO}
            )
        if self._allowed < 0:
            raise ArchiveRefused(_("A header of the archive is too big."))
        return data

    def _unpacked(self, size: int) -> bytes:
        while not self._decoder.eof:
            piece = self._packed.read(_PIECE) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not piece:
                raise EOFError
            if data := self._decoder.decompress(piece, size):
                return data
        if (self._decoder.unused_data + self._packed.read(_PIECE)).strip(b"\0"):
            raise ArchiveRefused(_("Something follows the end of the xz file."))
        return b""
