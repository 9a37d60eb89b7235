"""Attribute definitions: what conditions may read, in which canonical values, on whose word (PO-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import integrity, sources
from policy.catalogue import Action
from policy.language.definitions import AttributeDefinition as Definition
from policy.language.definitions import Category, Kind, Vocabulary
from policy.language.errors import PolicyLanguageError
from policy.models import AttributeDefinition, EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.snapshot import vocabulary_of
from policy.types import Resource
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Proposal:
    """An attribute as an operator writes it down; `source` is the one whose word counts."""

    name: str
    kind: str
    category: str = Category.SUBJECT.value
    label: str = ""
    values: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    source: str = "manual"


@performs(Action.ATTRIBUTE_DEFINE)
def define_attribute(actor: Actor, *, proposal: Proposal) -> AttributeDefinition:
    """What an attribute is from now on; one that exists keeps its type. Everything that rests on it is judged anew.

    Raises Invalid where its source could never tell it, Conflict where the active policy set or a room would no longer
    make sense with it.
    """
    rows = AttributeDefinition.objects.select_for_update()
    known = rows.filter(category=proposal.category, name=proposal.name).first()
    row = known or _new(actor, proposal)
    enforce(actor, Action.ATTRIBUTE_DEFINE, Resource("attribute", row.id))

    definition = _definition(proposal)
    if row.kind != proposal.kind:
        raise Conflict(_("The type of an attribute never changes."), field="kind", remedy=_("Define a new attribute."))
    source = proposal.source.strip()
    if known is None or source != known.source:
        sources.checked(proposal.category, proposal.name, source)
    changed = _changes(row, definition, source)
    if known is not None and not changed:
        raise NothingChanged(row)
    integrity.refuse_broken(_with(vocabulary_of(actor.workspace_id), definition))

    _save(row, changed if known else None)

    target = Target("attribute", row.id)
    if known is None:
        record(Event.ATTRIBUTE_CREATED, actor, target=target, attribute=definition.qualified)
    else:
        record(Event.ATTRIBUTE_CHANGED, actor, target=target, attribute=definition.qualified, changed=changed)
    announce_access_change(actor, kind=EpochKind.POLICY, keys=[actor.workspace_id], reason="policy:attribute:changed")
    return row


def _new(actor: Actor, proposal: Proposal) -> AttributeDefinition:
    return AttributeDefinition(
        id=new_id(),
        workspace_id=actor.workspace_id,
        category=proposal.category,
        name=proposal.name,
        kind=proposal.kind,
    )


def _definition(proposal: Proposal) -> Definition:
    if proposal.kind not in set(Kind):
        raise Invalid(_("There is no such type."), field="kind", remedy=", ".join(Kind))
    if proposal.category not in set(Category):
        raise Invalid(_("An attribute is about a person, a room or the circumstances."), field="category")
    try:
        return Definition(
            name=proposal.name,
            kind=Kind(proposal.kind),
            category=Category(proposal.category),
            values=proposal.values,
            aliases=dict(proposal.aliases),
            label=" ".join(proposal.label.split())[:120],
        )
    except PolicyLanguageError as refusal:
        problem, remedy = refusal.in_words(_)
        raise Invalid(problem, field=refusal.field, remedy=remedy) from None


def _changes(row: AttributeDefinition, definition: Definition, source: str) -> list[str]:
    """Put the definition on the row; the answer is what differs."""
    wanted: dict[str, Any] = {
        "label": definition.label,
        "values": list(definition.values),
        "aliases": dict(definition.aliases),
        "source": source,
    }
    changed = [part for part, value in wanted.items() if getattr(row, part) != value]
    for part in changed:
        setattr(row, part, wanted[part])
    return changed


def _with(vocabulary: Vocabulary, definition: Definition) -> Vocabulary:
    others = (known for qualified, known in vocabulary.items() if qualified != definition.qualified)
    return Vocabulary(*others, definition)


def _save(row: AttributeDefinition, changed: list[str] | None) -> None:
    """Write what changed; None for a new one."""
    try:
        with transaction.atomic():
            row.save(force_insert=changed is None, update_fields=changed)
    except IntegrityError:
        raise Conflict(_("Somebody has just defined this attribute."), field="name") from None
