# ruff: noqa: DJ008 - a row here has no name; its columns are what is shown
"""Read-only views of the audit tables, for the console and the API; `audit.store` and the sealer alone make rows.

The tables stand in hand-written migrations (R36): partitions, column grants and triggers are beyond models.
There are no foreign keys: an entry outlives whatever it speaks of.
"""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.kinds import Store
from tenancy.actor import new_id
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import current_workspace_id


class XidField(models.Field):  # type: ignore[type-arg]
    """A transaction id, given by the database alone: no statement of ours may name it, and it is read as text."""

    generated = True
    db_returning = False

    def db_type(self, _connection: object) -> str:
        return "xid8"

    def from_db_value(self, value: object, *_rest: object) -> int | None:
        return None if value is None else int(str(value))


class ReadOnlyQuerySet(models.QuerySet[Any]):
    """Answers questions; refuses to change anything, before the database would."""

    def _refuse(self, *_arguments: object, **_named: object) -> NoReturn:
        raise TypeError(f"{self.model.__name__} is append-only; entries are made by audit.log.record")

    create = update = delete = bulk_create = bulk_update = get_or_create = update_or_create = _refuse


class WorkspaceEntries(models.Manager.from_queryset(ReadOnlyQuerySet)):  # type: ignore[misc]
    """The entries of the current workspace; without one it raises instead of answering with nothing."""

    def get_queryset(self) -> models.QuerySet[Any]:
        workspace_id = current_workspace_id()
        if workspace_id is None:
            raise OutsideWorkspace(f"{self.model.__name__} was asked for outside a workspace")
        found: models.QuerySet[Any] = super().get_queryset().filter(workspace_id=workspace_id)
        return found


class Entry(models.Model):
    """What every audit row of a workspace has in common."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace_id = models.UUIDField(null=True, editable=False)

    objects = WorkspaceEntries()
    everywhere = models.Manager.from_queryset(ReadOnlyQuerySet)()

    class Meta:
        abstract = True

    def save(self, *_arguments: object, **_named: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is append-only")

    def delete(self, *_arguments: object, **_named: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is append-only")


class AuditLog(Entry):
    """One log: a workspace's store, or the platform's where there is no workspace."""

    store = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Store])
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_log"
        verbose_name = _("audit log")
        verbose_name_plural = _("audit logs")


class AuditEvent(Entry):
    """One entry. `env` is the evidence; every other column is a projection of it, to search by."""

    log_id = models.UUIDField()
    store = models.CharField(_("store"), max_length=16)
    epoch = models.IntegerField()
    xid = XidField()
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("event"), max_length=120)
    outcome = models.CharField(_("outcome"), max_length=16)
    actor_id = models.UUIDField(_("actor"))
    target_type = models.CharField(_("target type"), max_length=64)
    target_id = models.UUIDField(_("target"), null=True)
    room_id = models.UUIDField(_("room"), null=True)
    request_id = models.UUIDField(_("request"))
    env = models.BinaryField()
    mac = models.BinaryField()

    class Meta:
        db_table = "audit_event"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-id"]


class AuditBody(Entry):
    """The personal part of one entry, sealed and erasable; the entry holds only a commitment to it."""

    store = models.CharField(max_length=16)
    at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        db_table = "audit_pii"
        verbose_name = _("personal part")
        verbose_name_plural = _("personal parts")


class AuditSeal(Entry):
    """A signed statement of a log's size and root after one window of transactions."""

    log_id = models.UUIDField()
    n = models.BigIntegerField(_("seal"))
    round = models.BigIntegerField()
    epoch = models.IntegerField()
    lo = XidField()
    hi = XidField()
    size_from = models.BigIntegerField()
    size_to = models.BigIntegerField(_("size"))
    frontier = models.BinaryField()
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField(_("sealed"))

    class Meta:
        db_table = "audit_seal"
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["log_id", "n"]


class AuditBoundary(Entry):
    """Where a pruned log begins: the edge of seal `n`, with what is needed to go on verifying from there."""

    log_id = models.UUIDField()
    n = models.BigIntegerField()
    epoch = models.IntegerField()
    hi = XidField()
    size = models.BigIntegerField()
    frontier = models.BinaryField()
    rule = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_boundary"
        verbose_name = _("pruning boundary")
        verbose_name_plural = _("pruning boundaries")


class AuditEntitlement(models.Model):
    """A switch of a workspace's compliance store; the last row is in force, and where there is none, it is open."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace_id = models.UUIDField(editable=False)
    store = models.CharField(max_length=16, default=Store.COMPLIANCE.value)
    entitled = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_entitlement"
        verbose_name = _("audit entitlement")
        verbose_name_plural = _("audit entitlements")


class AuditCluster(models.Model):
    """One life of the database cluster: transaction ids count from the start again in the next one."""

    epoch = models.IntegerField(primary_key=True)
    system_identifier = models.BigIntegerField()
    timeline = models.IntegerField()
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_cluster"
        verbose_name = _("audit epoch")
        verbose_name_plural = _("audit epochs")


class AuditKey(models.Model):
    """A key that signs checkpoints, or ceased to, from a sealing round on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key_id = models.BinaryField()
    vkey = models.TextField()
    state = models.CharField(max_length=16)
    round = models.BigIntegerField()
    mac = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_key"
        verbose_name = _("audit key")
        verbose_name_plural = _("audit keys")


class AuditTile(models.Model):
    """The leaf hashes of one seal, 4,096 a row."""

    pk = models.CompositePrimaryKey("log_id", "n", "part")
    log_id = models.UUIDField()
    n = models.BigIntegerField()
    part = models.IntegerField()
    leaves = models.BinaryField()

    class Meta:
        db_table = "audit_tile"
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")


class AuditRound(models.Model):
    """One round of sealing over all logs: its entries are the seals it made, in a tree of their own."""

    n = models.BigIntegerField(primary_key=True)
    epoch = models.IntegerField()
    lo = XidField()
    hi = XidField()
    size_from = models.BigIntegerField()
    size_to = models.BigIntegerField()
    entries = models.BinaryField()
    frontier = models.BinaryField()
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_round"
        verbose_name = _("sealing round")
        verbose_name_plural = _("sealing rounds")
