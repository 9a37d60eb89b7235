"""The vocabulary that the tests of the policy language share, and strategies for everything one can say in it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from hypothesis import strategies as st

from policy.language.checks import comparison
from policy.language.definitions import AttributeDefinition, Case, Category, Kind, Vocabulary
from policy.language.operators import TAKES_SET, WITH_ATTRIBUTE, WITH_VALUES, Operator
from policy.language.tree import Negation, either, every
from policy.language.values import ABSENT, Unknown

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


@st.composite
def comparisons(draw, without=()):
    left = draw(st.sampled_from(list(VOCABULARY.values())))
    rivals = [
        right
        for right in VOCABULARY.values()
        if WITH_ATTRIBUTE.get((left.kind, right.kind))
        and left.closed == right.closed
        and (left.closed or left.case is right.case)
    ]
    if rivals and draw(st.booleans()):
        right = draw(st.sampled_from(rivals))
        operators = sorted(WITH_ATTRIBUTE[left.kind, right.kind] - set(without))
        return comparison(VOCABULARY, left.qualified, draw(st.sampled_from(operators)), reference=right.qualified)
    operator = draw(st.sampled_from(sorted(WITH_VALUES[left.kind] - set(without))))
    if operator is Operator.PRESENT:
        return comparison(VOCABULARY, left.qualified, operator)
    most = 3 if operator in TAKES_SET else 1
    values = draw(st.lists(_literals(left), min_size=1, max_size=most))
    return comparison(VOCABULARY, left.qualified, operator, values)


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


@st.composite
def facts(draw):
    """A value, absence or ignorance for every attribute."""
    return {
        name: draw(st.one_of(known_facts(definition), st.just(ABSENT), UNKNOWNS))
        for name, definition in VOCABULARY.items()
    }


def replaced(draw, facts, replacement):
    """The same facts with some of them replaced."""
    names = draw(st.sets(st.sampled_from(sorted(facts)), min_size=1))
    return {name: draw(replacement) if name in names else value for name, value in facts.items()}
