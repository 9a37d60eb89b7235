import pytest
from hypothesis import given

from policy.language.combine import compile_policy
from policy.language.definitions import Category
from policy.language.evaluate import Truth, compile_condition
from policy.language.explain import Part, Reader, explain, explain_plan
from policy.language.grammar import parse
from policy.language.rules import PolicyDocument, Rule, RuleEffect, Target
from policy.language.sight import OWN, Seen, Sight
from policy.language.values import ABSENT, Unknown
from tests.policy.language import NOON, PROPERTY, VOCABULARY, facts, nodes

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

JONAS = {
    "subject.clearance": "SECRET",
    "subject.program": frozenset({"HERMES"}),
    "subject.risk": Unknown.STALE_SOURCE,
    "subject.nationality": ABSENT,
    "subject.contractor": False,
    "subject.cleared_until": NOON,
    "resource.marking": "CONFIDENTIAL",
}


def why(text, reader=None):
    return explain(parse(text, VOCABULARY), VOCABULARY, JONAS, reader)


def test_each_condition_has_its_truth_its_text_and_its_words():
    explanation = why("clearance >= SECRET AND program any_of {APOLLO} AND risk <= 50")

    assert explanation.truth is F
    assert [(one.truth, one.text, one.words) for one in explanation.comparisons()] == [
        (T, "clearance >= SECRET", "Clearance is SECRET or higher"),
        (F, "program any_of {APOLLO}", "Assigned to program APOLLO"),
        (U, "risk <= 50", "Risk is 50 or lower"),
    ]


@pytest.mark.parametrize(
    ("text", "needed", "met"),
    [
        ("clearance >= TS", "Clearance is lower than TOP_SECRET", T),
        ("NOT clearance >= TS", "Clearance is TOP_SECRET or higher", F),
        ("contractor = false", "Contractor is not no", F),
        ("program any_of {HERMES}", "not: Assigned to program HERMES", F),
        ("risk <= 50", "Risk is higher than 50", U),
    ],
)
def test_of_a_denial_each_condition_says_what_would_serve_and_whether_it_is_so(text, needed, met):
    explanation = why(text, Reader(serves=F))

    assert [(one.needed, one.met) for one in explanation.comparisons()] == [(needed, met)]


def test_what_the_answer_rests_on_is_told_from_the_rest():
    explanation = why("clearance >= SECRET AND program any_of {APOLLO} AND risk <= 50")

    assert [one.counts for one in explanation.comparisons()] == [False, True, False]


def test_an_unknown_fact_says_why_it_is_unknown_and_names_its_definition():
    (one,) = why("risk <= 50").comparisons()

    assert one.doubts == (("subject.risk", Unknown.STALE_SOURCE),)
    assert one.definitions == (VOCABULARY["subject.risk"],)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("clearance >= SECRET", ()),
        ("clearance >= TS", ("Needed: Clearance is TOP_SECRET or higher",)),
        ("risk <= 50", ("Must be known: Risk is 50 or lower",)),
        ("NOT contractor = false", ("Must not be so: Contractor is no",)),
        ("NOT nationality = RUS", ("Must be known: Nationality is RUS",)),
        (
            "clearance >= TS AND program any_of {APOLLO} AND risk <= 50",
            (
                "Needed: Clearance is TOP_SECRET or higher",
                "Needed: Assigned to program APOLLO",
                "Must be known: Risk is 50 or lower",
            ),
        ),
        (
            "clearance >= TS OR program any_of {APOLLO}",
            ("One of these: Needed: Clearance is TOP_SECRET or higher; Needed: Assigned to program APOLLO",),
        ),
        ("clearance >= SECRET OR program any_of {APOLLO}", ()),
        (
            "NOT (clearance >= SECRET AND contractor = false)",
            ("One of these: Must not be so: Clearance is SECRET or higher; Must not be so: Contractor is no",),
        ),
        (
            "NOT (clearance >= SECRET OR contractor = false)",
            ("Must not be so: Clearance is SECRET or higher", "Must not be so: Contractor is no"),
        ),
    ],
)
def test_an_explanation_says_what_would_change_it(text, changes):
    assert why(text).changes == changes


def test_of_a_rule_that_denies_it_says_what_would_make_it_false():
    explanation = why("clearance >= SECRET AND contractor = false", Reader(serves=F))

    assert explanation.truth is T
    assert explanation.changes == (
        "One of these: Must not be so: Clearance is SECRET or higher; Must not be so: Contractor is no",
    )


def test_the_facts_are_shown_only_to_who_may_see_them():
    text = (
        "clearance >= resource.marking AND program any_of {APOLLO} "
        "AND risk = 1 AND nationality = USA AND contractor = true"
    )

    assert "HERMES" not in repr(why(text))
    assert {pair for one in why(text, Reader(sight=OWN)).comparisons() for pair in one.held} == {
        ("subject.clearance", "SECRET"),
        ("resource.marking", "CONFIDENTIAL"),
        ("subject.program", "HERMES"),
        ("subject.risk", "not known"),
        ("subject.nationality", "not on record"),
        ("subject.contractor", "false"),
    }


def test_another_sees_of_the_facts_what_they_hold_themselves():
    text = "clearance >= resource.marking AND program any_of {APOLLO} AND nationality = USA AND contractor = true"

    told = {
        held["clearance"]: {
            pair for one in why(text, Reader(sight=as_one_with(held))).comparisons() for pair in one.held
        }
        for held in ({"clearance": "TOP_SECRET", "program": ["HERMES"]}, {"clearance": "CUI", "program": ["APOLLO"]})
    }

    shared = {
        ("resource.marking", "CONFIDENTIAL"),
        ("subject.nationality", "not on record"),
        ("subject.contractor", "false"),
    }
    assert told["TOP_SECRET"] == {*shared, ("subject.clearance", "SECRET"), ("subject.program", "HERMES")}
    assert told["CUI"] == {*shared, ("subject.clearance", "withheld"), ("subject.program", "withheld")}


def as_one_with(held):
    return Sight(VOCABULARY.facts(Category.SUBJECT, held))


CLEARANCE, PROGRAM, NATIONALITY = (VOCABULARY[f"subject.{name}"] for name in ("clearance", "program", "nationality"))


@pytest.mark.parametrize(
    ("definition", "mine", "theirs", "shown", "withheld"),
    [
        (CLEARANCE, "SECRET", "SECRET", "SECRET", False),
        (CLEARANCE, "SECRET", "TOP_SECRET", None, True),
        (CLEARANCE, None, "UNCLASSIFIED", None, True),
        (CLEARANCE, Unknown.STALE_SOURCE, "UNCLASSIFIED", None, True),
        (CLEARANCE, "TOP_SECRET", "GALACTIC", None, True),
        (PROGRAM, ["APOLLO", "GEMINI"], ["APOLLO"], ["APOLLO"], False),
        (PROGRAM, ["APOLLO"], ["APOLLO", "GEMINI"], ["APOLLO"], True),
        (PROGRAM, None, ["APOLLO"], None, True),
        (NATIONALITY, None, "USA", "USA", False),
        (None, "SECRET", "SECRET", None, True),
    ],
)
def test_a_stored_fact_is_seen_as_far_as_ones_own_reaches(definition, mine, theirs, shown, withheld):
    sight = as_one_with({definition.name: mine} if definition else {})

    assert sight.stored(definition, theirs) == Seen(shown, withheld)
    assert OWN.stored(definition, theirs) == Seen(theirs)


def test_a_time_is_shown_as_it_is_written():
    (one,) = why("cleared_until present", Reader(sight=OWN)).comparisons()

    assert one.held == (("subject.cleared_until", "2026-12-01T12:00:00Z"),)


def test_the_structure_of_the_condition_is_kept():
    explanation = why("NOT (risk = 1 OR contractor = true)")

    assert explanation.part is Part.NOT
    assert explanation.parts[0].part is Part.EITHER
    assert [one.truth for one in explanation.comparisons()] == [U, F]


def test_an_explanation_is_said_in_the_language_of_the_reader():
    german = {"Needed: {condition}": "Nötig: {condition}", "{label} is {value}": "{label} ist {value}"}

    explanation = why("risk = 1 AND clearance = TS", Reader(translate=lambda text: german.get(text, text)))

    assert explanation.changes[1] == "Nötig: Clearance ist TOP_SECRET"


def test_all_that_applies_to_a_target_is_explained_and_of_a_denial_what_would_lift_it():
    document = PolicyDocument(
        (
            Rule("unmanaged", RuleEffect.DENY, ("room:*",), parse("NOT contractor = true", VOCABULARY)),
            Rule("always", RuleEffect.PERMIT, ("room:*",)),
            Rule("elsewhere", RuleEffect.DENY, ("account:*",)),
        )
    )
    own = compile_condition(parse("clearance >= TS", VOCABULARY), VOCABULARY)
    plan = compile_policy(document, VOCABULARY).plan(Target("room:message:post", named=("lost",)), own)

    lost, requirement, always, unmanaged = explain_plan(plan, VOCABULARY, JONAS)

    assert (lost.truth, lost.explanation) == (U, None)
    assert requirement.explanation.changes == ("Needed: Clearance is TOP_SECRET or higher",)
    assert (always.clause.name, always.truth, always.explanation) == ("always", T, None)
    assert (unmanaged.truth, unmanaged.explanation.changes) == (T, ("Needed: Contractor is yes",))


@PROPERTY
@given(nodes(), facts())
def test_an_explanation_agrees_with_the_decision(node, known):
    explanation = explain(node, VOCABULARY, known)

    assert explanation.truth is compile_condition(node, VOCABULARY).truth(known)
    assert (explanation.changes == ()) is (explanation.truth is T)
    assert any(one.counts for one in explanation.comparisons())


@PROPERTY
@given(nodes(), facts())
def test_without_permission_an_explanation_holds_no_fact(node, known):
    explanation = explain(node, VOCABULARY, known)

    assert all(one.held == () for one in explanation.comparisons())
