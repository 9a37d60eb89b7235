"""What people may see of keys: states, ages, fingerprints and counts. Wrapped keys never leave the model."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet, Sum

from keys.kms import Health, KmsStatus, kms
from keys.models import AuditSigningKey, DataKey, KeyState, TenantKey
from policy.catalogue import Action
from policy.pep import enforce
from policy.types import Resource
from tenancy.actor import Actor


@dataclass(frozen=True, slots=True)
class DataKeyCount:
    """How many data keys of one scope are in one state, since when, and how many records they have sealed."""

    scope: str
    state: str
    keys: int
    oldest_at: datetime
    uses: int


@dataclass(frozen=True, slots=True)
class KeyOverview:
    """The state of a workspace's keys on one page."""

    kms: KmsStatus | None
    kms_health: Health
    tenant_keys: tuple[TenantKey, ...]
    data_keys: tuple[DataKeyCount, ...]
    waiting_for_rewrap: int


def key_overview(actor: Actor) -> KeyOverview:
    """The page of the console about keys; says so when the KMS is away instead of failing."""
    enforce(actor, Action.KEY_VIEW, Resource("key", actor.workspace_id))
    health = kms().health()
    waiting = DataKey.objects.exclude(state=KeyState.DESTROYED).exclude(tenant_key__state=KeyState.ACTIVE)
    return KeyOverview(
        kms=kms().describe() if health.healthy else None,
        kms_health=health,
        tenant_keys=tuple(TenantKey.objects.defer("wrapped").order_by("-version")),
        data_keys=_counts(),
        waiting_for_rewrap=waiting.count(),
    )


def data_keys(actor: Actor) -> QuerySet[DataKey]:
    """The workspace's data keys, newest first, without the keys."""
    enforce(actor, Action.KEY_VIEW, Resource("key", actor.workspace_id))
    return DataKey.objects.defer("wrapped", "commitment").order_by("-created_at", "-id")


def tenant_keys(actor: Actor) -> QuerySet[TenantKey]:
    """The workspace's tenant keys, newest first, without the keys."""
    enforce(actor, Action.KEY_VIEW, Resource("key", actor.workspace_id))
    return TenantKey.objects.defer("wrapped").order_by("-version")


def signing_keys(actor: Actor) -> QuerySet[AuditSigningKey]:
    """The keys that sign the audit log of the deployment; the database gives this role their public half alone."""
    enforce(actor, Action.KEY_VIEW, Resource("key", actor.workspace_id))
    return AuditSigningKey.objects.defer("wrapped").order_by("-created_at")


def _counts() -> tuple[DataKeyCount, ...]:
    rows = (
        DataKey.objects.values("scope", "state")
        .annotate(keys=Count("id"), oldest_at=Min("created_at"), sealed=Sum("uses"))
        .order_by("scope", "state")
    )
    return tuple(DataKeyCount(row["scope"], row["state"], row["keys"], row["oldest_at"], row["sealed"]) for row in rows)
