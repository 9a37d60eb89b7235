"""Making rows of wrapped keys, and wrapping them anew. Used by `keys.actions` alone, inside its transactions."""

import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from keys import envelope
from keys.errors import KeyMissing, KeyShredded
from keys.format import commitment, fingerprint, new_key, unwrap, wrap
from keys.kms import Wrapped, kms
from keys.models import DataKey, KeyRing, KeyState, TenantKey
from keys.source import Owner, TenantKeyRow, data_key_context, tenant_key_context
from tenancy.actor import new_id

_LAST_KEY_ID = 2**31 - 1

_ACTIVE_SHARED = """
select id, version, kek_id, wrapped from keys_tenantkey where workspace_id = %s and state = 'active' for share
"""
_REWRAP = """
update keys_datakey k set tenant_key_id = %(tenant_key_id)s, wrapped = fresh.wrapped
  from unnest(%(ids)s::uuid[], %(blobs)s::bytea[]) as fresh (id, wrapped)
 where k.workspace_id = %(workspace_id)s and k.id = fresh.id
"""


def active_tenant_key(workspace_id: UUID) -> TenantKeyRow:
    """The tenant key that wraps now, held so that nobody retires it before this transaction ends. Raises KeyMissing."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE_SHARED, [workspace_id])
        row = cursor.fetchone()
    if row is None:
        raise KeyMissing(
            _("This workspace has no tenant key."), remedy=_("Create it with keys.actions.create_workspace_keys.")
        )
    id_, version, kek_id, wrapped = row
    return TenantKeyRow(id_, workspace_id, version, Wrapped(kek_id, bytes(wrapped)))


def add_tenant_key(workspace_id: UUID, *, version: int) -> TenantKey:
    """A new version that wraps from now on."""
    key, row_id = new_key(), new_id()
    wrapped = kms().wrap(tenant_key_context(workspace_id, row_id, version), key)
    made: TenantKey = TenantKey.objects.create(
        id=row_id,
        workspace_id=workspace_id,
        version=version,
        kek_id=wrapped.kek_id,
        wrapped=wrapped.blob,
        fingerprint=fingerprint(key),
    )
    return made


def add_data_keys(workspace_id: UUID, owners: dict[Owner, int]) -> list[DataKey]:
    """One new data key for each owner, at the given epoch."""
    tenant = active_tenant_key(workspace_id)
    tenant_secret = envelope.hierarchy.tenant_secret(tenant)
    key_ids = _free_key_ids(len(owners))
    rows = [
        _data_key(tenant, tenant_secret, owner, epoch=epoch, key_id=key_id)
        for (owner, epoch), key_id in zip(owners.items(), key_ids, strict=True)
    ]
    return DataKey.objects.bulk_create(rows)


def _data_key(tenant: TenantKeyRow, tenant_secret: bytes, owner: Owner, *, epoch: int, key_id: int) -> DataKey:
    key = new_key()
    context = data_key_context(tenant.workspace_id, owner, epoch=epoch, key_id=key_id, tenant_key_id=tenant.id)
    return DataKey(
        workspace_id=tenant.workspace_id,
        scope=owner[0],
        scope_id=owner[1],
        epoch=epoch,
        key_id=key_id,
        tenant_key_id=tenant.id,
        wrapped=wrap(tenant_secret, context, key),
        commitment=commitment(key),
        fingerprint=fingerprint(key),
    )


def _free_key_ids(count: int) -> list[int]:
    """Random ids that no key of this workspace has or had; the unique constraint catches the rest."""
    free: set[int] = set()
    while len(free) < count:
        drawn = {1 + secrets.randbelow(_LAST_KEY_ID) for _ in range(count - len(free))}
        free |= drawn - set(DataKey.objects.filter(key_id__in=drawn).values_list("key_id", flat=True))
    return sorted(free)


def next_epoch(workspace_id: UUID, keys: Collection[DataKey]) -> list[DataKey]:
    """Retire these active keys, which the caller has locked, and give each owner its next one."""
    DataKey.objects.filter(id__in=[key.id for key in keys]).update(state=KeyState.RETIRED, retired_at=timezone.now())
    return add_data_keys(workspace_id, {key.owner: key.epoch + 1 for key in keys})


def destroy(keys: Collection[DataKey]) -> None:
    """Take the wrapped keys away; what they sealed is noise from the commit on."""
    DataKey.objects.filter(id__in=[key.id for key in keys]).update(
        state=KeyState.DESTROYED, wrapped=None, destroyed_at=timezone.now()
    )


def announce(workspace_id: UUID) -> None:
    """Make every process forget the keys of this workspace: this one at the commit, the others within five seconds."""
    KeyRing.objects.update(version=F("version") + 1)
    envelope.purge(workspace_id)
    transaction.on_commit(lambda: envelope.purge(workspace_id))


def rewrap_tenant_keys() -> int:
    """Wrap the tenant keys that are not under the active KEK with it; the keys themselves stay what they are."""
    active_kek_id = kms().describe().active_kek_id
    stale = TenantKey.objects.exclude(state=KeyState.DESTROYED).exclude(kek_id=active_kek_id)
    done = 0
    for key in stale.order_by("version").select_for_update():
        if key.wrapped is None:
            raise KeyShredded(f"The key {key} was destroyed.")
        context = tenant_key_context(key.workspace_id, key.id, key.version)
        fresh = kms().wrap(context, kms().unwrap(context, Wrapped(key.kek_id, bytes(key.wrapped))))
        key.kek_id, key.wrapped = fresh.kek_id, fresh.blob
        key.save(update_fields=["kek_id", "wrapped"])
        done += 1
    return done


def rewrap_data_keys(workspace_id: UUID, *, limit: int) -> int:
    """Wrap up to so many data keys anew that are still under an older tenant key. Keys that others hold are left."""
    tenant = active_tenant_key(workspace_id)
    tenant_secret = envelope.hierarchy.tenant_secret(tenant)
    stale = _under_older_keys(tenant.id).order_by("id").select_for_update(skip_locked=True, of=("self",))
    rows = list(stale.select_related("tenant_key")[:limit])
    blobs = [_rewrapped(row, tenant, tenant_secret) for row in rows]
    arguments: dict[str, Any] = {
        "tenant_key_id": tenant.id,
        "ids": [row.id for row in rows],
        "blobs": blobs,
        "workspace_id": workspace_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REWRAP, arguments)
    return len(rows)


def _under_older_keys(active_id: UUID) -> "QuerySet[DataKey]":
    return DataKey.objects.exclude(state=KeyState.DESTROYED).exclude(tenant_key_id=active_id)


def _rewrapped(row: DataKey, tenant: TenantKeyRow, tenant_secret: bytes) -> bytes:
    old = row.tenant_key
    if old.wrapped is None or row.wrapped is None:
        raise KeyShredded(f"The key of {row} was destroyed.")
    held = TenantKeyRow(old.id, row.workspace_id, old.version, Wrapped(old.kek_id, bytes(old.wrapped)))
    bound = {"epoch": row.epoch, "key_id": row.key_id}
    old_context = data_key_context(row.workspace_id, row.owner, tenant_key_id=old.id, **bound)
    secret = unwrap(envelope.hierarchy.tenant_secret(held), old_context, bytes(row.wrapped))
    return wrap(tenant_secret, data_key_context(row.workspace_id, row.owner, tenant_key_id=tenant.id, **bound), secret)


def remaining(workspace_id: UUID) -> int:
    """How many data keys still wait to be wrapped anew."""
    return _under_older_keys(active_tenant_key(workspace_id).id).count()


def destroy_unused_tenant_keys() -> int:
    """Destroy the retired tenant keys that wrap nothing any more.

    Locking a version waits for whoever still wraps under it, so that no key is left without the one that opens it.
    """
    retired = TenantKey.objects.filter(state=KeyState.RETIRED).order_by("version").select_for_update()
    wrapping = DataKey.objects.exclude(state=KeyState.DESTROYED).values_list("tenant_key_id", flat=True).distinct()
    unused = {key.id for key in retired} - set(wrapping)
    return TenantKey.objects.filter(id__in=unused).update(
        state=KeyState.DESTROYED, wrapped=None, destroyed_at=timezone.now()
    )
