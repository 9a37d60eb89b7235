"""Wrapped keys and what became of them. No column here ever holds a key in the clear.

A destroyed key leaves its row behind, without the wrapped key: so a key id is never used twice, and the row shows that
and when the key was destroyed.
"""

from typing import cast

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from keys.source import KeyScope, Owner
from tenancy.actor import new_id
from tenancy.models import WorkspaceModel


class KeyState(models.TextChoices):
    """Active seals and opens, retired only opens, destroyed does neither ever again."""

    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")
    DESTROYED = "destroyed", _("Destroyed")


_GONE_MEANS_GONE = Q(state=KeyState.DESTROYED, wrapped__isnull=True) | Q(
    state__in=[KeyState.ACTIVE, KeyState.RETIRED], wrapped__isnull=False
)


class KeyRing(WorkspaceModel):
    """The version of a workspace's keys; every process that holds keys in memory compares it every five seconds."""

    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("key ring")
        verbose_name_plural = _("key rings")
        constraints = [models.UniqueConstraint(fields=["workspace"], name="keys_one_ring")]

    def __str__(self) -> str:
        return f"v{self.version}"


class TenantKey(WorkspaceModel):
    """One version of a workspace's own key, wrapped by the KMS; it wraps the data keys of the workspace."""

    version = models.PositiveIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=9, choices=KeyState, default=KeyState.ACTIVE)
    kek_id = models.CharField(_("KEK"), max_length=200)
    wrapped = models.BinaryField(null=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=19)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired"), null=True)
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)

    class Meta:
        verbose_name = _("tenant key")
        verbose_name_plural = _("tenant keys")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "version"], name="keys_tenantkey_version"),
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(state=KeyState.ACTIVE), name="keys_tenantkey_one_active"
            ),
            models.CheckConstraint(condition=_GONE_MEANS_GONE, name="keys_tenantkey_gone_means_gone"),
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.fingerprint}"


class DataKeyScope(models.TextChoices):
    """What a data key is for. The first three seal; the others are mixed in or derived from."""

    ROOM = "room", _("Room")
    USER = "user", _("Person")
    WORKSPACE = "workspace", _("Workspace")
    AUTHOR = "author", _("Author's secret")
    INDEX = "index", _("Lookups and cursors")


class DataKey(WorkspaceModel):
    """A data key of one room, person or workspace for one epoch, wrapped under the tenant key.

    `key_id` stands in every record that the key has sealed; it is random and unique in the workspace (R23).
    """

    scope = models.CharField(_("for"), max_length=9, choices=DataKeyScope)
    scope_id = models.UUIDField(_("id"))
    epoch = models.PositiveIntegerField(_("epoch"))
    key_id = models.IntegerField(_("key id"))
    state = models.CharField(_("state"), max_length=9, choices=KeyState, default=KeyState.ACTIVE)
    tenant_key = models.ForeignKey(TenantKey, on_delete=models.PROTECT, related_name="+")
    wrapped = models.BinaryField(null=True)
    commitment = models.BinaryField()
    fingerprint = models.CharField(_("fingerprint"), max_length=19)
    uses = models.BigIntegerField(_("records sealed"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired"), null=True)
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)

    class Meta:
        verbose_name = _("data key")
        verbose_name_plural = _("data keys")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key_id"], name="keys_datakey_id"),
            models.UniqueConstraint(fields=["workspace", "scope", "scope_id", "epoch"], name="keys_datakey_epoch"),
            models.UniqueConstraint(
                fields=["workspace", "scope", "scope_id"],
                condition=Q(state=KeyState.ACTIVE),
                name="keys_datakey_one_active",
            ),
            models.CheckConstraint(condition=_GONE_MEANS_GONE, name="keys_datakey_gone_means_gone"),
            models.CheckConstraint(condition=Q(key_id__gt=0), name="keys_datakey_id_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.scope_id} epoch {self.epoch}"

    @property
    def owner(self) -> Owner:
        """Whose key it is."""
        return (cast("KeyScope", self.scope), self.scope_id)


class AuditSigningKey(models.Model):
    """A key of the deployment that signs checkpoints of the audit log; only the sealer's role may read `wrapped`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    public_key = models.BinaryField()
    state = models.CharField(_("state"), max_length=9, choices=KeyState, default=KeyState.ACTIVE)
    kek_id = models.CharField(_("KEK"), max_length=200)
    wrapped = models.BinaryField(null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired"), null=True)

    class Meta:
        verbose_name = _("audit signing key")
        verbose_name_plural = _("audit signing keys")
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(state=KeyState.ACTIVE), name="keys_auditsigningkey_one_active"
            ),
            models.CheckConstraint(condition=_GONE_MEANS_GONE, name="keys_auditsigningkey_gone_means_gone"),
        ]

    def __str__(self) -> str:
        return self.name
