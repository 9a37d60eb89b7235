"""How a decision is written down: ids, codes and digests, never a raw entitlement value (PO-14)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from audit.events import Event
from audit.log import DecisionLine, Target
from policy.catalogue import Action
from policy.types import Decision, Effect, Resource
from tenancy.actor import Actor, Environment, new_id

__all__ = [
    "DecisionLine",
    "Refusal",
    "decision_line",
    "environment_digest",
    "outcome_of",
    "refusal_of",
    "reuse_line",
]


def decision_line(decision: Decision, *, repeats: int = 0) -> DecisionLine:
    """The record of one decision, with the number of equal ones that it stands for besides itself."""
    question = decision.question
    return DecisionLine(
        decision_id=decision.id,
        at=decision.decided_at,
        actor=question.actor,
        action=question.action,
        effect=decision.effect,
        resource_type=question.resource.type,
        resource_id=question.resource.id,
        room_id=question.resource.room_id,
        would_be=decision.would_be,
        obligations=tuple(obligation.name for obligation in decision.obligations),
        reasons=tuple(reason.code for reason in decision.reasons),
        policies=tuple((policy.id, policy.version, policy.hash) for policy in decision.policies),
        decision_point=decision.decision_point,
        latency_us=decision.latency_us,
        epochs=decision.epochs,
        environment_digest=environment_digest(question.actor.environment),
        hits=repeats,
        first_at=decision.decided_at if repeats else None,
    )


def reuse_line(
    actor: Actor, action: Action, resource: Resource, *, obligations: tuple[str, ...], uses: int, recipients: bytes
) -> DecisionLine:
    """The record of permits that were used again under their leases, with the recipients sealed (R25)."""
    now = timezone.now()
    return DecisionLine(
        decision_id=new_id(),
        at=now,
        first_at=now,
        actor=actor,
        action=action,
        effect=Effect.PERMIT,
        resource_type=resource.type,
        resource_id=resource.id,
        room_id=resource.room_id,
        obligations=obligations,
        reasons=("lease",),
        decision_point="lease",
        hits=uses,
        recipients=recipients,
    )


def environment_digest(environment: Environment) -> bytes:
    """Binds a record to the circumstances it was decided in, without telling them."""
    seen = [
        str(environment.session_id),
        str(environment.device_id),
        environment.address,
        environment.user_agent,
        list(environment.methods),
        str(environment.authenticated_at),
        str(environment.step_up_at),
    ]
    return hashlib.sha256(json.dumps(seen).encode()).digest()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The security event of a refused question."""

    event: Event
    target: Target
    data: dict[str, Any]


def refusal_of(decision: Decision) -> Refusal | None:
    """What happened when this decision refused: a refused member, a refused page, or access denied.

    None where the record of the decision says it all: the sweep states itself what it does to a membership.
    """
    question, resource = decision.question, decision.question.resource
    target = Target(resource.type, resource.id, resource.room_id)
    common: dict[str, Any] = {
        "decision_id": decision.id,
        "cause": decision.reasons[0].code if decision.reasons else None,
    }
    if question.action is Action.MEMBER_KEEP:
        return None
    if question.action is Action.MEMBER_HOLD:
        return Refusal(Event.MEMBER_REFUSED, target, {**common, "user_id": question.actor.id})
    if question.action is Action.CONSOLE_ENTER:
        return Refusal(Event.CONSOLE_REFUSED, target, common)
    return Refusal(Event.ACCESS_DENIED, target, {**common, "action": question.action.value})


def outcome_of(decision: Decision) -> str:
    """An answer that could not be had is unknown, not refused."""
    return "unknown" if decision.effect is Effect.INDETERMINATE else "refused"
