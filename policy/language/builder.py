"""A requirement as rows that a form can edit, `{attribute, operator, values}`: they say what the text says."""

from collections.abc import Mapping, Sequence

from policy.language.checks import LIMIT, comparison, refuse_costly, refuse_unless_requirement
from policy.language.definitions import Vocabulary
from policy.language.errors import CostError, DocumentError, PolicyLanguageError
from policy.language.operators import Operator
from policy.language.tree import Node, comparisons, every

Row = dict[str, str | list[str]]
_FIELDS = frozenset({"attribute", "operator", "values", "reference"})


def to_rows(node: Node) -> list[Row]:
    """The conditions of a requirement, in order. `reference` stands in place of `values` where another attribute does.

    Raises:
        RequirementError: the condition is more than a conjunction, and no list of rows can say it.
    """
    refuse_unless_requirement(node)
    rows: list[Row] = []
    for one in comparisons(node):
        row: Row = {"attribute": one.attribute, "operator": str(one.operator), "values": list(one.values)}
        rows.append(row if one.reference is None else row | {"reference": one.reference})
    return rows


def from_rows(rows: object, vocabulary: Vocabulary) -> Node:
    """The requirement that a form's rows say.

    Raises:
        PolicyLanguageError: a row is incomplete or has no meaning; `field` names it: `conditions[2]`.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise DocumentError("A requirement needs a condition.", "Add at least one row.", field="conditions")
    if len(rows) > LIMIT.nodes:
        raise CostError("There are too many rows.", "Use at most {limit}.", field="conditions", limit=LIMIT.nodes)
    node = every(*(_from_row(row, vocabulary, f"conditions[{index}]") for index, row in enumerate(rows)))
    refuse_costly(node)
    refuse_unless_requirement(node)
    return node


def _from_row(row: object, vocabulary: Vocabulary, place: str) -> Node:
    if not isinstance(row, Mapping) or not row.keys() <= _FIELDS:
        raise DocumentError("A row is not of the form attribute, operator, values.", "Give these three.", field=place)
    attribute, operator = row.get("attribute"), row.get("operator")
    reference, values = row.get("reference"), row.get("values") or []
    if not isinstance(attribute, str) or not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise DocumentError("A row needs an attribute and a list of texts as values.", "Fill in both.", field=place)
    if operator not in list(Operator) or not isinstance(reference, str | None) or (reference and values):
        raise DocumentError(
            "A row needs an operator of the language, and values or another attribute.", "Choose one.", field=place
        )
    try:
        return comparison(vocabulary, attribute, Operator(operator), values, reference=reference or None)
    except PolicyLanguageError as refusal:
        raise refusal.located(field=place) from None
