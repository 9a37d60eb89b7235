"""Tables of guardian and auditlog, made ours: behind the wall, with our ids, and without anything secret (R22)."""

from typing import Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.managers import GroupObjectPermissionManager, UserObjectPermissionManager
from guardian.models import GroupObjectPermissionAbstract, UserObjectPermissionAbstract

from tenancy.models import WorkspaceModel
from tenancy.scoping import WorkspaceManager, current_workspace_id


class _UserGrantManager(WorkspaceManager["UserGrant"], UserObjectPermissionManager):
    """Grants of the current workspace."""


class _GroupGrantManager(WorkspaceManager["GroupGrant"], GroupObjectPermissionManager):
    """Grants of the current workspace."""


class UserGrant(WorkspaceModel, UserObjectPermissionAbstract):
    """A power over one object, given to one user (AD-6)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    given_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = _UserGrantManager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "permission", "content_type", "object_pk"], name="accounts_user_grant_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "content_type", "object_pk"], name="accounts_user_grant_object")]


class GroupGrant(WorkspaceModel, GroupObjectPermissionAbstract):
    """A power over one object, given to everybody in one group (AD-6)."""

    group = models.ForeignKey(  # type: ignore[assignment]
        "accounts.Group", on_delete=models.CASCADE, related_name="grants"
    )
    given_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = _GroupGrantManager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("grant to a group")
        verbose_name_plural = _("grants to groups")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "permission", "content_type", "object_pk"], name="accounts_group_grant_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "content_type", "object_pk"], name="accounts_group_grant_object")]


class _FieldDiffManager(WorkspaceManager["FieldDiff"], LogEntryManager):  # type: ignore[misc]
    def create(self, **values: Any) -> "FieldDiff":
        made: FieldDiff = super().create(workspace_id=current_workspace_id(), **values)
        return made


class FieldDiff(WorkspaceModel, AbstractLogEntry):  # type: ignore[misc]
    """Which fields of a configuration object changed, from what to what: a help, never evidence."""

    objects = _FieldDiffManager()  # type: ignore[misc]

    class Meta(AbstractLogEntry.Meta):  # type: ignore[misc]
        abstract = False
        verbose_name = _("field change")
        verbose_name_plural = _("field changes")


MASK = "(masked)"


def masked(_value: str) -> str:
    """Nothing of a secret is shown, not even its length."""
    return MASK
