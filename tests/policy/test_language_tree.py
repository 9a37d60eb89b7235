import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.language.grammar import parse
from policy.language.tree import (
    Comparison,
    Either,
    Every,
    Negation,
    comparisons,
    content_hash,
    either,
    every,
    print_text,
    reads,
)
from policy.language.words import in_words
from tests.policy.language import PROPERTY, VOCABULARY, nodes


def hash_of(text):
    return content_hash(parse(text, VOCABULARY))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clearance>=TS", "  SUBJECT.Clearance   >=\n'top secret'"),
        ("risk = 1 AND risk = 2", "risk = 2 and risk = 1"),
        ("risk = 1 OR risk = 2", "risk = 2 or risk = 1"),
        ("program any_of {A, B}", "program any_of {b, a, A}"),
        ("risk = 1 AND risk = 2 AND risk = 3", "risk = 3 AND (risk = 1 AND risk = 2)"),
        ("risk = 1", "risk = +01 AND risk = 1"),
        ("risk = 1", "NOT NOT risk = 1"),
        ("environment.time before 2026-12-01T00:00:00Z", "environment.time before 2026-12-01T01:00:00+01:00"),
    ],
)
def test_the_hash_forgives_what_has_no_meaning(one, other):
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clearance >= SECRET", "clearance > SECRET"),
        ("clearance >= SECRET", "clearance_level >= SECRET"),
        ("risk = 1 AND risk = 2", "risk = 1 OR risk = 2"),
        ("NOT risk = 1", "risk = 1"),
        ("NOT (risk = 1 AND risk = 2)", "NOT risk = 1 AND risk = 2"),
        ("program any_of {A, B}", "program all_of {A, B}"),
        ("clearance >= resource.marking", "clearance = resource.marking"),
        ('badge = "resource.marking"', 'badge = "Resource.marking"'),
        ("badge = a", "badge = A"),
    ],
)
def test_the_hash_tells_meanings_apart(one, other):
    assert hash_of(one) != hash_of(other)


def test_the_hash_is_the_published_one():
    text = "clearance_level = TOP_SECRET AND project_assignment = OLYMPUS"

    assert hash_of(text) == "8af0ffff67b363c849bc036c624fd08b2cb8c85032926da25791c3fbac18f2be"


@PROPERTY
@given(st.lists(nodes(), min_size=2, max_size=4), st.randoms())
def test_the_order_of_parts_does_not_count(parts, random):
    shuffled = random.sample(parts, len(parts))

    assert content_hash(every(*parts)) == content_hash(every(*shuffled))
    assert content_hash(either(*parts)) == content_hash(either(*shuffled))


@PROPERTY
@given(nodes())
def test_the_printed_text_has_the_hash_of_the_tree(node):
    assert hash_of(print_text(node)) == content_hash(node)


def test_the_tree_is_frozen_and_can_be_hashed():
    node = parse("risk = 1 AND (risk = 2 OR NOT program any_of {A})", VOCABULARY)

    assert hash(node) == hash(parse(print_text(node), VOCABULARY))
    with pytest.raises(AttributeError):
        node.parts = ()


def test_the_tree_knows_what_it_reads():
    node = parse("clearance >= resource.marking AND NOT environment.device_compliant = true", VOCABULARY)

    assert reads(node) == {"subject.clearance", "resource.marking", "environment.device_compliant"}
    assert len(list(comparisons(node))) == 2


def test_groups_of_one_kind_dissolve():
    one, two, three = (Comparison("subject.risk", "=", (value,)) for value in "123")

    assert every(one) == one
    assert every(one, every(two, three)) == Every((one, two, three))
    assert either(one, every(two, three)) == Either((one, Every((two, three))))
    assert print_text(Negation(either(one, two))) == "NOT (risk = 1 OR risk = 2)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clearance >= SECRET", "Clearance is SECRET or higher"),
        ("program any_of {APOLLO}", "Assigned to program APOLLO"),
        ("program any_of {APOLLO, HERMES, ZEUS}", "Assigned to program APOLLO, HERMES or ZEUS"),
        ("program all_of {APOLLO, ZEUS}", "Assigned to program APOLLO and ZEUS"),
        ("project_assignment = OLYMPUS", "Project assignment includes OLYMPUS"),
        ("program present", "Program is on record"),
        ("mission_role in {CAPCOM, EECOM}", "Mission role is CAPCOM or EECOM"),
        ("contractor = false", "Contractor is no"),
        ("risk <= 40", "Risk is 40 or lower"),
        ("risk != 4", "Risk is not 4"),
        ("cleared_until after environment.time", "Cleared until is after the current Time"),
        ("environment.time >= 2026-12-01T00:00:00Z", "Time is 2026-12-01T00:00:00Z or later"),
        ("environment.address in {10.0.0.0/8, ::1}", "Address is within 10.0.0.0/8 or ::1"),
        ("clearance >= resource.marking", "Clearance is the room's Marking or higher"),
        ("nationality in resource.releasable_to", "Nationality is one of the room's Releasable to"),
        ("program all_of resource.programs", "Program includes all of the room's Programs"),
        ("NOT risk = 1", "not: Risk is 1"),
        (
            "clearance >= SECRET AND (risk < 3 OR NOT contractor = true)",
            "Clearance is SECRET or higher and (Risk is lower than 3 or not: Contractor is yes)",
        ),
    ],
)
def test_a_condition_is_said_in_words(text, words):
    assert in_words(parse(text, VOCABULARY), VOCABULARY, str) == words


def test_words_are_said_in_the_language_of_the_reader():
    german = {
        "{label} is {value} or higher": "{label} ist {value} oder höher",
        "Clearance": "Freigabe",
        "{first} and {last}": "{first} und {last}",
        "Assigned to program {values}": "Dem Programm {values} zugeteilt",
    }
    node = parse("clearance >= SECRET AND program any_of {APOLLO}", VOCABULARY)

    words = in_words(node, VOCABULARY, lambda text: german.get(text, text))

    assert words == "Freigabe ist SECRET oder höher und Dem Programm APOLLO zugeteilt"


@PROPERTY
@given(nodes())
def test_every_condition_has_words(node):
    assert in_words(node, VOCABULARY, str)


def test_the_language_needs_no_framework_and_no_app():
    modules = ["grammar", "builder", "tree", "words", "evaluate", "explain", "documents", "combine"]
    program = (
        f"import sys, importlib; [importlib.import_module('policy.language.' + name) for name in {modules!r}]; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'django', 'tenancy', 'audit', 'keys', 'accounts', 'rooms', 'lifecycle', 'integrations', 'chatapp'}))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
