"""The embedded deployment: where its data, sockets and secrets are, and by which addresses its servers are reached.

Knows no Django and starts nothing, so that the settings may read it. The servers are started by `chatapp.embedded`.
"""

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

ROLES = ("owner", "app", "platform", "sealer", "pruner", "auditor")
"""Database roles of R2, each login, none superuser, none with bypassrls."""

DATABASE = "cordon"
_SECRETS = ("secret_key", "wall_key", "deployment_id", "valkey", "postgres", *ROLES)


class NotPrivate(Exception):
    """A directory that holds our sockets or secrets belongs to somebody else or may be read by others."""


def private_directory(path: Path) -> Path:
    """The directory, made if absent, that only this account may list and change; raises NotPrivate if others may."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = path.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o066:
        raise NotPrivate(f"{path} must belong to this account with mode 0700; try: chmod 700 {path}")
    return path


@dataclass(frozen=True)
class Deployment:
    """One data directory and everything that is derived from it."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def postgres_data(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.root / "valkey"

    @property
    def default_kms_keyfile(self) -> Path:
        """A sibling of the data directory, never inside it, so that one stolen copy lacks the other (R23)."""
        return self.root.with_name(f"{self.root.name}.kms-key")

    @cached_property
    def sockets(self) -> Path:
        """A short private directory: the path of a UNIX socket may have 107 bytes at most."""
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"cordon-{os.getuid()}-{mark}"

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "pg"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def processes(self) -> Path:
        """The note of the supervisor that runs here: what it looks after, and where that answers."""
        return self.root / "processes.json"

    def served_port(self) -> int | None:
        """The port that `manage.py up` serves on this data now; None if nobody does."""
        try:
            note = json.loads(self.processes.read_text())
            os.kill(note["supervisor"], 0)
            return int(note["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @cached_property
    def secrets(self) -> dict[str, str]:
        """The random secrets of this deployment, made on first use and kept in a file of mode 0600."""
        private_directory(self.root)
        if not self._secrets_file.exists():
            _write_once(self._secrets_file, _fresh_secrets())
        return dict(json.loads(self._secrets_file.read_text()))

    @property
    def _secrets_file(self) -> Path:
        return self.root / "secrets.json"

    def database_url(self, role: str, database: str = DATABASE) -> str:
        user = role if role == "postgres" else f"cordon_{role}"
        return f"postgresql://{user}:{self.secrets[role]}@/{database}?host={quote(str(self.postgres_sockets), safe='')}"

    @property
    def valkey_url(self) -> str:
        return f"unix://:{self.secrets['valkey']}@{self.valkey_socket}"

    def services(self) -> dict[str, str]:
        """The environment values of the embedded servers, named as an external deployment would give them."""
        others = {f"CORDON_DATABASE_{role.upper()}_URL": self.database_url(role) for role in ROLES if role != "app"}
        return {"DATABASE_URL": self.database_url("app"), "VALKEY_URL": self.valkey_url} | others

    def identity(self) -> dict[str, str]:
        """The secrets that make this deployment the same one after a restart."""
        return {
            "CORDON_SECRET_KEY": self.secrets["secret_key"],
            "CORDON_WALL_KEY": self.secrets["wall_key"],
            "CORDON_DEPLOYMENT_ID": self.secrets["deployment_id"],
            "CORDON_KMS_KEYFILE": str(self.default_kms_keyfile),
        }


class Glimpse(Deployment):
    """A data directory that is only looked at: what is not there is made up for the moment and kept nowhere."""

    @cached_property
    def secrets(self) -> dict[str, str]:
        return super().secrets if self._secrets_file.exists() else _fresh_secrets()


def _fresh_secrets() -> dict[str, str]:
    return {name: secrets.token_urlsafe(48) for name in _SECRETS} | {"deployment_id": secrets.token_hex(6)}


def _write_once(file: Path, values: dict[str, str]) -> None:
    """Write the file whole or not at all; whoever comes second keeps what the first one wrote."""
    with _alone_in(file.parent):
        if file.exists():
            return
        draft = file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(values, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(file)
        sync_directory(file.parent)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """One writer at a time; the lock ends with its holder."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_directory(path: Path) -> None:
    """What was made or renamed in there survives a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
