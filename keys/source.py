"""Where wrapped keys come from, and what is known of them there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from keys.format import framed
from keys.kms import Wrapped

KeyScope = Literal["room", "user", "workspace", "author", "index"]
"""What a data key is for: the three scopes that seal, the secret of an author, and the workspace's index secret."""

Owner = tuple[KeyScope, UUID]

Name = Owner | int
"""How a data key is asked for: as the one that seals now for an owner, or by the key id in a record."""


def tenant_key_context(workspace_id: UUID, id_: UUID, version: int) -> bytes:
    """What the KMS binds a tenant key to."""
    return b"".join(map(framed, (b"cordon.tenant-key", workspace_id.bytes, id_.bytes, version.to_bytes(4, "big"))))


def data_key_context(workspace_id: UUID, owner: Owner, *, epoch: int, key_id: int, tenant_key_id: UUID) -> bytes:
    """What a data key is bound to when its tenant key wraps it."""
    scope, scope_id = owner
    numbers = epoch.to_bytes(4, "big") + key_id.to_bytes(4, "big")
    parts = (b"cordon.data-key", workspace_id.bytes, scope.encode(), scope_id.bytes, numbers, tenant_key_id.bytes)
    return b"".join(map(framed, parts))


@dataclass(frozen=True, slots=True)
class TenantKeyRow:
    """One version of a tenant key; `wrapped` is gone once it was destroyed."""

    id: UUID
    workspace_id: UUID
    version: int
    wrapped: Wrapped | None

    @property
    def context(self) -> bytes:
        return tenant_key_context(self.workspace_id, self.id, self.version)


@dataclass(frozen=True, slots=True)
class DataKeyRow:
    """One data key, wrapped under its tenant key; `wrapped` is gone once it was shredded."""

    id: UUID
    scope: KeyScope
    scope_id: UUID
    epoch: int
    key_id: int
    state: str
    wrapped: bytes | None
    commitment: bytes
    tenant_key: TenantKeyRow
    settled: bool
    """Whether it was committed before this transaction began to use it; one that was not may still be rolled back."""

    @property
    def owner(self) -> Owner:
        return (self.scope, self.scope_id)

    @property
    def context(self) -> bytes:
        """What the wrapped key is bound to: it opens in no other row."""
        return data_key_context(
            self.tenant_key.workspace_id,
            self.owner,
            epoch=self.epoch,
            key_id=self.key_id,
            tenant_key_id=self.tenant_key.id,
        )


class KeySource(Protocol):
    """The rows of the workspace in whose scope the caller is."""

    def version(self, workspace_id: UUID) -> int:
        """A number that changes whenever a key of this workspace was rotated or destroyed. Raises KeyMissing."""

    def find(self, workspace_id: UUID, names: Collection[Name]) -> dict[Name, DataKeyRow]:
        """The keys by what they were asked for. An owner whose keys were all shredded is answered with one of those."""

    def count(self, workspace_id: UUID, key_id: int, seals: int) -> None:
        """Add to the number of records that a key has sealed; may be lost, never waits."""
