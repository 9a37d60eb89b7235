"""Three-valued evaluation (Kleene): compile a condition once, ask it often. No text is ever executed.

What is missing never becomes a permit. A comparison of an absent attribute is false (R5); under `NOT` it is unknown,
because somebody without a nationality has not shown that it is another one. Only `present` tells absence itself, so
that `NOT clearance present` says on purpose what no missing fact may say by accident. From this follows, and is
tested:

- replacing any value by `Unknown` turns true and false into the same or into unknown, never into each other;
- taking any fact away turns nothing into true, unless the condition itself asks for absence by `NOT .. present`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from policy.language.checks import comparison as checked
from policy.language.checks import refuse_costly
from policy.language.definitions import PYTHON_TYPES, AttributeDefinition, Vocabulary
from policy.language.operators import Operator
from policy.language.predicates import pair_predicate, predicate
from policy.language.tree import Comparison, Either, Every, Negation, Node, reads
from policy.language.values import ABSENT, Facts, Unknown


class Truth(StrEnum):
    """What a condition comes to."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


Answer = bool | None
"""A truth while it is being worked out: None is unknown."""

Evaluation = Callable[[Facts], Answer]

TRUTHS: dict[Answer, Truth] = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}
UNDER_NOT: dict[Answer, Answer] = {False: None, None: False}
"""What an absent attribute comes to, one `NOT` further down."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; `reads` names the attributes that its answer depends on."""

    node: Node
    reads: frozenset[str]
    answer: Evaluation
    """The bare answer, for whoever asks half a million times a second: True, False, or None for unknown."""
    parts: tuple[tuple[frozenset[str], Evaluation], ...]
    """The answers of what stands side by side under the outermost AND, each with the attributes that it reads."""

    def truth(self, facts: Facts) -> Truth:
        return TRUTHS[self.answer(facts)]


def compile_condition(node: Node, vocabulary: Vocabulary) -> Condition:
    """The condition ready to be asked, checked once more against today's definitions.

    Raises:
        PolicyLanguageError: a definition that the condition needs is gone or has changed; or it costs too much.
    """
    refuse_costly(node)
    parts = node.parts if isinstance(node, Every) else (node,)
    return Condition(
        node=node,
        reads=reads(node),
        answer=compile_node(node, vocabulary),
        parts=tuple((reads(part), compile_node(part, vocabulary)) for part in parts),
    )


def compile_node(node: Node, vocabulary: Vocabulary, *, if_absent: Answer = False) -> Evaluation:
    """One node; `if_absent` is what a comparison of an absent attribute comes to under the `NOT`s above it."""
    match node:
        case Comparison():
            return _comparison(node, vocabulary, if_absent)
        case Negation(part):
            return _negation(compile_node(part, vocabulary, if_absent=UNDER_NOT[if_absent]))
        case Every(parts):
            return _every(tuple(compile_node(part, vocabulary, if_absent=if_absent) for part in parts))
        case Either(parts):
            return _either(tuple(compile_node(part, vocabulary, if_absent=if_absent) for part in parts))


def _negation(part: Evaluation) -> Evaluation:
    def negation(facts: Facts) -> Answer:
        answer = part(facts)
        return None if answer is None else not answer

    return negation


def _every(parts: tuple[Evaluation, ...]) -> Evaluation:
    def every(facts: Facts) -> Answer:
        conclusion: Answer = True
        for part in parts:
            answer = part(facts)
            if answer is False:
                return False
            if answer is None:
                conclusion = None
        return conclusion

    return every


def _either(parts: tuple[Evaluation, ...]) -> Evaluation:
    def either(facts: Facts) -> Answer:
        conclusion: Answer = False
        for part in parts:
            answer = part(facts)
            if answer is True:
                return True
            if answer is None:
                conclusion = None
        return conclusion

    return either


def _comparison(node: Comparison, vocabulary: Vocabulary, if_absent: Answer) -> Evaluation:
    checked(vocabulary, node.attribute, node.operator, node.values, reference=node.reference)
    if node.operator is Operator.PRESENT:
        return _presence(node.attribute)
    if node.operator is Operator.NOT_EQUAL:
        equal = Comparison(node.attribute, Operator.EQUAL, node.values, node.reference)
        return _negation(_comparison(equal, vocabulary, UNDER_NOT[if_absent]))
    left = vocabulary[node.attribute]
    if node.reference is not None:
        return _pair(left, node.operator, vocabulary[node.reference], if_absent)
    return _single(left, node.operator, node.values, if_absent)


def _presence(name: str) -> Evaluation:
    def presence(facts: Facts) -> Answer:
        value = facts.get(name, Unknown.NEVER_SYNCED)
        if value is ABSENT:
            return False
        return None if isinstance(value, Unknown) else True

    return presence


def _single(
    definition: AttributeDefinition, operator: Operator, values: tuple[str, ...], if_absent: Answer
) -> Evaluation:
    """A fact against the values that the condition names. One that cannot be compared is unknown, whoever let it in."""
    name, types, holds = definition.qualified, PYTHON_TYPES[definition.kind], predicate(definition, operator, values)
    usual, absent = types[0], ABSENT

    def single(facts: Facts) -> Answer:
        try:
            value = facts[name]
            kind = value.__class__
            if kind is usual or kind in types:
                return holds(value)
        except (KeyError, TypeError):
            return None
        return if_absent if value is absent else None

    return single


def _pair(left: AttributeDefinition, operator: Operator, right: AttributeDefinition, if_absent: Answer) -> Evaluation:
    """A fact against another fact. One that is absent settles it, whatever the other may be."""
    names, holds = (left.qualified, right.qualified), pair_predicate(left, operator, right)
    left_types, right_types = PYTHON_TYPES[left.kind], PYTHON_TYPES[right.kind]

    def pair(facts: Facts) -> Answer:
        one, other = (facts.get(name, Unknown.NEVER_SYNCED) for name in names)
        if one is ABSENT or other is ABSENT:
            return if_absent
        if one.__class__ not in left_types or other.__class__ not in right_types:
            return None
        with suppress(TypeError):
            return holds(one, other)
        return None

    return pair
