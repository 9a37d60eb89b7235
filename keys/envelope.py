"""Sealing and opening: the only way content gets into and out of the database.

An explicit call, never a transparent field: what is sealed is bound to its place (R19), so ids exist before rows do.
Keys are read within the caller's `within(workspace_id)`; what is in memory and fresh also serves outside of it, for
delivery on an event loop, else KeyNotCached says so. A key is never made here: see `keys.actions`.
"""

import base64
import hmac
import re
import threading
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from django.utils.translation import gettext as _

from keys import tampering
from keys.database import DatabaseKeys
from keys.errors import SealBroken, SealError
from keys.format import Place, Scope, key_id_of
from keys.hierarchy import PRESENT, Hierarchy, Ready
from keys.kms import kms
from policy.language.values import shown
from tenancy.errors import Invalid

__all__ = [
    "Place",
    "Scope",
    "body_mac",
    "folded",
    "lookup_hash",
    "opaque",
    "open_",
    "open_each",
    "open_many",
    "purge",
    "seal",
    "seal_many",
    "unopaque",
]

COUNTED_IN_STEPS_OF = 256
"""How many seals of a key go by before its row is told; the limit of a key is a million."""

BLOCK_BYTES = 16
_MAC_BYTES = 16
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")

source = DatabaseKeys()
hierarchy = Hierarchy(source, kms)


def seal(place: Place, data: bytes) -> bytes:
    """The data so that only this place opens it again; 34 bytes longer.

    Raises KeyMissing if no action made the key, KeyShredded if it was destroyed, KeyUnavailable if the KMS is away.
    """
    return _sealed(hierarchy.ready(place, PRESENT), place, data)


def open_(place: Place, sealed: bytes) -> bytes:
    """What was sealed at this place.

    Raises SealBroken if it was changed or stands elsewhere, KeyShredded if it is noise for ever, KeyMissing, and
    KeyUnavailable if the KMS is away. What was tampered with is told to the record (`keys.tampering`).
    """
    sealed = bytes(sealed)
    try:
        return hierarchy.ready(place, key_id_of(sealed)).subkey.open_(place, sealed)
    except SealError as closed:
        tampering.note(place, closed)
        raise


def seal_many(items: Sequence[tuple[Place, bytes]]) -> list[bytes]:
    """`seal` for a batch in one workspace, with at most one query. The first failure fails the batch."""
    keys = hierarchy.ready_many([(place, PRESENT) for place, _ in items])
    return [_sealed(key, place, data) for key, (place, data) in zip(keys, items, strict=True)]


def open_many(items: Sequence[tuple[Place, bytes]]) -> list[bytes]:
    """`open_` for a batch in one workspace, with at most one query. The first failure fails the batch."""
    opened = open_each(items)
    for one in opened:
        if isinstance(one, SealError):
            raise one
    return opened  # type: ignore[return-value]


def open_each(items: Sequence[tuple[Place, bytes]]) -> list[bytes | SealError]:
    """`open_` for a page of records in one workspace, with at most one query; each is opened or fails for itself.

    Raises KeyUnavailable for the whole batch: that the KMS is away is no property of an item.
    """
    records = [(place, bytes(sealed)) for place, sealed in items]
    key_ids = [_key_id_or_error(sealed) for _, sealed in records]
    wanted = [(place, key_id) for (place, _), key_id in zip(records, key_ids, strict=True) if isinstance(key_id, int)]
    keys = iter(hierarchy.ready_many(wanted))
    opened = [
        _opened(next(keys), place, sealed) if isinstance(key_id, int) else key_id
        for (place, sealed), key_id in zip(records, key_ids, strict=True)
    ]
    for one, (place, _sealed_data) in zip(opened, records, strict=True):
        if isinstance(one, SealError):
            tampering.note(place, one)
    return opened


def lookup_hash(workspace_id: UUID, purpose: str, text: str) -> bytes:
    """32 bytes by which sealed text can be found again: equal for equal text in one workspace and purpose (R21).

    The text counts as it is; for names that people type, pass `folded(text)`.
    """
    key = hierarchy.derived(workspace_id, "lookup", purpose, bytes)
    return hmac.digest(key, text.encode(), "sha256")


def folded(text: str) -> str:
    """The text as people see it: forms, case, runs of blanks and what shows nothing do not count (Unicode §3.13.5)."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", shown(text)).casefold())
    return " ".join(unicodedata.normalize("NFKC", text.casefold()).split())


def body_mac(workspace_id: UUID, data: bytes) -> bytes:
    """16 bytes that tell a repeat from a conflict (R20).

    Equal data gives equal MACs: put the client's message id before the body, or equal bodies show as equal.
    """
    key = hierarchy.derived(workspace_id, "body", "", bytes)
    return hmac.digest(key, data, "sha256")[:_MAC_BYTES]


def opaque(workspace_id: UUID, purpose: str, block: bytes) -> str:
    """16 bytes as 22 characters that reveal nothing, not even order or nearness; equal for equal blocks (R18)."""
    if len(block) != BLOCK_BYTES:
        raise ValueError(f"an opaque block has {BLOCK_BYTES} bytes")
    hidden = hierarchy.derived(workspace_id, "cursor", purpose, _Prp).encrypt(block)
    return base64.urlsafe_b64encode(hidden)[:-2].decode()


def unopaque(workspace_id: UUID, purpose: str, text: str) -> bytes:
    """The block again. Raises Invalid if the form is wrong.

    A made-up text of the right form gives random bytes: blocks need something in them that can be checked.
    """
    if not _OPAQUE.fullmatch(text):
        raise Invalid(_("This is no cursor of ours."), field=purpose, remedy=_("Start again without one."))
    hidden = base64.urlsafe_b64decode(f"{text}==")
    return hierarchy.derived(workspace_id, "cursor", purpose, _Prp).decrypt(hidden)


def purge(workspace_id: UUID) -> None:
    """Forget the keys of the workspace in this process; they are read anew when they are needed."""
    hierarchy.purge(workspace_id)


class _Prp:
    """AES-256 on a single block: a permutation that only the workspace can follow, not an encryption of text."""

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(AES(key), ECB())  # noqa: S305 - exactly one block, each value once: a permutation, not a mode
        self._forward: CipherContext = cipher.encryptor()
        self._back: CipherContext = cipher.decryptor()
        self._lock = threading.Lock()

    def encrypt(self, block: bytes) -> bytes:
        with self._lock:
            return self._forward.update(block)

    def decrypt(self, block: bytes) -> bytes:
        with self._lock:
            return self._back.update(block)


def _sealed(key: Ready | SealError, place: Place, data: bytes) -> bytes:
    if isinstance(key, SealError):
        raise key
    sealed = key.subkey.seal(place, data)
    if next(key.seals) % COUNTED_IN_STEPS_OF == 0:
        source.count(place.workspace_id, key.subkey.key_id, COUNTED_IN_STEPS_OF)
    return sealed


def _opened(key: Ready | SealError, place: Place, sealed: bytes) -> bytes | SealError:
    if isinstance(key, SealError):
        return key
    try:
        return key.subkey.open_(place, sealed)
    except SealBroken as broken:
        return broken


def _key_id_or_error(sealed: bytes) -> int | SealError:
    try:
        return key_id_of(sealed)
    except SealBroken as broken:
        return broken
