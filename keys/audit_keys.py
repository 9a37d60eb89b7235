"""The keys behind the audit log: `audit` states what it needs, this gives it (R24).

The row MAC is derived by the KMS and stored nowhere. The signing key is stored wrapped, readable by the sealer's
database role alone, and unwrapped only in the process that has that role's address.
"""

import hmac
from functools import cached_property
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, connections, transaction

from audit import signing
from audit.notes import PublicKey
from keys import envelope
from keys.errors import KeyShredded
from keys.format import Place, Scope, Subkey, framed, key_id_of
from keys.kms import Wrapped, kms
from keys.models import AuditSigningKey, KeyState
from tenancy.actor import NOBODY, new_id

SEALER = "sealer"
ED25519 = 0x01
MAC_BYTES = 16
_PLATFORM_KEY_ID = 1


class KmsRowMac:
    """HMAC-SHA256 cut to 16 bytes, under a key of the deployment that the database never holds."""

    @cached_property
    def _key(self) -> bytes:
        return kms().derive(b"cordon.audit.row-mac")

    def mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key, message, "sha256")[:MAC_BYTES]

    def verify(self, message: bytes, mac: bytes) -> bool:
        return hmac.compare_digest(self.mac(message), mac)


class KmsDigest:
    """Keyed hash of addresses and agents; asks nothing of the workspace's keys, so it works while the KMS is away."""

    @cached_property
    def _key(self) -> bytes:
        return kms().derive(b"cordon.audit.digest")

    def digest(self, workspace_id: UUID | None, purpose: str, text: str) -> bytes:
        message = framed((workspace_id or NOBODY).bytes) + framed(purpose.encode()) + text.encode()
        return hmac.digest(self._key, message, "sha256")[:MAC_BYTES]


class EnvelopeVault:
    """Seals the personal part of an entry with the key of its workspace; in the platform's log, of the deployment."""

    @cached_property
    def _platform(self) -> Subkey:
        key = kms().derive(b"cordon.audit.platform-body")
        return Subkey(key, key_id=_PLATFORM_KEY_ID, workspace_id=NOBODY, scope=Scope.workspace(), author_id=None)

    def seal(self, workspace_id: UUID | None, entry_id: UUID, body: bytes) -> bytes:
        place = _body_place(workspace_id, entry_id)
        return envelope.seal(place, body) if workspace_id else self._platform.seal(place, body)

    def open(self, workspace_id: UUID | None, entry_id: UUID, sealed: bytes) -> bytes:
        place, sealed = _body_place(workspace_id, entry_id), bytes(sealed)
        if workspace_id:
            return envelope.open_(place, sealed)
        key_id_of(sealed)
        return self._platform.open_(place, sealed)


def _body_place(workspace_id: UUID | None, entry_id: UUID) -> Place:
    return Place(workspace_id or NOBODY, Scope.workspace(), entry_id, None, "audit.body")


class SealerSigner:
    """Signs checkpoints with Ed25519 (C2SP signed-note, type 0x01); the key is made and unwrapped on first use."""

    def __repr__(self) -> str:
        return f"<SealerSigner {self.name}>"

    @property
    def name(self) -> str:
        return f"{settings.DEPLOYMENT_ID}/audit"

    @property
    def algorithm(self) -> int:
        return ED25519

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        row = _active_key(self.name) or _made_key(self.name)
        if row.wrapped is None:
            raise KeyShredded("The key that signs the audit log was destroyed.")
        secret = kms().unwrap(_context(row.id), Wrapped(row.kek_id, bytes(row.wrapped)))
        return Ed25519PrivateKey.from_private_bytes(secret)

    @cached_property
    def _public(self) -> PublicKey:
        return PublicKey(self.name, ED25519, self._private.public_key().public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        return self._public.key_id

    @property
    def vkey(self) -> str:
        return self._public.vkey

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def _context(row_id: UUID) -> bytes:
    return framed(b"cordon.audit-signing-key") + framed(row_id.bytes)


def _active_key(name: str) -> AuditSigningKey | None:
    return AuditSigningKey.objects.using(SEALER).filter(name=name, state=KeyState.ACTIVE).first()


def _made_key(name: str) -> AuditSigningKey:
    """A new key; of two sealers that start at once, both use the one whose row came first."""
    private, row_id = Ed25519PrivateKey.generate(), new_id()
    wrapped = kms().wrap(_context(row_id), private.private_bytes_raw())
    row = AuditSigningKey(
        id=row_id,
        name=name,
        public_key=private.public_key().public_bytes_raw(),
        kek_id=wrapped.kek_id,
        wrapped=wrapped.blob,
    )
    try:
        with transaction.atomic(using=SEALER):
            row.save(using=SEALER, force_insert=True)
    except IntegrityError:
        return AuditSigningKey.objects.using(SEALER).get(name=name, state=KeyState.ACTIVE)
    return row


def register() -> None:
    """Give audit its keys; the signer only where the sealer's role can be reached."""
    signing.register_row_mac(KmsRowMac())
    signing.register_digest(KmsDigest())
    signing.register_vault(EnvelopeVault())
    if SEALER in connections.settings:
        signing.register_signer(SealerSigner())
