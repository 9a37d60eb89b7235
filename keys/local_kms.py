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
_RUNBOOK = "See docs/runbooks/keys.md."
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
            f"The key file has no key {kek_id}.",
            remedy=f"Put back the key file that belongs to this data. {_RUNBOOK}",
        )


@contextmanager
def _told() -> Iterator[None]:
    """What the file system says is told as every refusal of a KMS is: what is wrong where, and what to do about it."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        where = getattr(error, "filename", None) or "the key file or its directory"
        why = getattr(error, "strerror", None) or error
        raise KmsRefused(
            f"The key file cannot be used: {where}: {why}.",
            field="CORDON_KMS_KEYFILE",
            remedy="Let the account of the platform, and no other, read and write the key file, its directory and the"
            f" data directory, and see that their disk has room. {_RUNBOOK}",
        ) from None


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

    @_told()
    def create(self) -> bool:
        """Make the file with its first KEK, once; whoever comes second keeps what the first one made.

        Raises KmsRefused if this data was already sealed with a key file that is gone: a new one would not open it;
        and if the file cannot be made.
        """
        self._refuse_inside_data_directory()
        if self._is_there():
            return False
        self._refuse_if_data_waits_for_another_file()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            if self._is_there():
                return False
            self._replace(_Contents(root=_encoded(new_key()), keks=(_new_kek(),)))
        self.adopt()
        return True

    @_told()
    def adopt(self) -> None:
        """Note that this data is sealed with this file, unless that is known already.

        Raises KmsRefused or KmsUnavailable if the file cannot be used or belongs to other data.
        """
        contents = self._contents()
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            if noted := self._noted():
                contents.kek(noted)
                return
            _write_whole(self._marker, json.dumps({"path": str(self._path), "kek_id": contents.active.id}))

    def _is_there(self) -> bool:
        return self._path.is_symlink() or self._path.exists()

    @_told()
    def rotate(self) -> str:
        """Add a KEK that wraps from now on, and give its id; the older ones go on unwrapping."""
        with self._locked():
            contents = self._contents()
            older = tuple(replace(kek, state=RETIRED) for kek in contents.keks)
            fresh = _new_kek()
            self._replace(_Contents(contents.root, (*older, fresh)))
        return fresh.id

    @_told()
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
                remedy=f"Put it back from its own backup. {_RUNBOOK}"
                if self._marker.exists()
                else f"Run `manage.py prepare` on a new deployment, else put it back from its backup. {_RUNBOOK}",
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
        if self._marker.exists():
            raise KmsRefused(
                f"The key file {self._path} that sealed this data is gone; {self._marker} says which it was.",
                field="CORDON_KMS_KEYFILE",
                remedy=f"Put it back at {self._path}. Delete {self._marker} only if the data may be lost. {_RUNBOOK}",
            )

    @property
    def _marker(self) -> Path:
        return self._data_dir / _MARKER

    def _noted(self) -> str:
        """The id of a KEK of the file that this data was sealed with; empty if nobody has noted it."""
        try:
            return str(json.loads(self._marker.read_text())["kek_id"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return ""

    def _replace(self, contents: _Contents) -> None:
        keks = [asdict(kek) for kek in contents.keks]
        _write_whole(self._path, json.dumps({"format": _FORMAT, "root": contents.root, "keks": keks}, indent=1))
        self._read = None

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


def _write_whole(path: Path, text: str) -> None:
    """A private file, safely on disk, in one step; whoever calls is alone. What a broken attempt left goes."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
