"""The rows behind the keys in memory. Every question is asked in the scope of the workspace, behind the wall."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from keys.errors import KeyMissing
from keys.kms import Wrapped
from keys.source import DataKeyRow, Name, TenantKeyRow

_VERSION = "select version from keys_keyring where workspace_id = %s"

_COLUMNS = """
       k.id, k.scope, k.scope_id, k.epoch, k.key_id, k.state, k.wrapped, k.commitment,
       k.created_xid is distinct from pg_current_xact_id_if_assigned() as settled,
       t.id, t.version, t.kek_id, t.wrapped
  from keys_datakey k join keys_tenantkey t on t.workspace_id = k.workspace_id and t.id = k.tenant_key_id
"""
_FIND = f"""
select true as by_owner, {_COLUMNS}
  join unnest(%(scopes)s::text[], %(scope_ids)s::uuid[]) as wanted (scope, scope_id)
    on wanted.scope = k.scope and wanted.scope_id = k.scope_id
 where k.workspace_id = %(workspace_id)s and k.state <> 'retired'
union all
select false, {_COLUMNS}
 where k.workspace_id = %(workspace_id)s and k.key_id = any(%(key_ids)s::int[])
"""
_COUNT = """
update keys_datakey set uses = uses + %(seals)s
 where id = (select id from keys_datakey
              where workspace_id = %(workspace_id)s and key_id = %(key_id)s and state <> 'destroyed'
                for no key update skip locked)
"""


class DatabaseKeys:
    """The keys of the workspace in whose scope the caller is."""

    def version(self, workspace_id: UUID) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_VERSION, [workspace_id])
            row = cursor.fetchone()
        if row is None:
            raise KeyMissing(
                _("This workspace has no keys."), remedy=_("Create them with keys.actions.create_workspace_keys.")
            )
        return int(row[0])

    def find(self, workspace_id: UUID, names: Collection[Name]) -> dict[Name, DataKeyRow]:
        owners = [name for name in names if isinstance(name, tuple)]
        arguments: dict[str, Any] = {
            "workspace_id": workspace_id,
            "scopes": [scope for scope, _ in owners],
            "scope_ids": [scope_id for _, scope_id in owners],
            "key_ids": [name for name in names if isinstance(name, int)],
        }
        with connection.cursor() as cursor:
            cursor.execute(_FIND, arguments)
            rows = cursor.fetchall()
        found: dict[Name, DataKeyRow] = {}
        for by_owner, *columns in rows:
            row = _row(workspace_id, columns)
            name: Name = row.owner if by_owner else row.key_id
            if name not in found or row.state == "active":
                found[name] = row
        return found

    def count(self, workspace_id: UUID, key_id: int, seals: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"workspace_id": workspace_id, "key_id": key_id, "seals": seals})


def _row(workspace_id: UUID, columns: list[Any]) -> DataKeyRow:
    id_, scope, scope_id, epoch, key_id, state, wrapped, commitment, settled, *tenant = columns
    tenant_id, version, kek_id, tenant_wrapped = tenant
    held = Wrapped(kek_id, bytes(tenant_wrapped)) if tenant_wrapped is not None else None
    return DataKeyRow(
        id=id_,
        scope=scope,
        scope_id=scope_id,
        epoch=epoch,
        key_id=key_id,
        state=state,
        wrapped=bytes(wrapped) if wrapped is not None else None,
        commitment=bytes(commitment),
        tenant_key=TenantKeyRow(tenant_id, workspace_id, version, held),
        settled=settled,
    )
