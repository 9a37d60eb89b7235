"""What is asked and what is answered (SP 800-162, OpenID AuthZEN 1.0 §5). Pure values: no Django, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from policy.catalogue import Action
    from tenancy.actor import Actor


class Effect(StrEnum):
    PERMIT = "permit"
    DENY = "deny"
    NOT_APPLICABLE = "not_applicable"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Obligation:
    """What the PEP must do for a permit to stand; one that it does not know turns the permit into a deny."""

    name: str
    params: tuple[tuple[str, str | int], ...] = ()

    def param(self, name: str, default: str | int) -> str | int:
        return dict(self.params).get(name, default)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a stable code with parameters; never a raw value of another person's entitlement."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. `room_id` names the room that guards it, if one does."""

    type: str
    id: UUID | None = None
    room_id: UUID | None = None
    properties: Mapping[str, object] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Question:
    """May this actor do this to that, now?"""

    actor: "Actor"
    action: "Action"
    resource: Resource
    asker: "Actor | None" = None
    """Who wants to know, when it is somebody else: whoever adds a member asks about that member."""


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A policy that counted: what it is called, which version, and the hash of its canonical tree (R6)."""

    id: str
    version: int
    hash: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a Question, with everything that the record of it needs."""

    id: UUID
    question: Question
    effect: Effect
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]
    policies: tuple[PolicyRef, ...]
    decision_point: str
    decided_at: datetime
    latency_us: int
    valid_until: datetime
    epochs: tuple[tuple[str, int], ...] = ()
    would_be: Effect | None = None
    removes: bool = False
    """Only true for an explicit deny from an authentic answer: the one thing that takes a standing membership (R7)."""

    @property
    def permits(self) -> bool:
        return self.effect is Effect.PERMIT

    def obligation(self, name: str) -> Obligation | None:
        return next((one for one in self.obligations if one.name == name), None)


class AccessDenied(Exception):
    """The PEP said no; carries the Decision, so that a nested refusal names the inner Action."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"{decision.question.action}: {decision.effect}")
        self.decision = decision

    @property
    def code(self) -> str:
        """What a door may say: `not_found` where the subject may not know of the room, else the kind of
        refusal (R11).
        """
        codes = {reason.code for reason in self.decision.reasons}
        if "hidden" in codes:
            return "not_found"
        if "step_up_required" in codes:
            return "step_up_required"
        if self.decision.effect is Effect.INDETERMINATE:
            return "unavailable"
        return "denied"
