from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.language.definitions import AttributeDefinition, Case, Category, Kind, Vocabulary
from policy.language.errors import DefinitionError, UnknownAttributeError, ValueRefusedError
from policy.language.values import ABSENT, Unknown, in_one_case
from tests.policy.language import CLEARANCE, LEVELS, PROPERTY, VOCABULARY

PROGRAM = AttributeDefinition("program", Kind.STRING_SET, aliases={"Project Apollo": "apollo"})
EXACT = AttributeDefinition("badge", Kind.STRING, case=Case.EXACT)
RISK = AttributeDefinition("risk", Kind.INTEGER)
UNTIL = AttributeDefinition("cleared_until", Kind.DATETIME)
ADDRESS = AttributeDefinition("address", Kind.IP, Category.ENVIRONMENT)
COMPLIANT = AttributeDefinition("compliant", Kind.BOOLEAN, aliases={"yes": "true", "no": "false"})


@pytest.mark.parametrize(
    ("definition", "raw", "canonical"),
    [
        (CLEARANCE, "TOP_SECRET", "TOP_SECRET"),
        (CLEARANCE, "top secret", "TOP_SECRET"),
        (CLEARANCE, " Top-Secret ", "TOP_SECRET"),
        (CLEARANCE, "ts", "TOP_SECRET"),
        (CLEARANCE, "ＴＳ", "TOP_SECRET"),
        (PROGRAM, ["apollo", "Apollo", " ZEUS"], frozenset({"APOLLO", "ZEUS"})),
        (PROGRAM, "project  APOLLO", frozenset({"APOLLO"})),
        (PROGRAM, ["a-b", "a_b"], frozenset({"A-B", "A_B"})),
        (PROGRAM, [], ABSENT),
        (EXACT, "aB-1", "aB-1"),
        (RISK, "42", 42),
        (RISK, -7, -7),
        (COMPLIANT, True, True),
        (COMPLIANT, "No", False),
        (UNTIL, "2026-12-01T14:00:00+02:00", datetime(2026, 12, 1, 12, tzinfo=UTC)),
        (ADDRESS, "::ffff:10.1.2.3", IPv4Address("10.1.2.3")),
        (ADDRESS, "2001:DB8::1", IPv6Address("2001:db8::1")),
    ],
)
def test_a_value_has_one_canonical_form(definition, raw, canonical):
    assert definition.canonical(raw) == canonical


@pytest.mark.parametrize(
    ("definition", "raw", "problem", "remedy"),
    [
        (CLEARANCE, "ULTRA", "not one of those listed", "SECRET, TOP_SECRET"),
        (CLEARANCE, 3, "text was expected", "Give a text"),
        (CLEARANCE, "", "empty", "leave the attribute out"),
        (PROGRAM, 7, "list of texts", "list"),
        (PROGRAM, ["apollo", None], "text was expected", "Give a text"),
        (PROGRAM, ["x"] * 1_001, "too long", "1000"),
        (PROGRAM, "ap\u200bollo", "invisible", "Remove"),
        (PROGRAM, "x" * 257, "too long", "256"),
        (RISK, True, "whole number", "42"),
        (RISK, 2.5, "whole number", "42"),
        (RISK, "9" * 19, "too large", "63 bits"),
        (COMPLIANT, 1, "Yes or no", "true or false"),
        (UNTIL, "2026-12-01", "time with its offset", "2026-12-01T09:00:00Z"),
        (UNTIL, datetime(2026, 12, 1, 12), "time with its offset", "RFC 3339"),  # noqa: DTZ001 — the point
        (UNTIL, "2026-02-30T00:00:00Z", "no such time", "RFC 3339"),
        (UNTIL, "0001-01-01T00:00:00+14:00", "out of range", "RFC 3339"),
        (ADDRESS, "10.1.2.0/24", "address was expected", "10.1.2.3"),
        (ADDRESS, "fe80::1%eth0", "address was expected", "2001:db8::1"),
    ],
)
def test_a_value_outside_the_definition_is_refused_with_its_remedy_and_never_repeated(definition, raw, problem, remedy):
    with pytest.raises(ValueRefusedError) as refusal:
        definition.canonical(raw)

    assert refusal.value.field == definition.qualified
    assert problem in refusal.value.message
    assert remedy in refusal.value.remedy
    assert "ULTRA" not in str(refusal.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Clearance", "kind": Kind.STRING},
        {"name": "present", "kind": Kind.STRING},
        {"name": "subject", "kind": Kind.STRING},
        {"name": "x" * 61, "kind": Kind.STRING},
        {"name": "clearance", "kind": Kind.RANK},
        {"name": "clearance", "kind": Kind.RANK, "values": ("ONE",)},
        {"name": "clearance", "kind": Kind.RANK, "values": ("TOP SECRET", "top_secret")},
        {"name": "clearance", "kind": Kind.RANK, "values": LEVELS, "aliases": {"secret": "TOP_SECRET"}},
        {"name": "clearance", "kind": Kind.RANK, "values": LEVELS, "aliases": {"TS": "ULTRA"}},
        {"name": "clearance", "kind": Kind.RANK, "values": ("LOW", "\u202ehigh")},
        {"name": "clearance", "kind": Kind.RANK, "values": ("LOW", "--")},
        {"name": "risk", "kind": Kind.INTEGER, "values": ("1", "2")},
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(DefinitionError):
        AttributeDefinition(**wrong)


def test_two_attributes_of_one_name_are_refused_but_not_of_two_categories():
    assert len(Vocabulary(AttributeDefinition("tag", "string"), AttributeDefinition("tag", "string", "resource"))) == 2

    with pytest.raises(DefinitionError):
        Vocabulary(RISK, RISK)


@pytest.mark.parametrize("spelled", ["clearance", "Clearance", "SUBJECT.clearance", "subject.CLEARANCE "])
def test_a_name_without_a_prefix_is_an_attribute_of_the_subject(spelled):
    assert VOCABULARY.resolve(spelled).qualified == "subject.clearance"


def test_an_undefined_name_is_refused_with_the_nearest_defined_one():
    with pytest.raises(UnknownAttributeError) as refusal:
        VOCABULARY.resolve("clearence")

    assert refusal.value.remedy == "Did you mean subject.clearance?"


def test_facts_of_a_source_are_canonical_absent_or_unknown():
    raw = {"clearance": "ts", "risk": "much", "nationality": Unknown.STALE_SOURCE, "shoe_size": 42, "badge": None}

    facts = VOCABULARY.facts(Category.SUBJECT, raw)

    assert facts["subject.clearance"] == "TOP_SECRET"
    assert facts["subject.risk"] is Unknown.MALFORMED
    assert facts["subject.nationality"] is Unknown.STALE_SOURCE
    assert facts["subject.program"] is ABSENT
    assert facts["subject.badge"] is ABSENT
    assert "subject.shoe_size" not in facts
    assert "resource.marking" not in facts


def test_unknown_is_never_equal_to_a_text():
    assert all(unknown != unknown.value for unknown in Unknown)


@PROPERTY
@given(st.text(max_size=40), st.sampled_from(list(Case)))
def test_canonical_form_is_its_own_canonical_form(text, case):
    definition = AttributeDefinition("tag", Kind.STRING, case=case)
    canonical = definition.fact(text)

    assert definition.fact(canonical) == canonical


def test_every_character_has_one_case_in_the_end():
    for code in range(0x110000):
        folded = in_one_case(chr(code))
        assert in_one_case(folded) == folded, hex(code)


@PROPERTY
@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())), st.data())
def test_a_stored_fact_of_any_shape_becomes_a_value_or_unknown(raw, data):
    definition = data.draw(st.sampled_from(list(VOCABULARY.values())))

    definition.fact(raw)
