"""What logs are called in signed checkpoints. The deployment's id is random, so that no host name leaks (R24)."""

from uuid import UUID

from django.conf import settings

from audit.entries import log_name


def origin(workspace_id: UUID | None, store: str) -> str:
    """The origin line of one log's checkpoints."""
    return log_origin(log_name(workspace_id, store))


def log_origin(name: str) -> str:
    """The origin line of the checkpoints of the log of this name."""
    return f"{settings.DEPLOYMENT_ID}/audit/{name}"


def rounds_origin() -> str:
    """The origin line of the checkpoints over all logs."""
    return f"{settings.DEPLOYMENT_ID}/audit/rounds"
