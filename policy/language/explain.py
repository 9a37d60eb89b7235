"""Why a condition came to its truth, part by part, and what would change it.

The same compiled closures answer here as in a decision, so that an explanation never disagrees with what was decided.
Whose facts may be seen is the caller's decision: without a sight no value of a fact leaves this module (R12).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from policy.language.combine import Clause, Demand, Plan
from policy.language.definitions import AttributeDefinition, Vocabulary
from policy.language.evaluate import TRUTHS, UNDER_NOT, Answer, Truth, compile_node
from policy.language.sight import Seen, Sight
from policy.language.tree import Comparison, Either, Every, Negation, Node, print_text
from policy.language.values import ABSENT, Facts, Unknown, Value, write_time
from policy.language.words import Translate, gettext_noop, in_words, opposite


class Part(StrEnum):
    """What a piece of an explanation is."""

    COMPARISON = "comparison"
    NOT = "not"
    EVERY = "every"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One part of a condition and what it came to.

    `counts`: the answer of the whole rests on this part. `changes`: what would have to be so for the whole to come
    out as wanted, one sentence each, all of them needed; empty where it already does. `doubts`: why facts are
    unknown, by attribute. `held`: the facts themselves by attribute, and empty unless the reader may see them.
    `needed` and `met`, of a comparison: what would serve in words, and whether it is so; under `NOT` the opposite.
    """

    part: Part
    truth: Truth
    text: str
    words: str
    counts: bool = True
    changes: tuple[str, ...] = ()
    definitions: tuple[AttributeDefinition, ...] = ()
    doubts: tuple[tuple[str, Unknown], ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    needed: str = ""
    met: Truth = Truth.UNKNOWN
    parts: tuple["Explanation", ...] = ()

    def comparisons(self) -> Iterator["Explanation"]:
        """The conditions themselves, from left to right."""
        if self.part is Part.COMPARISON:
            yield self
        for part in self.parts:
            yield from part.comparisons()


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom an explanation is written: in which words, how far the facts may be seen, and which truth would serve.

    What serves is TRUE for a requirement or a permit, and FALSE for a rule that denies.
    """

    translate: Translate = str
    sight: Sight | None = None
    serves: Truth = Truth.TRUE


@dataclass(frozen=True, slots=True)
class Finding:
    """What one requirement or rule that applies came to. Without condition there is no explanation: it always holds,
    or is missing.
    """

    clause: Clause
    truth: Truth
    explanation: Explanation | None


_TURNED = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
_NEEDED = gettext_noop("Needed: {condition}")
_NOT_WANTED = gettext_noop("Must not be so: {condition}")
_KNOWN = gettext_noop("Must be known: {condition}")
_ONE_OF = gettext_noop("One of these: {options}")
_NOTHING = gettext_noop("not on record")
_HIDDEN = gettext_noop("not known")
_WITHHELD = gettext_noop("withheld")


def explain(node: Node, vocabulary: Vocabulary, facts: Facts, reader: Reader | None = None) -> Explanation:
    """What every part of a condition came to.

    Raises:
        PolicyLanguageError: a definition that the condition needs is gone or has changed.
    """
    reader = reader or Reader()
    return _Explainer(vocabulary, facts, reader).part(node, wanted=reader.serves is Truth.TRUE, if_absent=False)


def explain_plan(plan: Plan, vocabulary: Vocabulary, facts: Facts, reader: Reader | None = None) -> tuple[Finding, ...]:
    """What every requirement and rule came to that applies to a target; of a denial, what would make it false."""
    reader = reader or Reader()
    return tuple(_finding(clause, vocabulary, facts, reader) for clause in plan.clauses)


def _finding(clause: Clause, vocabulary: Vocabulary, facts: Facts, reader: Reader) -> Finding:
    truth = TRUTHS[clause.answer(facts)]
    if clause.condition is None:
        return Finding(clause, truth, None)
    serves = Truth.FALSE if clause.demand is Demand.DENY else Truth.TRUE
    return Finding(clause, truth, explain(clause.condition.node, vocabulary, facts, replace(reader, serves=serves)))


@dataclass(frozen=True, slots=True)
class _Explainer:
    vocabulary: Vocabulary
    facts: Facts
    reader: Reader

    def part(self, node: Node, *, wanted: bool, if_absent: Answer) -> Explanation:
        """One part; `wanted` is the answer that would serve the whole, turned round by each `NOT` above."""
        answer = compile_node(node, self.vocabulary, if_absent=if_absent)(self.facts)
        match node:
            case Comparison():
                return self._comparison(node, answer, wanted=wanted)
            case Negation(inner):
                turned = (self.part(inner, wanted=not wanted, if_absent=UNDER_NOT[if_absent]),)
                return replace(self._bare(Part.NOT, node, answer), parts=turned, changes=turned[0].changes)
            case Every(parts):
                children = tuple(self.part(part, wanted=wanted, if_absent=if_absent) for part in parts)
                return self._group(self._bare(Part.EVERY, node, answer), children, wanted=wanted, all_needed=wanted)
            case Either(parts):
                children = tuple(self.part(part, wanted=wanted, if_absent=if_absent) for part in parts)
                return self._group(
                    self._bare(Part.EITHER, node, answer), children, wanted=wanted, all_needed=not wanted
                )

    def _bare(self, part: Part, node: Node, answer: Answer) -> Explanation:
        words = in_words(node, self.vocabulary, self.reader.translate)
        return Explanation(part, TRUTHS[answer], print_text(node), words)

    def _group(
        self, whole: Explanation, children: tuple[Explanation, ...], *, wanted: bool, all_needed: bool
    ) -> Explanation:
        parts = tuple(child if child.truth is whole.truth else _uncounted(child) for child in children)
        if whole.truth is TRUTHS[wanted]:
            return replace(whole, parts=parts)
        changes = tuple(change for child in children for change in child.changes)
        if not all_needed and len(changes) > 1:
            options = "; ".join(", ".join(child.changes) for child in children)
            changes = (self.reader.translate(_ONE_OF).format(options=options),)
        return replace(whole, parts=parts, changes=changes)

    def _comparison(self, node: Comparison, answer: Answer, *, wanted: bool) -> Explanation:
        names = [name for name in (node.attribute, node.reference) if name is not None]
        known = [(name, self.facts.get(name, Unknown.NEVER_SYNCED)) for name in names]
        bare = self._bare(Part.COMPARISON, node, answer)
        return replace(
            bare,
            changes=self._change(bare, wanted=wanted),
            definitions=tuple(self.vocabulary[name] for name in names),
            doubts=tuple((name, value) for name, value in known if isinstance(value, Unknown)),
            held=self._held(known),
            needed=bare.words if wanted else in_words(opposite(node), self.vocabulary, self.reader.translate),
            met=bare.truth if wanted else _TURNED[bare.truth],
        )

    def _change(self, bare: Explanation, *, wanted: bool) -> tuple[str, ...]:
        if bare.truth is TRUTHS[wanted]:
            return ()
        template = _KNOWN if bare.truth is Truth.UNKNOWN else _NEEDED if wanted else _NOT_WANTED
        return (self.reader.translate(template).format(condition=bare.words),)

    def _held(self, known: list[tuple[str, Value]]) -> tuple[tuple[str, str], ...]:
        sight = self.reader.sight
        if sight is None:
            return ()
        return tuple((name, self._seen(sight.of(self.vocabulary[name], value))) for name, value in known)

    def _seen(self, seen: Seen[Value]) -> str:
        if not seen.withheld:
            return self._shown(seen.value)
        left = [self._shown(seen.value)] if seen.value is not ABSENT else []
        return ", ".join([*left, self.reader.translate(_WITHHELD)])

    def _shown(self, value: Value) -> str:
        if value is ABSENT:
            return self.reader.translate(_NOTHING)
        if isinstance(value, Unknown):
            return self.reader.translate(_HIDDEN)
        if isinstance(value, frozenset):
            return ", ".join(sorted(value))
        if isinstance(value, datetime):
            return write_time(value)
        return str(value).lower() if isinstance(value, bool) else str(value)


def _uncounted(explanation: Explanation) -> Explanation:
    return replace(explanation, counts=False, parts=tuple(_uncounted(part) for part in explanation.parts))
