"""What the audit log says, as the tests read it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from audit.events import Event
from audit.models import AuditEvent
from policy.models import Epoch
from policy.types import AccessDenied
from tenancy.scoping import within


@dataclass(frozen=True)
class Entry:
    kind: str
    outcome: str
    actor_id: UUID
    target_id: UUID | None
    data: dict[str, Any]


def entries(workspace_id: UUID, event: Event) -> list[Entry]:
    """The entries of one event in the security store, the oldest first."""
    with within(workspace_id):
        rows = AuditEvent.objects.filter(kind=event, store="security").order_by("at", "id")
        return [
            Entry(row.kind, row.outcome, row.actor_id, row.target_id, json.loads(bytes(row.env)).get("data", {}))
            for row in rows
        ]


def latest(workspace_id: UUID, event: Event) -> Entry:
    found = entries(workspace_id, event)
    assert found, f"nothing was recorded as {event}"
    return found[-1]


class Refusal:
    """A block that must be refused: the error is raised, and the log says so."""

    def __init__(self, world, reason: str) -> None:
        self._world, self._reason = world, reason

    def __enter__(self) -> None:
        self._before = len(entries(self._world.id, Event.ACCESS_DENIED))
        self._raises = pytest.raises(AccessDenied)
        self._caught = self._raises.__enter__()

    def __exit__(self, *exc: object) -> bool:
        swallowed = self._raises.__exit__(*exc)
        refused = entries(self._world.id, Event.ACCESS_DENIED)
        assert len(refused) == self._before + 1
        assert refused[-1].outcome == "refused"
        assert refused[-1].data["cause"] == self._reason, refused[-1].data
        return bool(swallowed)


def refused(world, reason: str = "role_missing") -> Refusal:
    return Refusal(world, reason)


def epoch_of(world, kind: str, key: UUID) -> int:
    with within(world.id):
        return Epoch.objects.get(kind=kind, key=key).value
