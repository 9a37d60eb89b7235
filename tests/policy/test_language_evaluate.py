from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.language.definitions import AttributeDefinition, Kind, Vocabulary
from policy.language.errors import CostError, OperatorError, UnknownAttributeError, ValueRefusedError
from policy.language.evaluate import Truth, compile_condition
from policy.language.grammar import parse
from policy.language.operators import Operator
from policy.language.tree import Comparison, Negation, either, every
from policy.language.values import ABSENT, Unknown
from tests.policy.language import (
    NOON,
    PROPERTY,
    UNKNOWNS,
    VOCABULARY,
    facts,
    known_facts,
    nodes,
    positive_nodes,
    replaced,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
STALE = Unknown.STALE_SOURCE

KNOWN = {
    "subject.clearance": "SECRET",
    "subject.program": frozenset({"APOLLO", "ZEUS"}),
    "subject.nationality": "USA",
    "subject.mission_role": "EECOM",
    "subject.risk": 40,
    "subject.contractor": False,
    "subject.badge": "aB",
    "subject.cleared_until": NOON,
    "resource.marking": "CONFIDENTIAL",
    "resource.releasable_to": frozenset({"USA", "GBR"}),
    "resource.programs": frozenset({"APOLLO"}),
    "environment.time": NOON - timedelta(hours=1),
    "environment.address": ip_address("10.1.2.3"),
}


def truth(text, known):
    return compile_condition(parse(text, VOCABULARY), VOCABULARY).truth(known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clearance = SECRET", T),
        ("clearance = TS", F),
        ("clearance != TS", T),
        ("clearance >= CONFIDENTIAL", T),
        ("clearance >= SECRET", T),
        ("clearance > SECRET", F),
        ("clearance <= SECRET", T),
        ("clearance < TOP_SECRET", T),
        ("clearance in {UNCLASSIFIED, SECRET}", T),
        ("clearance in {UNCLASSIFIED}", F),
        ("clearance >= resource.marking", T),
        ("clearance = resource.marking", F),
        ("resource.marking < subject.clearance", T),
        ("program = apollo", T),
        ("program any_of {HERMES, ZEUS}", T),
        ("program any_of {HERMES}", F),
        ("program all_of {APOLLO, ZEUS}", T),
        ("program all_of {APOLLO, HERMES}", F),
        ("program any_of resource.programs", T),
        ("program all_of resource.programs", T),
        ("resource.programs all_of subject.program", F),
        ("nationality in resource.releasable_to", T),
        ("nationality in {fra, deu}", F),
        ("resource.releasable_to = subject.nationality", T),
        ("mission_role = eecom", T),
        ("badge = ab", F),
        ("badge = aB", T),
        ("risk <= 40", T),
        ("risk < 40", F),
        ("risk > 39", T),
        ("risk in {39, 41}", F),
        ("contractor = false", T),
        ("contractor != false", F),
        ("environment.time before 2026-12-01T11:00:01Z", T),
        ("environment.time before 2026-12-01T11:00:00Z", F),
        ("environment.time after 2026-12-01T11:00:00Z", F),
        ("environment.time >= 2026-12-01T11:00:00Z", T),
        ("environment.time <= 2026-12-01T11:00:00Z", T),
        ("cleared_until after environment.time", T),
        ("environment.address in 10.0.0.0/8", T),
        ("environment.address in {192.168.0.0/16, 2001:db8::/32}", F),
        ("environment.address = 10.1.2.3", T),
        ("clearance present", T),
        ("NOT clearance present", F),
    ],
)
def test_an_operator_compares_known_facts(text, expected):
    assert truth(text, KNOWN) is expected
    assert truth(f"NOT ({text})", KNOWN) is {T: F, F: T}[expected]


@pytest.mark.parametrize(
    ("value", "compared", "negated", "unequal", "present", "not_present"),
    [
        ("USA", T, F, F, T, F),
        ("GBR", F, T, T, T, F),
        (ABSENT, F, U, U, F, T),
        (STALE, U, U, U, U, U),
    ],
)
def test_the_truth_table_of_a_fact(value, compared, negated, unequal, present, not_present):
    known = {"subject.nationality": value}

    assert truth("nationality = USA", known) is compared
    assert truth("NOT nationality = USA", known) is negated
    assert truth("nationality != USA", known) is unequal
    assert truth("nationality present", known) is present
    assert truth("NOT nationality present", known) is not_present
    assert truth("NOT NOT nationality = USA", known) is compared
    assert truth("NOT nationality != USA", known) is compared


@pytest.mark.parametrize(
    ("left", "right", "compared", "negated"),
    [
        ("SECRET", "SECRET", T, F),
        ("SECRET", "TOP_SECRET", F, T),
        ("SECRET", ABSENT, F, U),
        (ABSENT, "SECRET", F, U),
        (ABSENT, STALE, F, U),
        (STALE, ABSENT, F, U),
        ("SECRET", STALE, U, U),
        (STALE, "SECRET", U, U),
    ],
)
def test_the_truth_table_of_two_facts(left, right, compared, negated):
    known = {"subject.clearance": left, "resource.marking": right}

    assert truth("clearance >= resource.marking", known) is compared
    assert truth("NOT clearance >= resource.marking", known) is negated


@pytest.mark.parametrize(
    ("one", "other", "both", "any_"),
    [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, F, F, F), (F, U, F, U), (U, U, U, U)],
)
def test_and_and_or_are_those_of_kleene(one, other, both, any_):
    value = {T: 1, F: 2, U: STALE}
    known = {"subject.risk": value[one], "subject.contractor": {T: True, F: False, U: STALE}[other]}

    assert truth("risk = 1 AND contractor = true", known) is both
    assert truth("contractor = true AND risk = 1", known) is both
    assert truth("risk = 1 OR contractor = true", known) is any_
    assert truth("contractor = true OR risk = 1", known) is any_


def test_a_name_that_nobody_asked_for_is_unknown():
    assert truth("clearance = SECRET", {}) is U
    assert truth("clearance >= resource.marking", {}) is U
    assert truth("NOT clearance present", {}) is U


def test_lacking_a_fact_does_not_pass_through_a_negated_group():
    known = {"subject.nationality": ABSENT, "subject.risk": 5}

    assert truth("NOT (nationality = RUS OR risk = 90)", known) is U
    assert truth("NOT (nationality = RUS AND risk = 90)", known) is T


@pytest.mark.parametrize(
    ("text", "facts_"),
    [
        ("clearance = SECRET", {"subject.clearance": "ULTRA"}),
        ("clearance >= SECRET", {"subject.clearance": 3}),
        ("clearance >= resource.marking", {"subject.clearance": "ULTRA", "resource.marking": "SECRET"}),
        ("clearance >= resource.marking", {"subject.clearance": "SECRET", "resource.marking": ["SECRET"]}),
        ("program any_of {A}", {"subject.program": ["A"]}),
        ("program any_of {A}", {"subject.program": "A"}),
        ("risk = 1", {"subject.risk": True}),
        ("risk = 1", {"subject.risk": "1"}),
        ("contractor = true", {"subject.contractor": 1}),
        ("environment.address in 10.0.0.0/8", {"environment.address": "10.1.2.3"}),
        ("nationality = USA", {"subject.nationality": None}),
        ("cleared_until after 2026-12-01T00:00:00Z", {"subject.cleared_until": datetime(2027, 1, 1)}),  # noqa: DTZ001
        ("cleared_until after environment.time", KNOWN | {"subject.cleared_until": datetime(2027, 1, 1)}),  # noqa: DTZ001
    ],
)
def test_a_fact_of_a_foreign_shape_is_unknown(text, facts_):
    assert truth(text, facts_) is U
    assert truth(f"NOT {text}", facts_) is U


ORDER = {F: 0, U: 1, T: 2}


@PROPERTY
@given(nodes(), facts(), st.data())
def test_forgetting_a_fact_gives_the_same_truth_or_unknown(node, known, data):
    condition = compile_condition(node, VOCABULARY)
    forgotten = replaced(data.draw, known, UNKNOWNS)

    assert condition.truth(forgotten) in {condition.truth(known), U}


@PROPERTY
@given(nodes(without=(Operator.PRESENT,)), facts(), st.data())
def test_taking_a_fact_away_makes_nothing_true_that_does_not_ask_for_absence(node, known, data):
    condition = compile_condition(node, VOCABULARY)
    taken = replaced(data.draw, known, st.just(ABSENT))

    if condition.truth(known) is not T:
        assert condition.truth(taken) is not T


@PROPERTY
@given(positive_nodes(), facts(), st.data())
def test_taking_a_fact_away_never_raises_a_condition_without_negation(node, known, data):
    condition = compile_condition(node, VOCABULARY)
    names = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    taken = {name: ABSENT if name in names and value not in set(Unknown) else value for name, value in known.items()}

    assert ORDER[condition.truth(taken)] <= ORDER[condition.truth(known)]


@PROPERTY
@given(nodes(), facts())
def test_negation_turns_the_truth_round_where_no_fact_is_absent(node, known):
    known = {name: STALE if value is ABSENT else value for name, value in known.items()}
    condition, negated = compile_condition(node, VOCABULARY), compile_condition(Negation(node), VOCABULARY)

    assert ORDER[condition.truth(known)] + ORDER[negated.truth(known)] == 2


@PROPERTY
@given(nodes(), facts())
def test_a_condition_and_its_negation_never_both_hold(node, known):
    answers = {compile_condition(one, VOCABULARY).truth(known) for one in (node, Negation(node))}

    assert answers != {T}


@PROPERTY
@given(nodes(), nodes(), facts())
def test_negation_passes_through_groups_as_de_morgan_says(one, other, known):
    def ask(node):
        return compile_condition(node, VOCABULARY).truth(known)

    assert ask(Negation(every(one, other))) is ask(either(Negation(one), Negation(other)))
    assert ask(Negation(either(one, other))) is ask(every(Negation(one), Negation(other)))


_STRANGE = st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.lists(st.text()), st.booleans(), st.datetimes(), UNKNOWNS
)
_OF_ANY_SHAPE = {name: st.one_of(_STRANGE, known_facts(definition)) for name, definition in VOCABULARY.items()}


@PROPERTY
@given(nodes(), st.fixed_dictionaries(_OF_ANY_SHAPE))
def test_facts_of_any_shape_bring_an_answer_and_never_an_error(node, known):
    assert compile_condition(node, VOCABULARY).truth(known) in ORDER


def test_a_condition_whose_definition_is_gone_or_changed_is_refused():
    node = parse("clearance >= SECRET", VOCABULARY)

    with pytest.raises(UnknownAttributeError):
        compile_condition(node, Vocabulary())
    with pytest.raises(OperatorError):
        compile_condition(node, Vocabulary(AttributeDefinition("clearance", Kind.STRING)))
    with pytest.raises(ValueRefusedError):
        compile_condition(node, Vocabulary(AttributeDefinition("clearance", Kind.RANK, values=("LOW", "HIGH"))))


def test_a_tree_that_was_never_parsed_is_bounded_all_the_same():
    node = Comparison("subject.risk", Operator.EQUAL, ("1",))
    for _ in range(20):
        node = Negation(node)

    with pytest.raises(CostError):
        compile_condition(node, VOCABULARY)


def test_a_condition_names_what_it_reads():
    condition = compile_condition(parse("clearance >= resource.marking AND risk < 3", VOCABULARY), VOCABULARY)

    assert condition.reads == {"subject.clearance", "resource.marking", "subject.risk"}
