"""Markings: the workspace's own ordered levels, and which of two is higher."""

from uuid import UUID

from django.utils.translation import gettext as _

from policy.snapshot import MARKING, latest
from tenancy.errors import Invalid


def levels(workspace_id: UUID) -> tuple[str, ...]:
    """The workspace's markings, the lowest first."""
    return latest(workspace_id).markings


def canonical(workspace_id: UUID, marking: str) -> str:
    """The marking as the workspace writes it. Raises Invalid for one that the workspace does not know."""
    definition = latest(workspace_id).vocabulary[MARKING]
    try:
        return definition.literal(marking)
    except ValueError:
        raise Invalid(
            _("This workspace has no such marking."), field="marking", remedy=", ".join(definition.values)
        ) from None


def up_to(workspace_id: UUID, ceiling: str) -> tuple[str, ...]:
    """The markings that a room with this ceiling may hold, the lowest first; none where it is no marking any more."""
    order = levels(workspace_id)
    return order[: order.index(ceiling) + 1] if ceiling in order else ()


def within_ceiling(workspace_id: UUID, marking: str, ceiling: str) -> bool:
    order = levels(workspace_id)
    return order.index(marking) <= order.index(ceiling)
