"""The canonical form against an independent implementation of RFC 8785."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import NotCanonical, canonical, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
KEY = st.from_regex(r"[a-z0-9_:.\-]{1,12}", fullmatch=True)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=20,
)


@given(VALUE)
def test_the_canonical_form_is_that_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUE)
def test_what_was_written_is_read_back(value):
    assert parse(canonical(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        2**53,
        -(2**53),
        {"Upper": 1},
        {"ümlaut": 1},
        {"": 1},
        {1: 2},
        "\ud800",
        b"bytes",
        {"a": object()},
    ],
)
def test_a_value_without_one_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    "data", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b'{"a":1', b'"\\u0041"', b'{"a":1,"a":1}']
)
def test_bytes_in_another_form_are_refused(data):
    with pytest.raises(NotCanonical):
        parse(data)


def test_every_control_character_has_the_form_of_the_standard():
    text = "".join(map(chr, range(0x20))) + '\x7f\u2028\u20ac\U0001f600"\\/'

    assert canonical(text) == rfc8785.dumps(text)
    assert json.loads(canonical(text)) == text
