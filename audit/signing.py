"""What audit needs of keys, stated here because audit may not import it; `keys` registers it at start (R24).

The signing key is unsealed only in the sealer's process; every process that writes holds the row MAC and the digest.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID


@runtime_checkable
class Signer(Protocol):
    """Signs checkpoints under one name and key (C2SP signed-note)."""

    @property
    def name(self) -> str:
        """The key name of the signed note: no blanks, no plus sign."""

    @property
    def key_id(self) -> bytes:
        """Four bytes: SHA-256(name, LF, type, public key), cut (C2SP signed-note)."""

    @property
    def algorithm(self) -> int:
        """The type byte of the signed note: 0x01 Ed25519, 0x02 ECDSA."""

    @property
    def vkey(self) -> str:
        """The public half as `<name>+<key id>+<base64 of type and key>`."""

    def sign(self, message: bytes) -> bytes:
        """The bare signature over the text of a note."""


@runtime_checkable
class RowMac(Protocol):
    """Vouches for an entry until it is sealed: HMAC-SHA256 cut to 16 bytes, under a key the database never holds."""

    def mac(self, message: bytes) -> bytes: ...

    def verify(self, message: bytes, mac: bytes) -> bool: ...


@runtime_checkable
class Digest(Protocol):
    """Keyed hash of what may not stand in clear (addresses, agents): equal ones can be found, none guessed."""

    def digest(self, workspace_id: UUID | None, purpose: str, text: str) -> bytes: ...

    def __hash__(self) -> int: ...


@runtime_checkable
class BodyVault(Protocol):
    """Seals the personal part of an entry at rest (R21), bound to its workspace and entry."""

    def seal(self, workspace_id: UUID | None, entry_id: UUID, body: bytes) -> bytes: ...

    def open(self, workspace_id: UUID | None, entry_id: UUID, sealed: bytes) -> bytes: ...


class NotRegistered(RuntimeError):
    """Audit was used before keys had registered its part: a defect of the start-up, and a reason not to go on."""


@dataclass(slots=True)
class _Registry:
    signers: tuple[Signer, ...] = ()
    row_mac: RowMac | None = None
    digest: Digest | None = None
    vault: BodyVault | None = None


_registered = _Registry()


def register_signer(*signers: Signer) -> None:
    """Sign every checkpoint with each of these: the present key, and the next one while they overlap."""
    _registered.signers = signers


def register_row_mac(row_mac: RowMac) -> None:
    _registered.row_mac = row_mac


def register_digest(digest: Digest) -> None:
    _registered.digest = digest


def register_vault(vault: BodyVault) -> None:
    _registered.vault = vault


def signer() -> Signer:
    """The present signing key. Raises NotRegistered outside the sealer's process."""
    return signers()[0]


def signers() -> tuple[Signer, ...]:
    if not _registered.signers:
        raise NotRegistered("no signer is registered; only the sealer's process unseals one")
    return _registered.signers


def row_mac() -> RowMac:
    if _registered.row_mac is None:
        raise NotRegistered("no row MAC is registered; keys registers it when Django starts")
    return _registered.row_mac


def digest() -> Digest:
    if _registered.digest is None:
        raise NotRegistered("no digest is registered; keys registers it when Django starts")
    return _registered.digest


def vault() -> BodyVault:
    if _registered.vault is None:
        raise NotRegistered("no vault is registered; keys registers it when Django starts")
    return _registered.vault
