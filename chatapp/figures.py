"""Live figures of a workspace, each a real count of this moment; asked inside its scope, for who may see them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count
from redis.exceptions import RedisError

from audit import explorer
from audit.events import Event
from audit.models import AuditEvent

EFFECTS = ("permit", "deny", "redact", "error")
_MINUTE = timedelta(minutes=1)
_FINAL = timedelta(minutes=2)
"""When a minute is over for good: an entry is stamped a moment before it is committed."""

_KEPT_SECONDS = 2 * 3600
_REVOCATIONS = {
    Event.MEMBER_SUSPENDED.value: "suspended",
    Event.MEMBER_REMOVED.value: "removed",
    Event.SESSION_REVOKED.value: "sessions",
    Event.USER_DEACTIVATED.value: "accounts",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Decisions in each minute of the last hour, by what they came to; the last minute is still running."""

    begins: datetime
    effects: dict[str, Sequence[int]]

    def per_minute(self, effect: str) -> int:
        """In the last minute that is complete."""
        return self.effects[effect][-2]

    @property
    def total(self) -> int:
        return sum(self.per_minute(effect) for effect in EFFECTS)


def decisions(workspace_id: UUID, now: datetime, *, minutes: int = 60) -> Minutes:
    """Count what is recorded. Minutes that are over are counted once and then remembered."""
    current = now.replace(second=0, microsecond=0)
    begins = current - _MINUTE * (minutes - 1)
    slots = [begins + _MINUTE * index for index in range(minutes)]
    keys = {slot: f"figures:decisions:{workspace_id}:{int(slot.timestamp())}" for slot in slots}
    known = _remembered(keys)
    missing = [slot for slot in slots if slot not in known]
    if missing:
        counted = explorer.decisions_by_effect(explorer.Span(missing[0], current + _MINUTE, 60))
        fresh = {slot: counted.get(slot, {}) for slot in missing}
        _remember({keys[slot]: found for slot, found in fresh.items() if slot + _MINUTE + _FINAL <= now})
        known |= fresh
    return Minutes(begins, {effect: [known[slot].get(effect, 0) for slot in slots] for effect in EFFECTS})


def _remembered(keys: dict[datetime, str]) -> dict[datetime, dict[str, int]]:
    try:
        found = cache.get_many(list(keys.values()))
    except RedisError:
        _log.warning("Valkey does not answer: every minute of the dashboard is counted again")
        return {}
    return {slot: found[key] for slot, key in keys.items() if key in found}


def _remember(counted: dict[str, dict[str, int]]) -> None:
    try:
        cache.set_many(counted, _KEPT_SECONDS)
    except RedisError:
        _log.warning("Valkey does not answer: counts of the dashboard are not kept")


@dataclass(frozen=True, slots=True)
class Revocations:
    """Access that was taken away since midnight (UTC): how much of what, and when."""

    counts: dict[str, int]
    at: Sequence[datetime]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def revocations(now: datetime) -> Revocations:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = AuditEvent.objects.filter(log_id=explorer.log_of("security"), at__gte=midnight, kind__in=list(_REVOCATIONS))
    counted = dict(rows.order_by().values_list("kind").annotate(n=Count("id")))
    moments = list(rows.order_by("-at").values_list("at", flat=True)[:200])
    return Revocations({word: counted.get(kind, 0) for kind, word in _REVOCATIONS.items()}, moments)
