"""The vocabulary that the tests of the policy language share, and strategies for everything one can say in it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from hypothesis import settings
from hypothesis import strategies as st

from policy.language.checks import comparison
from policy.language.definitions import AttributeDefinition, Case, Category, Kind, Vocabulary
from policy.language.operators import TAKES_SET, WITH_ATTRIBUTE, WITH_VALUES, Operator
from policy.language.tree import Negation, either, every
from policy.language.values import ABSENT, Unknown

PROPERTY = settings(deadline=None)
"""Machines are busy at times: a property is about answers, not about seconds."""

LEVELS = ("UNCLASSIFIED", "CONFIDENTIAL", "SECRET", "TOP_SECRET")
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)

CLEARANCE = AttributeDefinition("clearance", Kind.RANK, values=LEVELS, aliases={"TS": "TOP_SECRET"})
VOCABULARY = Vocabulary(
    CLEARANCE,
    AttributeDefinition("clearance_level", Kind.RANK, values=LEVELS),
    AttributeDefinition("project_assignment", Kind.STRING_SET),
    AttributeDefinition("program", Kind.STRING_SET, phrase="Assigned to program {values}"),
    AttributeDefinition("nationality", Kind.STRING),
    AttributeDefinition("mission_role", Kind.STRING, values=("FlightDirector", "EECOM", "CAPCOM")),
    AttributeDefinition("risk", Kind.INTEGER),
    AttributeDefinition("badge", Kind.STRING, case=Case.EXACT),
    AttributeDefinition("cleared_until", Kind.DATETIME),
    AttributeDefinition("contractor", Kind.BOOLEAN),
    AttributeDefinition("marking", Kind.RANK, Category.RESOURCE, values=LEVELS),
    AttributeDefinition("urgency", Kind.RANK, Category.RESOURCE, values=("LOW", "HIGH")),
    AttributeDefinition("releasable_to", Kind.STRING_SET, Category.RESOURCE),
    AttributeDefinition("programs", Kind.STRING_SET, Category.RESOURCE),
    AttributeDefinition("file_type", Kind.STRING, Category.RESOURCE, case=Case.LOWER),
    AttributeDefinition("device_compliant", Kind.BOOLEAN, Category.ENVIRONMENT),
    AttributeDefinition("time", Kind.DATETIME, Category.ENVIRONMENT),
    AttributeDefinition("address", Kind.IP, Category.ENVIRONMENT),
)

_WORDS = ("APOLLO", "ZEUS", "OLYMPUS", "USA", "NORDIC EAST", 'Q"UOTE\\', "AND", "SUBJECT.CLEARANCE", "NÜRNBERG", "-1")

_LITERALS = {
    Kind.STRING: st.sampled_from(_WORDS),
    Kind.STRING_SET: st.sampled_from(_WORDS),
    Kind.BOOLEAN: st.sampled_from(["true", "false"]),
    Kind.INTEGER: st.integers(-5, 5).map(str),
    Kind.DATETIME: st.integers(-2, 2).map(lambda hours: (NOON + timedelta(hours=hours)).isoformat()),
    Kind.IP: st.sampled_from(["10.1.2.3", "10.1.2.4", "2001:db8::1"]),
}

_FACTS = {
    Kind.STRING: st.sampled_from(_WORDS[:5]),
    Kind.STRING_SET: st.frozensets(st.sampled_from(_WORDS[:5]), min_size=1, max_size=3),
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(-5, 5),
    Kind.DATETIME: st.integers(-2, 2).map(lambda hours: NOON + timedelta(hours=hours)),
    Kind.IP: st.sampled_from(["10.1.2.3", "10.9.9.9", "2001:db8::1"]).map(ip_address),
}


def _literals(definition):
    return st.sampled_from(definition.values) if definition.values else _LITERALS[definition.kind]


def known_facts(definition):
    return st.sampled_from(definition.values) if definition.values else _FACTS[definition.kind]


UNKNOWNS = st.sampled_from(list(Unknown))


def _pairs():
    return [
        (left, operator, right)
        for left in VOCABULARY.values()
        for right in VOCABULARY.values()
        for operator in sorted(WITH_ATTRIBUTE.get((left.kind, right.kind), ()))
        if left.values == right.values and (left.closed or left.case is right.case)
    ]


def _comparison(left, operator):
    if operator is Operator.PRESENT:
        return st.just(comparison(VOCABULARY, left.qualified, operator))
    most = 3 if operator in TAKES_SET else 1
    values = st.lists(_literals(left), min_size=1, max_size=most)
    return values.map(lambda some: comparison(VOCABULARY, left.qualified, operator, some))


_ALONE = [
    (operator, _comparison(left, operator))
    for left in VOCABULARY.values()
    for operator in sorted(WITH_VALUES[left.kind])
]
_PAIRED = [
    comparison(VOCABULARY, left.qualified, operator, reference=right.qualified) for left, operator, right in _pairs()
]


def comparisons(without=()):
    """Any one condition; `without` leaves out operators."""
    alone = [strategy for operator, strategy in _ALONE if operator not in without]
    return st.one_of(
        st.sampled_from(alone).flatmap(lambda strategy: strategy),
        st.sampled_from([one for one in _PAIRED if one.operator not in without]),
    )


def _grouped(children):
    parts = st.lists(children, min_size=2, max_size=3)
    return st.one_of(
        children.map(Negation), parts.map(lambda some: every(*some)), parts.map(lambda some: either(*some))
    )


def nodes(without=()):
    """Any condition; `without` leaves out operators."""
    return st.recursive(comparisons(without), _grouped, max_leaves=6)


def positive_nodes():
    """Any condition without NOT and !=."""
    return st.recursive(
        comparisons((Operator.NOT_EQUAL,)),
        lambda children: st.one_of(
            st.lists(children, min_size=2, max_size=3).map(lambda some: every(*some)),
            st.lists(children, min_size=2, max_size=3).map(lambda some: either(*some)),
        ),
        max_leaves=6,
    )


def requirements():
    return st.lists(comparisons((Operator.NOT_EQUAL,)), min_size=1, max_size=5).map(lambda some: every(*some))


_FACT_OF_EACH = st.fixed_dictionaries(
    {name: st.one_of(known_facts(definition), st.just(ABSENT), UNKNOWNS) for name, definition in VOCABULARY.items()}
)
_SOME_NAMES = st.sets(st.sampled_from(sorted(VOCABULARY)), min_size=1)


def facts():
    """A value, absence or ignorance for every attribute."""
    return _FACT_OF_EACH


def replaced(draw, facts, replacement):
    """The same facts with some of them replaced."""
    return facts | {name: draw(replacement) for name in draw(_SOME_NAMES)}
