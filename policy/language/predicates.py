"""What each operator means for each type: plain functions of canonical values. None: the value is not a listed one."""

import operator as py
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from policy.language.definitions import AttributeDefinition, Kind
from policy.language.operators import Operator
from policy.language.values import read_integer, read_network, read_time

Predicate = Callable[[Any], bool | None]
PairPredicate = Callable[[Any, Any], bool | None]
Relation = Callable[[Any, Any], bool]

_RELATIONS: Mapping[Operator, Relation] = {
    Operator.EQUAL: py.eq,
    Operator.AT_LEAST: py.ge,
    Operator.AT_MOST: py.le,
    Operator.ABOVE: py.gt,
    Operator.BELOW: py.lt,
    Operator.BEFORE: py.lt,
    Operator.AFTER: py.gt,
}

_MIRRORED: Mapping[Operator, Relation] = {
    Operator.EQUAL: py.eq,
    Operator.AT_LEAST: py.le,
    Operator.AT_MOST: py.ge,
    Operator.ABOVE: py.lt,
    Operator.BELOW: py.gt,
    Operator.BEFORE: py.gt,
    Operator.AFTER: py.lt,
}
"""The same relations seen from the other side, so that the bound can be fixed as their first operand."""


def predicate(definition: AttributeDefinition, operator: Operator, values: Sequence[str]) -> Predicate:
    """Whether a fact stands in this relation to what a condition names; `!=` and `present` are not asked here."""
    return _MAKERS[definition.kind](definition, operator, values)


def _text(definition: AttributeDefinition, operator: Operator, values: Sequence[str]) -> Predicate:
    """Listed texts are answered from a table of all of them, so that a text from outside the list gets no answer."""
    if not definition.values:
        return frozenset(values).__contains__
    if operator in (Operator.EQUAL, Operator.IN):
        return {value: value in values for value in definition.values}.get
    relation, bound = _RELATIONS[operator], definition.values.index(values[0])
    return {value: relation(level, bound) for level, value in enumerate(definition.values)}.get


def _set(_: AttributeDefinition, operator: Operator, values: Sequence[str]) -> Predicate:
    wanted = frozenset(values)
    if operator is Operator.ALL_OF:
        return wanted.issubset
    if len(wanted) == 1:
        (only,) = wanted
        return lambda held: only in held
    return lambda held: not wanted.isdisjoint(held)


def _boolean(_: AttributeDefinition, _operator: Operator, values: Sequence[str]) -> Predicate:
    return partial(py.eq, values[0] == "true")


def _integer(_: AttributeDefinition, operator: Operator, values: Sequence[str]) -> Predicate:
    if operator is Operator.IN:
        return frozenset(map(read_integer, values)).__contains__
    return partial(_MIRRORED[operator], read_integer(values[0]))


def _time(_: AttributeDefinition, operator: Operator, values: Sequence[str]) -> Predicate:
    return partial(_MIRRORED[operator], read_time(values[0]))


def _address(_: AttributeDefinition, _operator: Operator, values: Sequence[str]) -> Predicate:
    networks = tuple(map(read_network, values))
    return lambda address: any(address in network for network in networks)


_MAKERS: Mapping[Kind, Callable[[AttributeDefinition, Operator, Sequence[str]], Predicate]] = {
    Kind.STRING: _text,
    Kind.STRING_SET: _set,
    Kind.RANK: _text,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.DATETIME: _time,
    Kind.IP: _address,
}


def pair_predicate(left: AttributeDefinition, operator: Operator, right: AttributeDefinition) -> PairPredicate:
    """Whether two facts stand in this relation."""
    match left.kind, right.kind:
        case Kind.RANK, _:
            return _levels(left, _RELATIONS[operator])
        case Kind.STRING, Kind.STRING_SET:
            return lambda one, many: one in many
        case Kind.STRING_SET, Kind.STRING:
            return lambda many, one: one in many
        case Kind.STRING_SET, _ if operator is Operator.ALL_OF:
            return lambda held, wanted: wanted <= held
        case Kind.STRING_SET, _:
            return lambda held, wanted: not held.isdisjoint(wanted)
        case _:
            return _RELATIONS[operator]


def _levels(definition: AttributeDefinition, relation: Relation) -> PairPredicate:
    level = {value: level for level, value in enumerate(definition.values)}

    def compared(one: str, other: str) -> bool | None:
        if one not in level or other not in level:
            return None
        return relation(level[one], level[other])

    return compared
