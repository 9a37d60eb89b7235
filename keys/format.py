"""The sealed record, byte by byte, and what it is bound to. Pure: no Django, no database, no clock.

    record = version(1) | algorithm(1) | key id(4) | nonce(12) | ciphertext | tag(16)

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2). GCM does not commit to its key, so nothing here ever
tries several keys, and each key is checked against its commitment when it is loaded.
"""

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from typing import Literal, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from keys.errors import SealBroken

VERSION = 1
AES_256_GCM = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_HEADER = struct.Struct(">BBI")
_REVISION = struct.Struct(">HQ")
_LENGTH = struct.Struct(">H")
OVERHEAD = _HEADER.size + NONCE_BYTES + TAG_BYTES
_LONGEST_LABEL = 1024
_ENDS_KEPT = 64

ScopeKind = Literal["room", "user", "workspace"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose key seals: a room's, a user's own or the workspace's. Destroying that key destroys what it sealed."""

    kind: ScopeKind
    id: UUID | None

    @classmethod
    def room(cls, room_id: UUID) -> Self:
        return cls("room", room_id)

    @classmethod
    def user(cls, user_id: UUID) -> Self:
        return cls("user", user_id)

    @classmethod
    def workspace(cls) -> Self:
        return cls("workspace", None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where sealed data belongs; opened anywhere else it is broken (R19).

    With an `author_id` the key is mixed with that author's secret, so that shredding the author makes it noise. Data
    that must outlive its author (a room's title) and data written by the platform itself have no author.
    """

    workspace_id: UUID
    scope: Scope
    record_id: UUID
    author_id: UUID | None
    field: str
    revision: int = 0
    marking: str = ""


def key_id_of(sealed: bytes) -> int:
    """The id of the key that sealed this record. Raises SealBroken if it is no record of ours."""
    if len(sealed) < OVERHEAD:
        raise SealBroken(
            "The sealed data is cut short.", remedy="Verify the audit log and restore the row from a backup."
        )
    key_id: int
    version, algorithm, key_id = _HEADER.unpack_from(sealed)
    if version != VERSION or algorithm != AES_256_GCM or key_id == 0:
        raise SealBroken("The sealed data is in an unknown format.", remedy="Was it written by a newer release?")
    return key_id


class Subkey:
    """A key that is ready to seal and open in one scope for one author; reusable from any thread.

    What does not change from record to record (scope, author, key id) is framed once, here.
    """

    __slots__ = ("_cipher", "_ends", "_front", "_head", "_middle", "key_id")

    def __init__(self, key: bytes, *, key_id: int, workspace_id: UUID, scope: Scope, author_id: UUID | None) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(key)
        self._head = _HEADER.pack(VERSION, AES_256_GCM, key_id)
        self._front = b"".join(
            (
                framed(b"cordon.seal" + self._head[:2]),
                framed(workspace_id.bytes),
                framed(scope.kind.encode()),
                framed(scope.id.bytes if scope.id else b""),
                _LENGTH.pack(16),
            )
        )
        self._middle = framed(author_id.bytes if author_id else b"")
        self._ends: dict[tuple[str, int, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<Subkey of key {self.key_id}>"

    def seal(self, place: Place, data: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self._head + nonce + self._cipher.encrypt(nonce, data, self._bound(place))

    def open_(self, place: Place, sealed: bytes) -> bytes:
        """Raises SealBroken unless it was sealed by this key for exactly this place."""
        if sealed[:6] == self._head:
            try:
                return self._cipher.decrypt(sealed[6:18], sealed[18:], self._bound(place))
            except InvalidTag:
                pass
        raise SealBroken(
            "The sealed data does not belong here or was changed.",
            field=place.field,
            remedy="Verify the audit log; restore the row from a backup.",
        )

    def _bound(self, place: Place) -> bytes:
        """The additional data of R19: format, workspace, scope, record, author, field, revision, marking, key id."""
        end = self._ends.get((place.field, place.revision, place.marking))
        if end is None:
            end = self._end(place.field, place.revision, place.marking)
        return self._front + place.record_id.bytes + end

    def _end(self, field: str, revision: int, marking: str) -> bytes:
        labels = (_label(field), _REVISION.pack(8, revision), _label(marking), framed(self._head[2:]))
        end = self._middle + b"".join(labels)
        if len(self._ends) < _ENDS_KEPT:
            self._ends[field, revision, marking] = end
        return end


def framed(value: bytes) -> bytes:
    """The value behind its length, so that two neighbours can never be read as one."""
    return _LENGTH.pack(len(value)) + value


def _label(text: str) -> bytes:
    value = text.encode()
    if len(value) > _LONGEST_LABEL:
        raise ValueError(f"a field name or marking has at most {_LONGEST_LABEL} bytes")
    return framed(value)


def derive(key: bytes, *labels: bytes) -> bytes:
    """An independent 256-bit key for one purpose (HKDF-Expand, RFC 5869 §2.3); the labels are framed."""
    info = b"".join(map(framed, (b"cordon.key", *labels)))
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=info).derive(key)


def commitment(key: bytes) -> bytes:
    """What a key is recognised by: without it a crafted record could open under two keys."""
    return hmac.digest(key, b"cordon.commitment", "sha256")


def commits(key: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(commitment(key), expected)


def fingerprint(key: bytes) -> str:
    """What people may see of a key: it names the key and says nothing about it."""
    digest = hashlib.sha256(hmac.digest(key, b"cordon.fingerprint", "sha256")).hexdigest()[:16]
    return ":".join(digest[at : at + 4] for at in range(0, 16, 4))


def wrap(wrapping_key: bytes, context: bytes, key: bytes) -> bytes:
    """One key sealed under another: nonce | ciphertext | tag, bound to its context."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, context)


def unwrap(wrapping_key: bytes, context: bytes, blob: bytes) -> bytes:
    """Raises SealBroken if it was wrapped by another key or for another context."""
    try:
        return AESGCM(wrapping_key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise SealBroken("A wrapped key was changed or belongs elsewhere.", remedy="Restore the key tables.") from None


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)
