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


Fulfilled = tuple[bool, ...]


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

    def fulfilled(self, answer: Answer, facts: Facts) -> Fulfilled:
        """Which parts of a conjunction are true, where its reason names the others."""
        if answer is True or self.condition is None or self.demand is Demand.DENY:
            return ()
        return tuple([ask(facts) is True for _, ask in self.condition.parts])

    def reason(self, answer: Answer, fulfilled: Fulfilled) -> Reason:
        if self.demand is Demand.REQUIREMENT and self.condition is None:
            return Reason("requirement_missing", ((self.kind, self.name),))
        names = ",".join(sorted(self._in_the_way(fulfilled)))
        return Reason(
            _CODES[self.demand, answer], ((self.kind, self.name), *((("attributes", names),) if names else ()))
        )

    def _in_the_way(self, fulfilled: Fulfilled) -> frozenset[str]:
        """The attributes that keep a conjunction from being true; of a denial, all that it looks at."""
        if self.condition is None:
            return frozenset()
        if self.demand is Demand.DENY:
            return self.condition.reads
        parts = zip((names for names, _ in self.condition.parts), fulfilled, strict=False)
        return frozenset().union(*(names for names, is_true in parts if not is_true))


@dataclass(frozen=True, slots=True)
class _Answered:
    """A clause, what it came to, and of its parts what its reason needs."""

    clause: Clause
    answer: Answer
    fulfilled: Fulfilled

    @property
    def reason(self) -> Reason:
        return self.clause.reason(self.answer, self.fulfilled)


_Judged = Sequence[_Answered]


@dataclass(frozen=True, slots=True)
class _Conclusion:
    effect: Effect
    decisive: _Judged
    default: str = ""

    @property
    def decided_by(self) -> str:
        if self.default:
            return f"default:{self.default}"
        clause = self.decisive[0].clause
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


def _those(judged: _Judged, wanted: Mapping[Demand, Answer]) -> tuple[_Answered, ...]:
    return tuple(one for one in judged if one.clause.demand in wanted and one.answer is wanted[one.clause.demand])


def _standing(judged: _Judged) -> _Judged:
    """What supports and binds a permit: requirements that are met; permits and redactions that hold, or may."""
    return [one for one in judged if one.clause.demand is not Demand.DENY and one.answer is not False]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that policy has to say about one target, ready to be asked for any facts. Keep it while its policy is active.

    `reads` names the attributes that the verdict depends on.
    """

    governed: bool
    clauses: tuple[Clause, ...]
    markings: tuple[str, ...]
    reads: frozenset[str]
    _verdicts: dict[object, Verdict] = field(default_factory=dict, repr=False, compare=False)
    """By all that a verdict rests on: the answers, and where reasons name what is missing, the parts that are true."""

    def judge(self, facts: Facts) -> Verdict:
        """The verdict for these facts. Each condition is evaluated; only the words about it are kept."""
        answers = tuple([clause.answer(facts) for clause in self.clauses])
        remembered = self._verdicts.get(answers)
        if remembered is not None:
            return remembered
        fulfilled = tuple(
            [clause.fulfilled(answer, facts) for clause, answer in zip(self.clauses, answers, strict=True)]
        )
        key = (answers, fulfilled) if any(fulfilled) else answers
        remembered = self._verdicts.get(key)
        if remembered is not None:
            return remembered
        verdict = self._verdict([_Answered(*one) for one in zip(self.clauses, answers, fulfilled, strict=True)])
        if len(self._verdicts) < _MOST_REMEMBERED:
            self._verdicts[key] = verdict
        return verdict

    def _verdict(self, everything: _Judged) -> Verdict:
        judged = [one for one in everything if not one.clause.on_trial]
        conclusion = _conclude(judged, governed=self.governed)
        standing = _standing(judged) if conclusion.effect is Effect.PERMIT else ()
        return Verdict(
            effect=conclusion.effect,
            obligations=unite((each for one in standing for each in one.clause.obligations), self.markings),
            reasons=tuple(_reasons(conclusion, standing, everything)),
            decided_by=conclusion.decided_by,
            would_be=_conclude(everything, governed=self.governed).effect if len(judged) < len(everything) else None,
        )


def _reasons(conclusion: _Conclusion, standing: _Judged, everything: _Judged) -> Iterator[Reason]:
    if conclusion.default:
        yield Reason(conclusion.default)
    for one in conclusion.decisive:
        yield one.reason
    for one in standing:
        if one not in conclusion.decisive:
            yield one.reason
    for one in everything:
        if one.clause.on_trial and one.answer is not False:
            yield Reason("rule_on_trial", (("rule", one.clause.name), ("would", str(one.clause.demand))))


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
