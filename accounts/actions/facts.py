"""Facts about people: what one source asserts, all of it at once (R5, R12). Names are recorded, values never."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sealing
from accounts.access import access_user, sight_of, user_resource
from accounts.actions import rules
from accounts.models import Device, Fact, FactSource, FactSync, SourceKind, User
from audit.events import Event
from audit.log import Target, record
from keys.errors import SealError
from policy import pep, sources
from policy.catalogue import Action
from policy.language.definitions import AttributeDefinition, Category, Vocabulary
from policy.language.errors import ValueRefusedError
from policy.language.sight import NOTHING_HELD, Sight
from policy.language.values import ABSENT, write_time
from policy.models import EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.snapshot import vocabulary_of
from policy.types import Reason, Resource
from tenancy.actor import Actor, SubjectKind
from tenancy.errors import Conflict, Invalid
from tenancy.models import FactsMode, Workspace

_SOURCE_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
_LONGEST_FRESH = 366 * 24 * 60
_SWEEP = 1_000
_BY_HAND = frozenset({SubjectKind.USER})


@dataclass(frozen=True, slots=True)
class Assertion:
    """A value as a source gives it, and when that source says it ends."""

    value: object
    expires_at: datetime | None = None


class Stays(Enum):
    """What the source said of an attribute before stands, whatever it was."""

    STAYS = "stays"


STAYS = Stays.STAYS


@performs(Action.FACTS_SET)
def set_facts(actor: Actor, *, user_id: UUID, source: str, facts: Mapping[str, Assertion | Stays]) -> frozenset[str]:
    """Everything that one source knows of a user, in place of what it said before; what it leaves out is no longer so.

    The answer is the names that changed. Other sources' facts stay. A person can only speak for sources that are
    kept by hand, and never about themselves; and what is withheld from them stays unless they leave it out (R12).
    """
    user = access_user(actor, user_id, Action.FACTS_SET)
    kept = _source(source)
    _refuse_wrong_hand(actor, kept, user_id)

    _refuse_external(actor.workspace_id)
    told, vocabulary = _told(user, kept), vocabulary_of(actor.workspace_id)
    wanted = _canonical(vocabulary, {name: one for name, one in facts.items() if isinstance(one, Assertion)})
    if actor.subject.kind in _BY_HAND:
        _keep_withheld(sight_of(actor, user_id) or NOTHING_HELD, vocabulary, told, wanted)
    stays = {name: told[name] for name in told if facts.get(name) is STAYS}
    changed = _replace(user, kept, told, {**wanted, **stays})
    renewed = _note_sync(user, kept)

    record(
        Event.ENTITLEMENT_CHANGED,
        actor,
        target=Target("user", user_id),
        user_id=user_id,
        attributes=sorted(changed),
        source=kept.name,
    )
    if changed or renewed:
        announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[user_id], reason="facts_changed")
    return changed


def _source(name: str) -> FactSource:
    source: FactSource | None = FactSource.objects.filter(name=name).first()
    if source is None:
        raise Invalid(_("There is no such source of facts."), field="source", remedy=_("Define the source first."))
    return source


def _refuse_wrong_hand(actor: Actor, source: FactSource, user_id: UUID) -> None:
    resource = user_resource(user_id)
    rules.refuse_self(actor, Action.FACTS_SET, resource, [user_id])
    if actor.subject.kind in _BY_HAND and source.kind != SourceKind.MANUAL:
        pep.refuse(actor, Action.FACTS_SET, resource, Reason("source_not_by_hand", (("source", source.name),)))


def _refuse_external(workspace_id: UUID) -> None:
    if Workspace.objects.get(id=workspace_id).facts_mode == FactsMode.EXTERNAL:
        raise Conflict(
            _("This workspace keeps no facts: an external decision point knows them."),
            field="facts",
            remedy=_("Change the entitlement at its source."),
        )


def _canonical(vocabulary: Vocabulary, facts: Mapping[str, Assertion]) -> dict[str, Assertion]:
    """The facts in canonical form. Raises Invalid for what is not defined, and never repeats a value."""
    canonical = {}
    for name, assertion in facts.items():
        definition = vocabulary.get(f"{Category.SUBJECT}.{name}")
        if definition is None or name == sources.GROUP:
            raise Invalid(_("There is no such attribute of people."), field=name[:80], remedy=_("Define it first."))
        value = _canonical_value(definition, assertion.value)
        if value is not ABSENT:
            canonical[name] = Assertion(_plain(value), assertion.expires_at)
    return canonical


def _canonical_value(definition: AttributeDefinition, value: object) -> object:
    try:
        return definition.canonical(value)
    except ValueRefusedError as refused:
        problem, remedy = refused.in_words(_)
        raise Invalid(problem, field=definition.name, remedy=remedy) from None


def _keep_withheld(
    sight: Sight, vocabulary: Vocabulary, told: Mapping[str, Assertion], wanted: dict[str, Assertion]
) -> None:
    """Put what the speaker does not see of a set beside what they say. Raises Invalid for a rank above their own."""
    for name in told.keys() & wanted.keys():
        definition = vocabulary[f"{Category.SUBJECT}.{name}"]
        before, now = told[name], wanted[name]
        value = ABSENT if isinstance(before.value, SealError) else definition.fact(before.value)
        seen = sight.of(definition, value)
        if not seen.withheld:
            continue
        if not isinstance(value, frozenset) or now.expires_at not in (None, before.expires_at):
            raise Invalid(
                _("What is on record as %(name)s is withheld from you: you can't put anything else in its place.")
                % {"name": definition.label},
                field=name,
                remedy=_("Ask somebody who holds as much, or remove all of it."),
            )
        hidden = value - (seen.value if isinstance(seen.value, frozenset) else frozenset())
        members = hidden.union(now.value if isinstance(now.value, list) else [])
        wanted[name] = Assertion(sorted(members), before.expires_at)


def _plain(value: object) -> object:
    """The canonical value as JSON can hold it."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, IPv4Address | IPv6Address):
        return str(value)
    return value


def _replace(
    user: User, source: FactSource, told: Mapping[str, Assertion], wanted: Mapping[str, Assertion]
) -> frozenset[str]:
    gone = told.keys() - wanted.keys()
    changed = {name for name, assertion in wanted.items() if told.get(name) != assertion}
    now = timezone.now()
    fresh = [_fact(user, source, name, wanted[name], now) for name in sorted(changed)]
    Fact.objects.filter(user=user, source=source, attribute__in=gone | changed).delete()
    Fact.objects.bulk_create(fresh)
    Fact.objects.filter(user=user, source=source).update(asserted_at=now)
    return frozenset(gone | changed)


def _fact(user: User, source: FactSource, name: str, assertion: Assertion, now: datetime) -> Fact:
    fact = Fact(
        workspace_id=user.workspace_id,
        user=user,
        source=source,
        attribute=name,
        asserted_at=now,
        expires_at=assertion.expires_at,
    )
    sealing.seal_fact(fact, assertion.value)
    return fact


def _told(user: User, source: FactSource) -> dict[str, Assertion]:
    """What the source said before; the value of what cannot be opened is the error."""
    rows = list(Fact.objects.filter(user=user, source=source))
    places = [(sealing.fact_place(fact.workspace_id, fact.user_id, fact.id), bytes(fact.value)) for fact in rows]
    values = sealing.open_values(places)
    return {fact.attribute: Assertion(value, fact.expires_at) for fact, value in zip(rows, values, strict=True)}


def _note_sync(user: User, source: FactSource) -> bool:
    """Whether what the source said before had gone stale, or it had never said anything."""
    now = timezone.now()
    sync, fresh = FactSync.objects.get_or_create(
        user=user, source=source, defaults={"workspace_id": user.workspace_id, "synced_at": now}
    )
    stale = bool(source.freshness_minutes) and (now - sync.synced_at).total_seconds() > source.freshness_minutes * 60
    if not fresh:
        sync.synced_at = now
        sync.save(update_fields=["synced_at"])
    return fresh or stale


@performs(Action.SOURCE_SET)
def set_fact_source(actor: Actor, *, name: str, kind: SourceKind, freshness_minutes: int) -> FactSource:
    """Define a source of facts, or how long its word stands; 0 means until it says otherwise.

    Nobody does so for a source that speaks of themselves: it would make what went stale count again.
    """
    resource = Resource("fact_source")
    enforce(actor, Action.SOURCE_SET, resource)
    rules.refuse_self(actor, Action.SOURCE_SET, resource, _spoken_of(actor.id, name))

    if not _SOURCE_NAME.fullmatch(name):
        raise Invalid(
            _("This cannot be the name of a source."), field="name", remedy=_("Use small letters and hyphens.")
        )
    if name in sources.BY_ITSELF:
        raise Invalid(
            _("This name stands for what the product knows by itself."), field="name", remedy=_("Choose another one.")
        )
    if not 0 <= freshness_minutes <= _LONGEST_FRESH:
        raise Invalid(_("This is no possible number of minutes."), field="freshness_minutes")
    source: FactSource
    source, _fresh = FactSource.objects.update_or_create(
        name=name,
        defaults={"kind": SourceKind(kind), "freshness_minutes": freshness_minutes},
        create_defaults={
            "workspace_id": actor.workspace_id,
            "kind": SourceKind(kind),
            "freshness_minutes": freshness_minutes,
        },
    )

    record(Event.SETTING_CHANGED, actor, target=Target("fact_source", source.id), changed=[f"fact_source:{name}"])
    announce_access_change(actor, kind=EpochKind.POLICY, keys=[actor.workspace_id], reason="fact_source_changed")
    return source


def _spoken_of(user_id: UUID, source: str) -> list[UUID]:
    """The user, if this source has told of them, or of the posture of a device of theirs."""
    told = FactSync.objects.filter(user_id=user_id, source__name=source)
    judged = Device.objects.filter(user_id=user_id, removed_at=None, posture_at__isnull=False)
    posture = FactSource.objects.filter(name=source, kind=SourceKind.DEVICE)
    return [user_id] if told.exists() or (posture.exists() and judged.exists()) else []


@performs(Action.FACTS_SWEEP)
def sweep_facts(actor: Actor) -> int:
    """Let go of facts whose end has come, so that whoever stood on them is judged anew; the answer is how many."""
    enforce(actor, Action.FACTS_SWEEP, Resource("workspace", actor.workspace_id))

    rows = Fact.objects.select_related("source").select_for_update(of=("self",), skip_locked=True)
    over = list(rows.filter(expires_at__lte=timezone.now()).order_by("user_id")[:_SWEEP])
    if not over:
        raise NothingChanged(0)
    Fact.objects.filter(id__in=[fact.id for fact in over]).delete()

    for (user_id, source), names in _by_person(over).items():
        record(
            Event.ENTITLEMENT_CHANGED,
            actor,
            target=Target("user", user_id),
            user_id=user_id,
            attributes=names,
            source=source,
            cause="expired",
        )
    people = {fact.user_id for fact in over}
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=people, reason="facts_expired")
    return len(over)


def _by_person(facts: Iterable[Fact]) -> dict[tuple[UUID, str], list[str]]:
    names: dict[tuple[UUID, str], list[str]] = {}
    for fact in facts:
        names.setdefault((fact.user_id, fact.source.name), []).append(fact.attribute)
    return {key: sorted(mine) for key, mine in names.items()}
