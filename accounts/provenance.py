"""Where each fact about a person comes from, how old it is, and whether its source's word still stands (R5, R12).

The values themselves are told only as far as the reader's sight goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sealing
from accounts.models import Fact, FactSource, FactSync
from keys.errors import SealError
from policy.language.definitions import Category
from policy.language.sight import Seen, Sight
from policy.models import AttributeCategory, AttributeDefinition
from policy.snapshot import vocabulary_of
from policy.sources import GROUP


class Standing(StrEnum):
    """What an attribute of a person comes to for policy."""

    HELD = "held"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Origin:
    """One attribute of one person: on whose word it rests, since when and until when.

    `value` is what may be seen of it, in words. `doubt` says why nobody can tell; `ignored` names other sources
    that say something, which does not count.
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


def origins_of(user_id: UUID, *, sight: Sight | None) -> list[Origin]:
    """Every attribute that policy may read about this person, in alphabetical order; without sight, no values."""
    facts = list(Fact.objects.filter(user_id=user_id).select_related("source"))
    values = _seen(facts, sight) if sight is not None else {}
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
    whose = partial(Origin, row.name, row.label, source=row.source, ignored=others)
    if source is None or told_at is None:
        return whose(Standing.UNKNOWN, doubt="never_synced")
    fresh_until = told_at + timedelta(minutes=source.freshness_minutes) if source.freshness_minutes else None
    if fresh_until is not None and fresh_until <= now:
        return whose(Standing.UNKNOWN, told_at=told_at, until=fresh_until, doubt="stale_source")
    if fact is None or (fact.expires_at is not None and fact.expires_at <= now):
        return whose(Standing.ABSENT, told_at=told_at, until=fresh_until)
    until = min((end for end in (fresh_until, fact.expires_at) if end), default=None)
    return whose(Standing.HELD, value=values.get(fact.id, ""), told_at=fact.asserted_at, until=until)


def _seen(facts: list[Fact], sight: Sight) -> dict[UUID, str]:
    """What may be seen of these, in words; what cannot be opened is left out."""
    if not facts:
        return {}
    vocabulary = vocabulary_of(facts[0].workspace_id)
    places = [(sealing.fact_place(fact.workspace_id, fact.user_id, fact.id), fact.value) for fact in facts]
    seen = {}
    for fact, value in zip(facts, sealing.open_values(places), strict=True):
        if not isinstance(value, SealError):
            seen[fact.id] = _as_seen(sight.stored(vocabulary.get(f"{Category.SUBJECT}.{fact.attribute}"), value))
    return seen


def _as_seen(seen: Seen[object]) -> str:
    left = in_words(seen.value) if seen.value is not None else ""
    return ", ".join(part for part in (left, _("withheld") if seen.withheld else "") if part)


def told_by(user_id: UUID, source: str, *, sight: Sight | None) -> dict[str, str]:
    """What one source says of a person now, by attribute, in words as far as it may be seen."""
    facts = list(Fact.objects.filter(user_id=user_id, source__name=source))
    seen = _seen(facts, sight) if sight is not None else {}
    return {fact.attribute: seen.get(fact.id, "") for fact in facts}


def in_words(value: object) -> str:
    """A stored value as one writes it in a form: the members of a set with commas between them."""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
