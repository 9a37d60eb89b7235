import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policy.language.builder import from_rows, to_rows
from policy.language.checks import LIMIT, LONGEST_CONDITION, cost
from policy.language.definitions import Kind
from policy.language.documents import read_document
from policy.language.errors import (
    CostError,
    DocumentError,
    OperatorError,
    ParseError,
    PolicyLanguageError,
    RequirementError,
    UnknownAttributeError,
    ValueRefusedError,
)
from policy.language.grammar import GRAMMAR, parse, parse_requirement
from policy.language.obligations import OBLIGATIONS
from policy.language.operators import Operator
from policy.language.tree import Comparison, Either, Every, Negation, content_hash, print_text
from tests.policy.language import PROPERTY, VOCABULARY, nodes, requirements

DOCS = Path(__file__).resolve().parents[2] / "docs" / "policy-language.md"


def says(text):
    return print_text(parse(text, VOCABULARY))


def tree_or_refusal(text):
    try:
        return parse(text, VOCABULARY), None
    except PolicyLanguageError as refusal:
        return None, refusal


def test_the_requirement_of_the_mission_parses_as_written():
    text = "clearance_level = TOP_SECRET AND project_assignment = OLYMPUS"

    requirement = parse_requirement(text, VOCABULARY)

    assert requirement == Every(
        (
            Comparison("subject.clearance_level", "=", ("TOP_SECRET",)),
            Comparison("subject.project_assignment", "=", ("OLYMPUS",)),
        )
    )
    assert print_text(requirement) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("clearance>=ts", "clearance >= TOP_SECRET"),
        ("subject.clearance >= 'top secret'", "clearance >= TOP_SECRET"),
        ("clearance >= resource.marking", "clearance >= resource.marking"),
        ("Clearance >= Resource.Marking", "clearance >= resource.marking"),
        ("resource.marking <= subject.clearance", "resource.marking <= subject.clearance"),
        ("program any_of {zeus, apollo, Zeus}", "program any_of {APOLLO, ZEUS}"),
        ("program ALL_OF{apollo}", "program all_of {APOLLO}"),
        ("nationality in resource.releasable_to", "nationality in resource.releasable_to"),
        ('nationality = "resource.releasable_to"', 'nationality = "RESOURCE.RELEASABLE_TO"'),
        ('nationality = "and"', 'nationality = "AND"'),
        (r'badge = "a \"b\" \\ c"', r'badge = "a \"b\" \\ c"'),
        ("badge = 'it\\'s'", 'badge = "it\'s"'),
        ("risk > -3", "risk > -3"),
        ("environment.address in 10.0.0.0/8", "environment.address in {10.0.0.0/8}"),
        ("environment.address in {10.0.0.0/8, ::1/128}", "environment.address in {10.0.0.0/8, ::1}"),
        ("environment.time before 2026-12-01T02:00:00+02:00", "environment.time before 2026-12-01T00:00:00Z"),
        ("cleared_until after environment.time", "cleared_until after environment.time"),
        ("NOT clearance present", "NOT clearance present"),
        ("not not contractor = true", "NOT NOT contractor = true"),
        ("contractor != TRUE", "contractor != true"),
        ("risk = 1 or risk = 2 and risk = 3", "risk = 1 OR risk = 2 AND risk = 3"),
        ("(risk = 1 or risk = 2) and risk = 3", "(risk = 1 OR risk = 2) AND risk = 3"),
        ("risk = 1 and (risk = 2 and risk = 3)", "risk = 1 AND risk = 2 AND risk = 3"),
        ("not (risk = 1 and risk = 2)", "NOT (risk = 1 AND risk = 2)"),
        ("not risk = 1 and risk = 2", "NOT risk = 1 AND risk = 2"),
        ("((((risk\n=\t1))))", "risk = 1"),
    ],
)
def test_a_text_has_one_canonical_text(text, canonical):
    assert says(text) == canonical
    assert says(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "line", "column", "expected", "remedy"),
    [
        ("", 1, 1, "an attribute", "Finish the condition"),
        ("clearance", 1, 10, "=, !=, >=", "Finish the condition"),
        ("clearance = ", 1, 13, "a value", "Finish the condition"),
        ("clearance == TS", 1, 12, "a value", "Write = once."),
        ("clearance => TS", 1, 12, "a value", "Write >=, <= or !=."),
        ("clearance <> TS", 1, 12, "a value", "Write >=, <= or !=."),
        ("clearance = TS\n  && risk = 1", 2, 3, "AND, OR, the end", "Write AND."),
        ("clearance = TS || risk = 1", 1, 16, "AND, OR", "Write OR."),
        ("!contractor = true", 1, 1, "NOT", "Write NOT"),
        ("clearance = 'TS", 1, 13, "a value", "Close the quotation mark."),
        ("program any_of [A]", 1, 16, "{", "in braces: {A, B}"),
        ("device.posture = ok", 1, 7, "=, !=", "environment."),
        ("(clearance = TS", 1, 16, ")", "Finish the condition"),
        ("risk = 1 risk = 2", 1, 10, "AND", "joined by AND"),
        ("risk in_range 3", 1, 6, "in, any_of or all_of", "attribute operator value"),
        ("program any_of {}", 1, 17, "a value", "attribute operator value"),
    ],
)
def test_a_syntax_error_names_place_expectation_and_remedy(text, line, column, expected, remedy):
    with pytest.raises(ParseError) as refusal:
        parse(text, VOCABULARY)

    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert expected in refusal.value.message
    assert remedy in refusal.value.remedy


@pytest.mark.parametrize(
    ("text", "error", "line", "column"),
    [
        ("clearance = TS AND\nrank = 1", UnknownAttributeError, 2, 1),
        ("clearance = ULTRA", ValueRefusedError, 1, 13),
        ("mission_role in {EECOM, Janitor}", ValueRefusedError, 1, 25),
        ("risk = 1.5", ValueRefusedError, 1, 8),
        ("environment.time after 2026-12-01", ValueRefusedError, 1, 24),
        ("environment.address in 10.0.0.1/8", ValueRefusedError, 1, 24),
        ("environment.address in ::ffff:10.0.0.0/104", ValueRefusedError, 1, 24),
        ("environment.address = 10.0.0.0/8", OperatorError, 1, 1),
        ("program >= APOLLO", OperatorError, 1, 1),
        ("program != APOLLO", OperatorError, 1, 1),
        ("nationality any_of {USA}", OperatorError, 1, 1),
        ("clearance before SECRET", OperatorError, 1, 1),
        ("environment.time < 2026-12-01T00:00:00Z", OperatorError, 1, 1),
        ("clearance >= subject.risk", OperatorError, 1, 1),
        ("nationality = resource.file_type", OperatorError, 1, 1),
        ("clearance in resource.marking", OperatorError, 1, 1),
        ("clearance >= resource.urgency", OperatorError, 1, 1),
        ("mission_role = subject.nationality", OperatorError, 1, 1),
        ("risk = 1 AND NOT (risk = 2 OR badge >= 3)", OperatorError, 1, 31),
    ],
)
def test_what_has_no_meaning_is_refused_where_it_stands(text, error, line, column):
    with pytest.raises(error) as refusal:
        parse(text, VOCABULARY)

    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert refusal.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "risk = 1 OR risk = 2",
        "NOT risk = 1",
        "risk != 1",
        "risk = 1 AND NOT risk = 2",
        "risk = 1 AND (risk = 2 OR risk = 3)",
    ],
)
def test_a_requirement_is_nothing_but_a_conjunction(text):
    parse(text, VOCABULARY)

    with pytest.raises(RequirementError):
        parse_requirement(text, VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        "NOT " * LIMIT.depth + "risk = 1",
        " AND ".join(["risk = 1"] * LIMIT.nodes),
        "risk in {" + ", ".join(map(str, range(LIMIT.values + 1))) + "}",
        "risk = 1" + " " * LONGEST_CONDITION,
    ],
)
def test_a_condition_that_costs_too_much_is_refused(text):
    with pytest.raises(CostError):
        parse(text, VOCABULARY)


def test_parentheses_alone_cost_nothing():
    assert says("(" * 1_000 + "risk = 1" + ")" * 1_000) == "risk = 1"


@PROPERTY
@given(nodes())
def test_printing_and_parsing_are_each_others_inverse(node):
    text = print_text(node)

    assert parse(text, VOCABULARY) == node
    assert print_text(parse(text, VOCABULARY)) == text


@PROPERTY
@given(nodes())
def test_cost_is_known_before_evaluation_and_bounded(node):
    spent = cost(node)

    assert spent.nodes >= spent.depth >= 1
    assert spent.nodes <= LIMIT.nodes


@PROPERTY
@given(st.text(max_size=200))
@example("\x00")
@example("\ud800 = \ud800")
@example("(" * 5_000)
@example("not " * 3_999)
@example("{" * 5_000)
@example("risk = " + "1" * 5_000)
@example("risk = {attribute} AND {0}")
@example("a" * 5_000 + " = 1")
def test_no_text_brings_anything_but_a_tree_or_a_refusal(text):
    node, refusal = tree_or_refusal(text)

    assert node is not None or str(refusal)


_TOKENS = st.sampled_from(
    [
        *"(){},=<>.!%'\"\\\n",
        *("!=", ">=", "<=", "and", "OR", "Not", "in", "any_of", "all_of", "before", "after", "present"),
        *("clearance", "risk", "program", "resource.marking", "environment.time", "environment.address"),
        *("TS", "1", "-1", "10.0.0.0/8", "2026-12-01T00:00:00Z", "'x'", '"y\\"', "{x}", "{0}"),
    ]
)


@settings(PROPERTY, max_examples=500)
@given(st.lists(_TOKENS, max_size=25).map(" ".join))
def test_no_heap_of_words_brings_anything_but_a_tree_or_a_refusal(text):
    node, refusal = tree_or_refusal(text)

    if node is None:
        assert all(refusal.in_words(str))
        return
    assert content_hash(parse(print_text(node), VOCABULARY)) == content_hash(node)


@PROPERTY
@given(requirements())
def test_rows_of_a_form_and_text_say_the_same(requirement):
    rows = to_rows(requirement)

    assert from_rows(rows, VOCABULARY) == requirement == parse_requirement(print_text(requirement), VOCABULARY)


def test_a_row_is_attribute_operator_values():
    requirement = parse(
        "clearance >= SECRET AND program any_of {APOLLO, ZEUS} AND clearance >= resource.marking", VOCABULARY
    )

    assert to_rows(requirement) == [
        {"attribute": "subject.clearance", "operator": ">=", "values": ["SECRET"]},
        {"attribute": "subject.program", "operator": "any_of", "values": ["APOLLO", "ZEUS"]},
        {"attribute": "subject.clearance", "operator": ">=", "values": [], "reference": "resource.marking"},
    ]


def test_a_condition_that_rows_cannot_say_is_refused():
    with pytest.raises(RequirementError):
        to_rows(Negation(parse("risk = 1", VOCABULARY)))
    with pytest.raises(RequirementError):
        to_rows(Either((parse("risk = 1", VOCABULARY), parse("risk = 2", VOCABULARY))))


@pytest.mark.parametrize(
    ("rows", "error", "field"),
    [
        ([], DocumentError, "conditions"),
        ("clearance", DocumentError, "conditions"),
        ([{"attribute": "risk", "operator": "=", "values": ["1"]}] * 201, CostError, "conditions"),
        ([{"attribute": "risk", "operator": "=", "values": ["1"]}, 3], DocumentError, "conditions[1]"),
        ([{"attribute": "risk", "operator": "~", "values": ["1"]}], DocumentError, "conditions[0]"),
        ([{"attribute": "risk", "operator": ["="], "values": ["1"]}], DocumentError, "conditions[0]"),
        ([{"attribute": "risk", "operator": "=", "values": [1]}], DocumentError, "conditions[0]"),
        ([{"attribute": "risk", "operator": "=", "values": []}], OperatorError, "conditions[0].subject.risk"),
        ([{"attribute": "risk", "operator": "=", "values": ["1", "2"]}], OperatorError, "conditions[0].subject.risk"),
        ([{"attribute": "risk", "operator": "present", "values": ["1"]}], OperatorError, "conditions[0].subject.risk"),
        ([{"attribute": "risk", "operator": "in", "values": []}], OperatorError, "conditions[0].subject.risk"),
        ([{"attribute": "risk", "operator": "=", "values": ["x"]}], ValueRefusedError, "conditions[0].subject.risk"),
        ([{"attribute": "risk", "operator": "!=", "values": ["1"]}], RequirementError, ""),
        ([{"attribute": "risk", "operator": "=", "values": ["1"], "note": "x"}], DocumentError, "conditions[0]"),
    ],
)
def test_a_row_without_meaning_is_refused_by_its_number(rows, error, field):
    with pytest.raises(error) as refusal:
        from_rows(rows, VOCABULARY)

    assert refusal.value.field == field


def blocks(language):
    return [block.split("```", 1)[0] for block in DOCS.read_text(encoding="utf-8").split(f"```{language}\n")[1:]]


def test_the_documentation_shows_the_grammar_that_is_used():
    assert blocks("ebnf") == [GRAMMAR.read_text(encoding="utf-8")]


@pytest.mark.parametrize("text", blocks("policy"))
def test_the_examples_of_the_documentation_are_conditions(text):
    assert says(text) == text.strip()


def test_the_example_document_of_the_documentation_can_be_read():
    (document,) = blocks("json")

    assert read_document(json.loads(document), VOCABULARY, ["room:message:post", "room:file:upload"])


def test_the_documentation_lists_every_operator_and_obligation():
    text = DOCS.read_text(encoding="utf-8")

    assert all(f"`{name}`" in text for name in (*Operator, *Kind, *OBLIGATIONS))
