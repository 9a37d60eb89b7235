"""The workspace, and what every row inside a workspace has in common."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenancy.actor import new_id
from tenancy.scoping import WorkspaceManager

__all__ = ["FactsMode", "Workspace", "WorkspaceHost", "WorkspaceModel", "WorkspaceState", "new_id"]

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = rf"^({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$"
"""A name of the DNS in small letters, of two labels or more; an address is none, and neither is a name with a port."""


class WorkspaceState(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class FactsMode(models.TextChoices):
    """Where facts about people live: here as sealed snapshots, or only at an external decision point (R12)."""

    DIRECTORY = "directory", _("Directory")
    EXTERNAL = "external", _("External")


class Workspace(models.Model):
    """A tenant: the unit of isolation in every query, socket, task, file, cache key and key hierarchy (AD-1)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(_("address"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    state = models.CharField(_("state"), max_length=16, choices=WorkspaceState, default=WorkspaceState.ACTIVE)
    facts_mode = models.CharField(_("facts"), max_length=16, choices=FactsMode, default=FactsMode.DIRECTORY)
    local_accounts = models.BooleanField(_("local accounts"), default=True)
    ceiling = models.CharField(_("ceiling"), max_length=40, default="UNCLASSIFIED")
    lease_seconds = models.PositiveIntegerField(_("lease (seconds)"), default=60)
    removal_grace_minutes = models.PositiveIntegerField(_("removal grace (minutes)"), default=15)
    session_idle_minutes = models.PositiveIntegerField(_("idle limit of a session (minutes)"), default=720)
    session_max_hours = models.PositiveIntegerField(_("absolute limit of a session (hours)"), default=168)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")

    def __str__(self) -> str:
        return self.slug

    @property
    def hosts(self) -> list[str]:
        """The names on which it answers, the one that links show first. Asked inside the workspace."""
        return list(WorkspaceHost.objects.filter(workspace=self).order_by("place").values_list("name", flat=True))


class WorkspaceModel(models.Model):
    """A row that belongs to one workspace; its table stands behind the wall."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", editable=False)

    objects: ClassVar[WorkspaceManager[Self]] = WorkspaceManager()

    class Meta:
        abstract = True


class WorkspaceHost(WorkspaceModel):
    """A host name on which one workspace answers, and no other one of the deployment (R26)."""

    name = models.CharField(_("host name"), max_length=253, unique=True)
    place = models.PositiveSmallIntegerField(_("place"))

    class Meta:
        verbose_name = _("host name")
        verbose_name_plural = _("host names")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(name__regex=HOST_NAME), name="tenancy_workspacehost_is_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
