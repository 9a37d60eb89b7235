"""Wrapped keys in plain dictionaries, for what is about memory and time and not about rows."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from keys.format import commitment, new_key, wrap
from keys.source import DataKeyRow, TenantKeyRow, data_key_context, tenant_key_context
from tenancy.actor import new_id


@dataclass
class MemoryKeys:
    kms: object
    versions: dict[UUID, int] = field(default_factory=dict)
    rows: dict[tuple, DataKeyRow] = field(default_factory=dict)
    tenants: dict[UUID, tuple[TenantKeyRow, bytes]] = field(default_factory=dict)
    asked: list = field(default_factory=list)
    counted: dict[tuple[UUID, int], int] = field(default_factory=dict)

    def add_workspace(self) -> UUID:
        workspace_id, row_id, secret = new_id(), new_id(), new_key()
        wrapped = self.kms.wrap(tenant_key_context(workspace_id, row_id, 1), secret)
        self.tenants[workspace_id] = (TenantKeyRow(row_id, workspace_id, 1, wrapped), secret)
        self.versions[workspace_id] = 1
        self.add(workspace_id, "workspace", workspace_id)
        self.add(workspace_id, "index", workspace_id)
        return workspace_id

    def add(self, workspace_id: UUID, scope: str, scope_id: UUID, *, epoch: int = 1, settled: bool = True) -> int:
        tenant, secret = self.tenants[workspace_id]
        key, key_id = new_key(), len(self.rows) + 1
        context = data_key_context(workspace_id, (scope, scope_id), epoch=epoch, key_id=key_id, tenant_key_id=tenant.id)
        for name, row in self.rows.items():
            if name[:3] == (workspace_id, scope, scope_id):
                self.rows[name] = replace(row, state="retired")
        self.rows[workspace_id, scope, scope_id, key_id] = DataKeyRow(
            id=new_id(),
            scope=scope,
            scope_id=scope_id,
            epoch=epoch,
            key_id=key_id,
            state="active",
            wrapped=wrap(secret, context, key),
            commitment=commitment(key),
            tenant_key=tenant,
            settled=settled,
        )
        return key_id

    def change(self, workspace_id: UUID, key_id: int, **values) -> None:
        for name, row in self.rows.items():
            if name[0] == workspace_id and row.key_id == key_id:
                self.rows[name] = replace(row, **values)

    def version(self, workspace_id):
        self.asked.append("version")
        return self.versions[workspace_id]

    def find(self, workspace_id, names):
        self.asked.append("find")
        rows = [row for name, row in self.rows.items() if name[0] == workspace_id]
        found = {}
        for row in rows:
            if row.key_id in names:
                found[row.key_id] = row
            if row.owner in names and row.state != "retired":
                found[row.owner] = row
        return found

    def count(self, workspace_id, key_id, seals):
        self.counted[workspace_id, key_id] = self.counted.get((workspace_id, key_id), 0) + seals
