"""What the PEP does for a permit to stand. An obligation that is not in this table turns the permit into a deny."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from policy.snapshot import latest
from policy.types import Decision, Effect, Obligation, Reason

Met = Callable[[Decision, Obligation], Decision]
PASSWORD = 1
"""The strength of a password entered again, the only factor there is (R15)."""


def meet(decision: Decision) -> Decision:
    """The decision with its obligations met, or refused because one cannot be."""
    for obligation in decision.obligations:
        if not decision.permits:
            break
        decision = _KNOWN.get(obligation.name, _unknown)(decision, obligation)
    return decision


def _refuse(decision: Decision, reason: Reason) -> Decision:
    return replace(decision, effect=Effect.DENY, reasons=(reason, *decision.reasons), removes=False)


def _unknown(decision: Decision, obligation: Obligation) -> Decision:
    return _refuse(decision, Reason("obligation_unknown", (("obligation", obligation.name),)))


def _step_up(decision: Decision, obligation: Obligation) -> Decision:
    """A fresh factor within `max_age` seconds, whatever else was proven before (ID-7, R15)."""
    if int(obligation.param("strength", PASSWORD)) > PASSWORD:
        return _unknown(decision, obligation)
    confirmed = decision.question.actor.environment.step_up_at
    limit = timedelta(seconds=int(obligation.param("max_age", 300)))
    if confirmed is not None and decision.decided_at - confirmed <= limit:
        return replace(decision, valid_until=min(decision.valid_until, confirmed + limit))
    return _refuse(decision, Reason("step_up_required", (("max_age", str(int(limit.total_seconds()))),)))


def _require_marking(decision: Decision, obligation: Obligation) -> Decision:
    """A marking, and one as high as policy asks for."""
    borne, least = str(decision.question.resource.properties.get("marking", "")), str(obligation.param("marking", ""))
    if borne and (not least or _reaches(decision, borne, least)):
        return decision
    return _refuse(decision, Reason("marking_required", (("marking", least),) if least else ()))


def _reaches(decision: Decision, borne: str, least: str) -> bool:
    order = latest(decision.question.actor.workspace_id).markings
    return borne in order and least in order and order.index(borne) >= order.index(least)


def _expire_after(decision: Decision, obligation: Obligation) -> Decision:
    until = decision.decided_at + timedelta(seconds=int(obligation.param("seconds", 60)))
    return replace(decision, valid_until=min(decision.valid_until, until))


def _met_at_the_exit(decision: Decision, _: Obligation) -> Decision:
    """The guard at the exit hides what may not be seen: `rooms.sight`."""
    return decision


_KNOWN: dict[str, Met] = {
    "step_up": _step_up,
    "require_marking": _require_marking,
    "expire_after": _expire_after,
    "redact": _met_at_the_exit,
}
