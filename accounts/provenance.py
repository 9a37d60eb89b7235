"""Where each fact about a person comes from, how old it is, and whether its source's word still stands (R5, R12).

The values themselves are told only where the caller has decided that they may be seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils import timezone

from accounts import sealing
from accounts.actions.facts import Assertion
from accounts.models import Fact, FactSource, FactSync
from keys.errors import SealError
from policy.models import AttributeCategory, AttributeDefinition
from policy.sources import GROUP


class Standing(StrEnum):
    """What an attribute of a person comes to for policy."""

    HELD = "held"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Origin:
    """One attribute of one person: on whose word it rests, since when and until when.

    `value` is empty where it may not be seen. `doubt` says why nobody can tell; `ignored` names other sources that say
    something, which does not count.
    """

    attribute: str
    label: str
    standing: Standing
    source: str
    value: str = ""
    told_at: datetime | None = None
    until: datetime | None = None
    doubt: str = ""
    ignored: tuple[str, ...] = ()


def origins_of(user_id: UUID, *, reveal: bool) -> list[Origin]:
    """Every attribute that policy may read about this person, in alphabetical order."""
    facts = list(Fact.objects.filter(user_id=user_id).select_related("source"))
    values = _opened(facts) if reveal else {}
    sources = {source.name: source for source in FactSource.objects.all()}
    synced = dict(FactSync.objects.filter(user_id=user_id).values_list("source_id", "synced_at"))
    rows = AttributeDefinition.objects.filter(category=AttributeCategory.SUBJECT).exclude(name=GROUP).order_by("name")
    return [_origin(row, facts, values, sources.get(row.source), synced) for row in rows]


def _origin(
    row: AttributeDefinition,
    facts: list[Fact],
    values: Mapping[UUID, str],
    source: FactSource | None,
    synced: Mapping[UUID, datetime],
) -> Origin:
    now = timezone.now()
    told = [fact for fact in facts if fact.attribute == row.name]
    fact = next((one for one in told if source is not None and one.source_id == source.id), None)
    others = tuple(sorted(one.source.name for one in told if one is not fact))
    told_at = synced.get(source.id) if source is not None else None
    if source is None or told_at is None:
        return Origin(row.name, row.label, Standing.UNKNOWN, row.source, doubt="never_synced", ignored=others)
    fresh_until = told_at + timedelta(minutes=source.freshness_minutes) if source.freshness_minutes else None
    if fresh_until is not None and fresh_until <= now:
        return Origin(
            row.name, row.label, Standing.UNKNOWN, row.source, "", told_at, fresh_until, "stale_source", others
        )
    if fact is None or (fact.expires_at is not None and fact.expires_at <= now):
        return Origin(row.name, row.label, Standing.ABSENT, row.source, "", told_at, fresh_until, ignored=others)
    until = min((end for end in (fresh_until, fact.expires_at) if end), default=None)
    return Origin(
        row.name,
        row.label,
        Standing.HELD,
        row.source,
        values.get(fact.id, ""),
        fact.asserted_at,
        until,
        ignored=others,
    )


def _opened(facts: list[Fact]) -> dict[UUID, str]:
    places = [(sealing.fact_place(fact.workspace_id, fact.user_id, fact.id), fact.value) for fact in facts]
    opened = zip(facts, sealing.open_values(places), strict=True)
    return {fact.id: in_words(value) for fact, value in opened if not isinstance(value, SealError)}


def in_words(value: object) -> str:
    """A stored value as one writes it in a form: the members of a set with commas between them."""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def asserted(user_id: UUID, source: str) -> dict[str, Assertion]:
    """What one source says of a person now, for whoever changes part of it and has to say the rest again."""
    facts = list(Fact.objects.filter(user_id=user_id, source__name=source))
    places = [(sealing.fact_place(fact.workspace_id, fact.user_id, fact.id), fact.value) for fact in facts]
    opened = zip(facts, sealing.open_values(places), strict=True)
    return {
        fact.attribute: Assertion(value, fact.expires_at) for fact, value in opened if not isinstance(value, SealError)
    }
