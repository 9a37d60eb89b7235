"""A condition in the words of a reader: the same tree that is hashed and judged, said in full sentences."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from policy.language.definitions import AttributeDefinition, Category, Kind, Vocabulary
from policy.language.operators import Operator
from policy.language.tree import Comparison, Either, Every, Negation, Node

Translate = Callable[[str], str]


def gettext_noop(text: str) -> str:
    """Mark a text for the translators, who find it by this name."""
    return text


_TEMPLATES: dict[Operator, str] = {
    Operator.EQUAL: gettext_noop("{label} is {value}"),
    Operator.NOT_EQUAL: gettext_noop("{label} is not {value}"),
    Operator.AT_LEAST: gettext_noop("{label} is {value} or higher"),
    Operator.AT_MOST: gettext_noop("{label} is {value} or lower"),
    Operator.ABOVE: gettext_noop("{label} is higher than {value}"),
    Operator.BELOW: gettext_noop("{label} is lower than {value}"),
    Operator.BEFORE: gettext_noop("{label} is before {value}"),
    Operator.AFTER: gettext_noop("{label} is after {value}"),
    Operator.IN: gettext_noop("{label} is {value}"),
    Operator.ANY_OF: gettext_noop("{label} includes {value}"),
    Operator.ALL_OF: gettext_noop("{label} includes {value}"),
    Operator.PRESENT: gettext_noop("{label} is on record"),
}
_OF_KIND: dict[tuple[Kind, Operator], str] = {
    (Kind.STRING_SET, Operator.EQUAL): _TEMPLATES[Operator.ANY_OF],
    (Kind.DATETIME, Operator.AT_LEAST): gettext_noop("{label} is {value} or later"),
    (Kind.DATETIME, Operator.AT_MOST): gettext_noop("{label} is {value} or earlier"),
    (Kind.IP, Operator.IN): gettext_noop("{label} is within {value}"),
}
_OF_PAIR: dict[Operator, str] = {
    Operator.IN: gettext_noop("{label} is one of {value}"),
    Operator.ANY_OF: gettext_noop("{label} includes any of {value}"),
    Operator.ALL_OF: gettext_noop("{label} includes all of {value}"),
}
_WHOSE: dict[Category, str] = {
    Category.SUBJECT: gettext_noop("the person's {label}"),
    Category.RESOURCE: gettext_noop("the room's {label}"),
    Category.ENVIRONMENT: gettext_noop("the current {label}"),
}
_OPPOSITE: dict[Operator, Operator] = {
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.AT_LEAST: Operator.BELOW,
    Operator.BELOW: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.ABOVE,
    Operator.ABOVE: Operator.AT_MOST,
}
_OR = gettext_noop("{first} or {last}")
_AND = gettext_noop("{first} and {last}")
_NOT = gettext_noop("not: {condition}")
_YES, _NO = gettext_noop("yes"), gettext_noop("no")


def in_words(node: Node, vocabulary: Vocabulary, translate: Translate) -> str:
    """The condition as a sentence without its full stop: "Clearance is SECRET or higher"."""
    match node:
        case Comparison():
            return _comparison(node, vocabulary, translate)
        case Negation(part):
            return translate(_NOT).format(condition=_inside(part, vocabulary, translate))
        case Every(parts):
            return _listed([_inside(part, vocabulary, translate) for part in parts], _AND, translate)
        case Either(parts):
            return _listed([_inside(part, vocabulary, translate) for part in parts], _OR, translate)


def opposite(comparison: Comparison) -> Node:
    """What is so where the comparison is not, as one would say it."""
    operator = _OPPOSITE.get(comparison.operator)
    return replace(comparison, operator=operator) if operator else Negation(comparison)


def _inside(node: Node, vocabulary: Vocabulary, translate: Translate) -> str:
    words = in_words(node, vocabulary, translate)
    return f"({words})" if isinstance(node, Every | Either) else words


def _comparison(comparison: Comparison, vocabulary: Vocabulary, translate: Translate) -> str:
    definition = vocabulary[comparison.attribute]
    label = translate(definition.label)
    if comparison.reference is not None:
        other = vocabulary[comparison.reference]
        template = _OF_PAIR.get(comparison.operator, _template(definition, comparison.operator))
        whose = translate(_WHOSE[other.category]).format(label=translate(other.label))
        return translate(template).format(label=label, value=whose)
    values = [_value(definition, value, translate) for value in comparison.values]
    joined = _listed(values, _AND if comparison.operator is Operator.ALL_OF else _OR, translate)
    if definition.phrase and comparison.operator is not Operator.PRESENT:
        return translate(definition.phrase).replace("{values}", joined)
    return translate(_template(definition, comparison.operator)).format(label=label, value=joined)


def _template(definition: AttributeDefinition, operator: Operator) -> str:
    return _OF_KIND.get((definition.kind, operator), _TEMPLATES[operator])


def _value(definition: AttributeDefinition, value: str, translate: Translate) -> str:
    if definition.kind is not Kind.BOOLEAN:
        return value
    return translate(_YES if value == "true" else _NO)


def _listed(items: Sequence[str], pattern: str, translate: Translate) -> str:
    if len(items) < len(("first", "last")):
        return "".join(items)
    return translate(pattern).format(first=", ".join(items[:-1]), last=items[-1])
