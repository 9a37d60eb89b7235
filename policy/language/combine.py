"""From many answers to one verdict: deny overrides, doubt never permits, the strictest obligations stand.

In this order, the first that fits decides:

1. a requirement that is not met, or a rule that denies: *deny*;
2. a requirement or a denying rule whose condition is unknown: *indeterminate*;
3. where rules that permit apply, one of them must: else *indeterminate* if one is unknown, and *deny* if none is;
4. a governed room whose requirements are met: *permit*; one without requirement and without a permitting rule: *deny*;
5. what nobody governs: *permit*, as far as the attribute gate goes. Roles decide.

Replacing any fact by `Unknown` leaves the effect as it is or makes it *indeterminate*, and makes obligations only
stricter: an obligation of a permit or a redaction in doubt binds. A rule on trial changes nothing but `would_be`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policy.language.definitions import Vocabulary
from policy.language.evaluate import Answer, Condition, Evaluation, compile_condition
from policy.language.obligations import MARKING, marking, obligation, unite
from policy.language.rules import Mode, PolicyDocument, Rule, RuleEffect, Target
from policy.language.values import Facts, Unknown
from policy.types import Effect, Obligation, Reason

OWN_REQUIREMENT = "own"
"""What the requirement is called that a room has of its own."""

_MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """What policy says to one question.

    `decided_by` names the rule, requirement or default (`rule:freeze`, `requirement:own`, `default:ungoverned`).
    `would_be` is the effect if rules on trial counted, and None where none applies.
    """

    effect: Effect
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]
    decided_by: str
    would_be: Effect | None = None


class Demand(StrEnum):
    """What a clause asks for: that it be met, or that something be denied, permitted or redacted where it holds."""

    REQUIREMENT = "requirement"
    DENY = "deny"
    PERMIT = "permit"
    REDACT = "redact"


_DEMANDS = {
    RuleEffect.PERMIT: Demand.PERMIT,
    RuleEffect.DENY: Demand.DENY,
    RuleEffect.REDACT: Demand.REDACT,
}
_CODES: Mapping[tuple[Demand, Answer], str] = {
    (Demand.REQUIREMENT, True): "requirement_met",
    (Demand.REQUIREMENT, False): "requirement_unmet",
    (Demand.REQUIREMENT, None): "requirement_unknown",
    (Demand.DENY, True): "rule_denies",
    (Demand.DENY, None): "rule_unknown",
    (Demand.PERMIT, True): "rule_permits",
    (Demand.PERMIT, False): "rule_not_met",
    (Demand.PERMIT, None): "rule_unknown",
    (Demand.REDACT, True): "rule_redacts",
    (Demand.REDACT, None): "rule_redacts",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement or rule that applies, ready to be asked. A requirement without condition is one that is
    missing.
    """

    demand: Demand
    name: str
    answer: Evaluation
    condition: Condition | None = None
    obligations: tuple[Obligation, ...] = ()
    on_trial: bool = False

    @property
    def kind(self) -> str:
        return "requirement" if self.demand is Demand.REQUIREMENT else "rule"

    def reason(self, answer: Answer, facts: Facts) -> Reason:
        if self.demand is Demand.REQUIREMENT and self.condition is None:
            return Reason("requirement_missing", ((self.kind, self.name),))
        names = ",".join(sorted(self._in_the_way(answer, facts)))
        return Reason(
            _CODES[self.demand, answer], ((self.kind, self.name), *((("attributes", names),) if names else ()))
        )

    def _in_the_way(self, answer: Answer, facts: Facts) -> frozenset[str]:
        """The attributes that keep a conjunction from being true; of a denial, all that it looks at."""
        if self.condition is None or (answer is True and self.demand is not Demand.DENY):
            return frozenset()
        if self.demand is Demand.DENY:
            return self.condition.reads
        return frozenset().union(*(names for names, ask in self.condition.parts if ask(facts) is not True))


_Judged = Sequence[tuple[Clause, Answer]]


@dataclass(frozen=True, slots=True)
class _Conclusion:
    effect: Effect
    decisive: _Judged
    default: str = ""

    @property
    def decided_by(self) -> str:
        if self.default:
            return f"default:{self.default}"
        clause, _ = self.decisive[0]
        return f"{clause.kind}:{clause.name}"


_STEPS: Sequence[tuple[Mapping[Demand, Answer], Effect, str]] = (
    ({Demand.REQUIREMENT: False, Demand.DENY: True}, Effect.DENY, ""),
    ({Demand.REQUIREMENT: None, Demand.DENY: None}, Effect.INDETERMINATE, ""),
    ({Demand.PERMIT: True}, Effect.PERMIT, ""),
    ({Demand.PERMIT: None}, Effect.INDETERMINATE, ""),
    ({Demand.PERMIT: False}, Effect.DENY, "no_applicable_permit"),
    ({Demand.REQUIREMENT: True}, Effect.PERMIT, ""),
)
"""Steps 1 to 4 of this module's promise: which answers settle it, how, and by which default."""


def _conclude(judged: _Judged, *, governed: bool) -> _Conclusion:
    for wanted, effect, default in _STEPS:
        decisive = _those(judged, wanted)
        if decisive:
            return _Conclusion(effect, decisive, default)
    if governed:
        return _Conclusion(Effect.DENY, (), default="no_applicable_permit")
    return _Conclusion(Effect.PERMIT, (), default="ungoverned")


def _those(judged: _Judged, wanted: Mapping[Demand, Answer]) -> tuple[tuple[Clause, Answer], ...]:
    return tuple(
        (clause, answer) for clause, answer in judged if clause.demand in wanted and answer is wanted[clause.demand]
    )


def _standing(judged: _Judged) -> _Judged:
    """What supports and binds a permit: requirements that are met; permits and redactions that hold, or may."""
    return [(clause, answer) for clause, answer in judged if clause.demand is not Demand.DENY and answer is not False]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that policy has to say about one target, ready to be asked for any facts. Keep it while its policy is active.

    `reads` names the attributes that the verdict depends on.
    """

    governed: bool
    clauses: tuple[Clause, ...]
    markings: tuple[str, ...]
    reads: frozenset[str]
    _permits: dict[tuple[Answer, ...], Verdict] = field(default_factory=dict, repr=False, compare=False)

    def judge(self, facts: Facts) -> Verdict:
        """The verdict for these facts."""
        answers = tuple([clause.answer(facts) for clause in self.clauses])
        remembered = self._permits.get(answers)
        if remembered is not None:
            return remembered
        verdict = self._verdict(answers, facts)
        if verdict.effect is Effect.PERMIT and len(self._permits) < _MOST_REMEMBERED:
            self._permits[answers] = verdict
        return verdict

    def _verdict(self, answers: tuple[Answer, ...], facts: Facts) -> Verdict:
        everything = tuple(zip(self.clauses, answers, strict=True))
        judged = [(clause, answer) for clause, answer in everything if not clause.on_trial]
        conclusion = _conclude(judged, governed=self.governed)
        standing = _standing(judged) if conclusion.effect is Effect.PERMIT else ()
        return Verdict(
            effect=conclusion.effect,
            obligations=unite((one for clause, _ in standing for one in clause.obligations), self.markings),
            reasons=tuple(_reasons(conclusion, standing, everything, facts)),
            decided_by=conclusion.decided_by,
            would_be=_conclude(everything, governed=self.governed).effect if len(judged) < len(everything) else None,
        )


def _reasons(conclusion: _Conclusion, standing: _Judged, everything: _Judged, facts: Facts) -> Iterator[Reason]:
    if conclusion.default:
        yield Reason(conclusion.default)
    for clause, answer in conclusion.decisive:
        yield clause.reason(answer, facts)
    for clause, answer in standing:
        if (clause, answer) not in conclusion.decisive:
            yield clause.reason(answer, facts)
    for clause, answer in everything:
        if clause.on_trial and answer is not False:
            yield Reason("rule_on_trial", (("rule", clause.name), ("would", str(clause.demand))))


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy document that is ready to be asked."""

    vocabulary: Vocabulary
    rules: tuple[tuple[Rule, Condition | None], ...]
    requirements: Mapping[str, Condition]

    def plan(self, target: Target, own: Condition | Unknown | None = None) -> Plan:
        """What applies to this target; `own` is the requirement that the room has of its own, or that it has an
        unreadable one.
        """
        clauses = [_requirement(name, self.requirements.get(name)) for name in target.named]
        if own is not None:
            clauses.append(_requirement(OWN_REQUIREMENT, own))
        for rule, condition in self.rules:
            applies = rule.applies_to(target)
            if applies is not False:
                clauses.append(_rule(rule, condition, applies))
        definition = self.vocabulary.get(MARKING)
        return Plan(
            governed=target.governed or bool(target.named) or own is not None,
            clauses=tuple(clauses),
            markings=definition.values if definition is not None else (),
            reads=frozenset().union(*(clause.condition.reads for clause in clauses if clause.condition is not None)),
        )


def compile_policy(document: PolicyDocument, vocabulary: Vocabulary) -> CompiledPolicy:
    """The document ready to be asked, checked once more against today's definitions.

    Raises:
        PolicyLanguageError: something that it needs is no longer defined as it was. It must not be used in part.
    """
    for rule in document.rules:
        for entry in rule.scope.markings:
            marking(entry, vocabulary, rule.name)
        for one in rule.obligations:
            obligation(one.name, dict(one.params), vocabulary)
    ordered = sorted(document.rules, key=lambda rule: (-rule.priority, rule.name))
    return CompiledPolicy(
        vocabulary=vocabulary,
        rules=tuple(
            (rule, None if rule.condition is None else compile_condition(rule.condition, vocabulary))
            for rule in ordered
        ),
        requirements={name: compile_condition(node, vocabulary) for name, node in document.requirements},
    )


def combine(policy: CompiledPolicy, target: Target, facts: Facts, own: Condition | Unknown | None = None) -> Verdict:
    """The verdict for one question. Whoever asks again about the same target keeps `policy.plan(target, own)`."""
    return policy.plan(target, own).judge(facts)


def _requirement(name: str, condition: Condition | Unknown | None) -> Clause:
    """A requirement; whether one is met that is missing or unreadable, nobody can know."""
    if isinstance(condition, Condition):
        return Clause(Demand.REQUIREMENT, name, condition.answer, condition)
    return Clause(Demand.REQUIREMENT, name, _nobody_knows)


def _rule(rule: Rule, condition: Condition | None, applies: Answer) -> Clause:
    demand = _DEMANDS[rule.effect]
    own = (Obligation("redact", (("profile", "all"),)),) if demand is Demand.REDACT else ()
    has_own = any(one.name == "redact" for one in rule.obligations)
    return Clause(
        demand=demand,
        name=rule.name,
        answer=_scoped(condition.answer if condition is not None else _always, demand, applies),
        condition=condition,
        obligations=rule.obligations if has_own else own + rule.obligations,
        on_trial=rule.mode is Mode.LOG_ONLY,
    )


def _scoped(answer: Evaluation, demand: Demand, applies: Answer) -> Evaluation:
    """The answer of a rule in a scope that is certain or in doubt. A permit in doubt about its scope is unknown."""
    if applies is True:
        return answer
    if demand is Demand.PERMIT:
        return _nobody_knows
    return lambda facts: False if answer(facts) is False else None


def _always(_: Facts) -> Answer:
    return True


def _nobody_knows(_: Facts) -> Answer:
    return None
