"""What makes a condition one: its attributes are defined, its operators fit, its values exist, its cost is bounded."""

from collections.abc import Sequence
from dataclasses import dataclass

from policy.language.definitions import AttributeDefinition, Kind, Vocabulary
from policy.language.errors import CostError, OperatorError, RequirementError
from policy.language.operators import TAKES_SET, WITH_ATTRIBUTE, WITH_VALUES, Operator
from policy.language.tree import Comparison, Either, Every, Negation, Node


def comparison(
    vocabulary: Vocabulary,
    attribute: str,
    operator: Operator,
    values: Sequence[str] = (),
    *,
    reference: str | None = None,
) -> Comparison:
    """One condition in canonical form.

    Raises:
        UnknownAttributeError: an attribute is not defined.
        OperatorError: the operator has no meaning for that type, or got the wrong number of values.
        ValueRefusedError: a value lies outside the definition.
    """
    left = vocabulary.resolve(attribute)
    if reference is not None:
        right = vocabulary.resolve(reference)
        _refuse_unlike(left, operator, right)
        return Comparison(left.qualified, operator, reference=right.qualified)
    if operator not in WITH_VALUES[left.kind]:
        raise OperatorError(
            "{operator} has no meaning for an attribute of type {kind}.",
            "Use one of: {operators}.",
            field=left.qualified,
            operator=operator,
            kind=left.kind,
            operators=", ".join(sorted(WITH_VALUES[left.kind])),
        )
    _refuse_wrong_number(left, operator, values)
    canonical = tuple(sorted({left.literal(value) for value in values}))
    if left.kind is Kind.IP and operator is not Operator.IN and "/" in "".join(canonical):
        raise OperatorError("{operator} takes one address.", "Use in.", field=left.qualified, operator=operator)
    return Comparison(left.qualified, operator, canonical)


def _refuse_unlike(left: AttributeDefinition, operator: Operator, right: AttributeDefinition) -> None:
    if operator not in WITH_ATTRIBUTE.get((left.kind, right.kind), ()):
        raise OperatorError(
            "{operator} cannot compare an attribute of type {left} with one of type {right}.",
            "Compare attributes of one type, or name the values.",
            field=left.qualified,
            operator=operator,
            left=left.kind,
            right=right.kind,
        )
    if left.values != right.values:
        raise OperatorError(
            "The two attributes do not have the same values.",
            "Give {right} the values of {left}, in the same order.",
            field=left.qualified,
            left=left.qualified,
            right=right.qualified,
        )
    if left.kind in (Kind.STRING, Kind.STRING_SET) and not left.closed and left.case is not right.case:
        raise OperatorError(
            "The two attributes are written in different case.",
            "Give both definitions the same case.",
            field=left.qualified,
        )


def _refuse_wrong_number(left: AttributeDefinition, operator: Operator, values: Sequence[str]) -> None:
    if operator is Operator.PRESENT and values:
        raise OperatorError("present takes no value.", "Leave the value out.", field=left.qualified)
    if operator in TAKES_SET and not values:
        raise OperatorError("The set is empty.", "Name at least one value.", field=left.qualified)
    if operator not in TAKES_SET and operator is not Operator.PRESENT and len(values) != 1:
        raise OperatorError("{operator} takes one value.", "Give one value.", field=left.qualified, operator=operator)


@dataclass(frozen=True, slots=True)
class Cost:
    """What evaluating a condition takes at most: how deep it nests, how many nodes and how many values it looks at."""

    depth: int
    nodes: int
    values: int


LIMIT = Cost(depth=16, nodes=200, values=500)
LONGEST_CONDITION = 16_000
"""Characters of one condition's text."""


def cost(node: Node) -> Cost:
    """The bound of a condition's evaluation."""
    match node:
        case Comparison(values=values):
            return Cost(1, 1, len(values))
        case Negation(part):
            inner = cost(part)
            return Cost(inner.depth + 1, inner.nodes + 1, inner.values)
        case Every(parts) | Either(parts):
            costs = [cost(part) for part in parts]
            return Cost(
                depth=1 + max(one.depth for one in costs),
                nodes=1 + sum(one.nodes for one in costs),
                values=sum(one.values for one in costs),
            )


def refuse_costly(node: Node) -> None:
    """Let no condition through that costs more than the limit.

    Raises:
        CostError: naming what there is too much of.
    """
    spent = cost(node)
    for what in ("depth", "nodes", "values"):
        if getattr(spent, what) > getattr(LIMIT, what):
            raise CostError(
                "The condition has too many {what}: {spent}, where {limit} are allowed.",
                "Split it into several rules or named requirements.",
                what={"depth": "levels", "nodes": "parts", "values": "values"}[what],
                spent=getattr(spent, what),
                limit=getattr(LIMIT, what),
            )


def refuse_unless_requirement(node: Node) -> None:
    """A requirement says what one must have: conditions that are all met, and nothing else.

    Raises:
        RequirementError: it has OR, NOT or `!=`.
    """
    for part in node.parts if isinstance(node, Every) else (node,):
        if not isinstance(part, Comparison) or part.operator is Operator.NOT_EQUAL:
            raise RequirementError(
                "A requirement is a list of conditions that must all be met.",
                "Join conditions by AND only; write OR, NOT and != in a rule.",
            )
