"""Broken rules of the protocol, as the doors meet them: noted, and nothing else."""

from collections.abc import Mapping
from typing import Any

from audit.events import Event
from audit.kinds import Family
from audit.log import record
from policy.catalogue import Action
from policy.pep import enforce, performs
from policy.types import Resource
from tenancy.actor import Actor

_OPEN_TO_THIS = frozenset(event for event in Event if event.kind.family is Family.CRYPTO_PROTOCOL)


@performs(Action.VIOLATION_NOTE)
def note_violation(actor: Actor, *, event: Event, data: Mapping[str, Any]) -> None:
    """Record that a request was refused because of its form: a foreign origin, a forged request, a flood."""
    enforce(actor, Action.VIOLATION_NOTE, Resource("request", actor.environment.request_id))

    if event not in _OPEN_TO_THIS:
        raise ValueError(f"{event} is no breach of protocol")

    record(event, actor, outcome="refused", **data)
