"""A KMS in one file: for a single machine, for tests, and for sites whose disk encryption guards the file.

The file lies outside the data directory, so that a stolen copy of the data lacks the keys (R23). Whoever holds both
holds everything: a site with an HSM or a key service should use that.
"""

import base64
import fcntl
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from keys.errors import KeyUnavailable, KmsRefused, KmsUnavailable, SealBroken
from keys.format import derive, fingerprint, framed, new_key, unwrap, wrap
from keys.kms import Health, KekStatus, KmsStatus, Wrapped

_FORMAT = "cordon-local-kms-1"
_LARGEST = 1 << 20
_PRIVATE = 0o600
_MARKER = "kms-key-file.json"
ACTIVE: Final = "active"
RETIRED: Final = "retired"


@dataclass(frozen=True, slots=True, repr=False)
class _Kek:
    id: str
    state: str
    created_at: str
    key: str

    @property
    def secret(self) -> bytes:
        return base64.b64decode(self.key, validate=True)


@dataclass(frozen=True, slots=True, repr=False)
class _Contents:
    """The key file: the KEKs, newest last, and the root from which deployment keys are derived."""

    root: str
    keks: tuple[_Kek, ...]

    @property
    def active(self) -> _Kek:
        for kek in self.keks:
            if kek.state == ACTIVE:
                return kek
        raise KmsRefused("The key file has no active key.", remedy="Run `manage.py rotate_kms_key`.")

    def kek(self, kek_id: str) -> _Kek:
        for kek in self.keks:
            if kek.id == kek_id:
                return kek
        raise KmsRefused(
            f"The key file has no key {kek_id}.", remedy="Put back the key file that belongs to this data."
        )


class LocalKms:
    """The KEKs of a deployment in a private file. The file is read anew whenever it has changed."""

    calls_per_second = 1000
    """Nothing but this process pays for a call; the bound still stops a loop that has gone wild."""

    def __init__(self, path: Path, *, data_dir: Path) -> None:
        self._path = path
        self._data_dir = data_dir
        self._read: tuple[tuple[int, int, int], _Contents] | None = None

    def wrap(self, context: bytes, key: bytes) -> Wrapped:
        kek = self._contents().active
        return Wrapped(kek.id, wrap(kek.secret, _bound(kek.id, context), key))

    def unwrap(self, context: bytes, wrapped: Wrapped) -> bytes:
        kek = self._contents().kek(wrapped.kek_id)
        try:
            return unwrap(kek.secret, _bound(kek.id, context), wrapped.blob)
        except SealBroken:
            raise KmsRefused(
                f"The KMS cannot unwrap this key with {kek.id}.",
                remedy="The key tables and the key file do not belong together: restore both from the same deployment.",
            ) from None

    def derive(self, context: bytes) -> bytes:
        return derive(base64.b64decode(self._contents().root), b"kms", context)

    def describe(self) -> KmsStatus:
        contents = self._contents()
        keks = tuple(KekStatus(kek.id, kek.state, kek.created_at, fingerprint(kek.secret)) for kek in contents.keks)
        return KmsStatus("local", str(self._path), contents.active.id, keks)

    def health(self) -> Health:
        probe = new_key()
        try:
            if self.unwrap(b"health", self.wrap(b"health", probe)) != probe:
                return Health(
                    healthy=False, finding="The KMS gives back another key than it was given.", remedy="Replace it."
                )
        except KeyUnavailable as error:
            return Health(healthy=False, finding=error.message, remedy=error.remedy)
        return Health(healthy=True)

    def create(self) -> bool:
        """Make the file with its first KEK, once; whoever comes second keeps what the first one made.

        Raises KmsRefused if this data was already sealed with a key file that is gone: a new one would not open it.
        """
        self._refuse_inside_data_directory()
        if self._path.is_symlink() or self._path.exists():
            return False
        self._refuse_if_data_waits_for_another_file()

        contents = _Contents(root=_encoded(new_key()), keks=(_new_kek(),))
        made = self._write_once(contents)
        if made:
            marker = self._data_dir / _MARKER
            marker.write_text(json.dumps({"path": str(self._path), "kek_id": contents.active.id}))
        return made

    def rotate(self) -> str:
        """Add a KEK that wraps from now on, and give its id; the older ones go on unwrapping."""
        with self._locked():
            contents = self._contents()
            older = tuple(replace(kek, state=RETIRED) for kek in contents.keks)
            fresh = _new_kek()
            self._replace(_Contents(contents.root, (*older, fresh)))
        return fresh.id

    def _contents(self) -> _Contents:
        self._refuse_inside_data_directory()
        handle = self._open()
        try:
            found = os.fstat(handle)
            _refuse_unsafe(self._path, found)
            version = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._read and self._read[0] == version:
                return self._read[1]
            contents = _parsed(os.read(handle, _LARGEST))
        finally:
            os.close(handle)
        self._read = (version, contents)
        return contents

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise KmsUnavailable(
                f"The key file {self._path} is not there.",
                field="CORDON_KMS_KEYFILE",
                remedy="Put it back from its own backup, or run `manage.py prepare` on a new deployment.",
            ) from None
        except OSError as error:
            link = self._path.is_symlink()
            raise KmsRefused(
                f"The key file {self._path} {'is a symbolic link' if link else f'cannot be read: {error.strerror}'}.",
                field="CORDON_KMS_KEYFILE",
                remedy="Name the file itself, readable by the account of the platform alone.",
            ) from None

    def _refuse_inside_data_directory(self) -> None:
        if self._path.parent.resolve().is_relative_to(self._data_dir.resolve()):
            raise KmsRefused(
                f"The key file {self._path} lies inside the data directory.",
                field="CORDON_KMS_KEYFILE",
                remedy="Keep it elsewhere: a stolen copy of the data must not contain the keys.",
            )

    def _refuse_if_data_waits_for_another_file(self) -> None:
        marker = self._data_dir / _MARKER
        if marker.exists():
            raise KmsRefused(
                f"The key file that sealed this data is gone: {marker} says which it was.",
                field="CORDON_KMS_KEYFILE",
                remedy=f"Put it back at {self._path}. Delete {marker} only if the data may be lost.",
            )

    def _write_once(self, contents: _Contents) -> bool:
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._draft(contents)
        try:
            os.link(draft, self._path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        _sync_directory(self._path.parent)
        return True

    def _replace(self, contents: _Contents) -> None:
        self._draft(contents).replace(self._path)
        _sync_directory(self._path.parent)
        self._read = None

    def _draft(self, contents: _Contents) -> Path:
        """The contents in a private file beside the real one, safely on disk."""
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
        with os.fdopen(handle, "w") as out:
            json.dump(
                {"format": _FORMAT, "root": contents.root, "keks": [asdict(kek) for kek in contents.keks]},
                out,
                indent=1,
            )
            out.flush()
            os.fsync(handle)
        return Path(name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time: the directory is locked, since the file itself is replaced."""
        handle = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def from_settings() -> LocalKms:
    """The key file that the settings name; made on first use unless this is production."""
    found = LocalKms(Path(settings.KMS_KEYFILE), data_dir=Path(settings.DATA_DIR))
    if not settings.PRODUCTION:
        found.create()
    return found


def _bound(kek_id: str, context: bytes) -> bytes:
    return framed(b"cordon.kms") + framed(kek_id.encode()) + framed(context)


def _encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _new_kek() -> _Kek:
    now = datetime.now(UTC)
    return _Kek(
        f"local-{now:%Y%m%d}-{secrets.token_hex(4)}", ACTIVE, now.isoformat(timespec="seconds"), _encoded(new_key())
    )


def _parsed(text: bytes) -> _Contents:
    contents = _readable(text)
    if contents is None:
        raise KmsRefused(
            "The key file is damaged, or was written by a newer release.", remedy="Put it back from its own backup."
        )
    return contents


def _readable(text: bytes) -> _Contents | None:
    """None instead of an exception: one from the JSON parser would carry the whole file along."""
    try:
        raw = json.loads(text)
        keks = tuple(_Kek(**kek) for kek in raw["keks"])
        return _Contents(root=raw["root"], keks=keks) if raw["format"] == _FORMAT else None
    except (ValueError, KeyError, TypeError):
        return None


def _refuse_unsafe(path: Path, found: os.stat_result) -> None:
    """Only a regular file of our own that nobody else may touch is believed."""
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        finding, remedy = "is not a regular file", "Name a regular file."
    elif found.st_uid != os.geteuid():
        finding, remedy = "belongs to another account", f"chown it to the account of the platform: {path}"
    elif mode & ~_PRIVATE:
        finding, remedy = f"has mode {mode:04o}", f"chmod 600 {path}"
    else:
        return
    raise KmsRefused(f"The key file {path} {finding}.", field="CORDON_KMS_KEYFILE", remedy=remedy)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
