"""What a workspace has decided about policy: definitions, immutable policy sets, and the epochs that void old
answers.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenancy.models import WorkspaceModel


class AttributeKind(models.TextChoices):
    STRING = "string", _("Text")
    STRING_SET = "string_set", _("Set of texts")
    RANK = "rank", _("Ordered levels")
    BOOLEAN = "boolean", _("Yes or no")
    INTEGER = "integer", _("Whole number")
    DATETIME = "datetime", _("Time")
    IP = "ip", _("Network address")


class AttributeCategory(models.TextChoices):
    SUBJECT = "subject", _("Person")
    RESOURCE = "resource", _("Room or message")
    ENVIRONMENT = "environment", _("Circumstances")


class AttributeDefinition(WorkspaceModel):
    """An attribute that policy may read: its type, its canonical values, and the one source whose word counts
    (PO-1).
    """

    name = models.CharField(_("name"), max_length=60)
    label = models.CharField(_("label"), max_length=120, blank=True)
    category = models.CharField(_("about"), max_length=16, choices=AttributeCategory)
    kind = models.CharField(_("type"), max_length=16, choices=AttributeKind)
    values = models.JSONField(_("values"), default=list, blank=True)
    aliases = models.JSONField(_("aliases"), default=dict, blank=True)
    source = models.CharField(_("authoritative source"), max_length=60, default="manual")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "category", "name"], name="policy_attribute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.category}.{self.name}"


class PolicySetState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    REVIEW = "review", _("In review")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class PolicySet(WorkspaceModel):
    """One immutable version of a workspace's rules and named requirements; what activates, rolls back and is
    hashed (R6).
    """

    version = models.PositiveIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=16, choices=PolicySetState, default=PolicySetState.DRAFT)
    document = models.JSONField(_("document"))
    content_hash = models.CharField(_("hash"), max_length=64)
    test_cases = models.JSONField(_("test cases"), default=list, blank=True)
    author_id = models.UUIDField(_("author"))
    approver_id = models.UUIDField(_("approver"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("policy set")
        verbose_name_plural = _("policy sets")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "version"], name="policy_set_version"),
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(state="active"), name="policy_set_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class EpochKind(models.TextChoices):
    SUBJECT = "subject"
    ROOM = "room"
    POLICY = "policy"
    SESSION = "session"


class Epoch(WorkspaceModel):
    """A counter whose change voids every older answer about its key (R16). Exists from the birth of what it
    counts for.
    """

    kind = models.CharField(max_length=8, choices=EpochKind)
    key = models.UUIDField()
    value = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "key"], name="policy_epoch_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}={self.value}"
