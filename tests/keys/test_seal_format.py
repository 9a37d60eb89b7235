from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import SealBroken
from keys.format import (
    OVERHEAD,
    Place,
    Scope,
    Subkey,
    commitment,
    commits,
    derive,
    fingerprint,
    framed,
    key_id_of,
    new_key,
    unwrap,
    wrap,
)

uuids = st.uuids()
texts = st.text(max_size=40)
scopes = st.one_of(uuids.map(Scope.room), uuids.map(Scope.user), st.just(Scope.workspace()))
places = st.builds(
    Place,
    workspace_id=uuids,
    scope=scopes,
    record_id=uuids,
    author_id=st.none() | uuids,
    field=texts,
    revision=st.integers(0, 2**63),
    marking=texts,
)
PLACE = Place(uuid4(), Scope.room(uuid4()), uuid4(), uuid4(), "body", 3, "SECRET")


def subkey(key: bytes, place: Place, key_id: int = 7) -> Subkey:
    return Subkey(key, key_id=key_id, workspace_id=place.workspace_id, scope=place.scope, author_id=place.author_id)


@given(place=places, data=st.binary(max_size=2000), key_id=st.integers(1, 2**31 - 1))
def test_what_is_sealed_opens_at_its_place(place, data, key_id):
    sealer = subkey(new_key(), place, key_id)

    sealed = sealer.seal(place, data)

    assert len(sealed) == len(data) + OVERHEAD == len(data) + 34
    assert key_id_of(sealed) == key_id
    assert sealer.open_(place, sealed) == data


@given(place=places, other=places, data=st.binary(max_size=50))
def test_what_is_sealed_opens_at_no_other_place(place, other, data):
    key = new_key()

    sealed = subkey(key, place).seal(place, data)

    if other != place:
        with pytest.raises(SealBroken):
            subkey(key, other).open_(other, sealed)


@pytest.mark.parametrize(
    "change",
    [
        {"workspace_id": uuid4()},
        {"scope": Scope.room(uuid4())},
        {"scope": Scope.user(PLACE.scope.id)},
        {"scope": Scope.workspace()},
        {"record_id": uuid4()},
        {"author_id": uuid4()},
        {"author_id": None},
        {"field": "title"},
        {"revision": 4},
        {"marking": "CONFIDENTIAL"},
        {"field": "bod", "marking": "ySECRET"},
    ],
    ids="+".join,
)
def test_one_changed_field_breaks_the_seal(change):
    key = new_key()
    sealed = subkey(key, PLACE).seal(PLACE, b"the convoy leaves at dawn")
    elsewhere = replace(PLACE, **change)

    with pytest.raises(SealBroken):
        subkey(key, elsewhere).open_(elsewhere, sealed)


def test_another_key_id_breaks_the_seal():
    key = new_key()
    sealed = subkey(key, PLACE, key_id=7).seal(PLACE, b"content")
    renamed = sealed[:2] + (8).to_bytes(4, "big") + sealed[6:]

    with pytest.raises(SealBroken):
        subkey(key, PLACE, key_id=8).open_(PLACE, renamed)


@given(at=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_one_changed_byte_breaks_the_record(at, flip):
    sealer = subkey(new_key(), PLACE)
    sealed = bytearray(sealer.seal(PLACE, b"content"))
    sealed[at % len(sealed)] ^= flip

    with pytest.raises(SealBroken):
        sealer.open_(PLACE, bytes(sealed))


@given(data=st.binary(max_size=33))
def test_what_is_too_short_is_no_record(data):
    with pytest.raises(SealBroken, match="cut short"):
        key_id_of(data)


def test_a_record_of_another_format_is_refused():
    sealed = subkey(new_key(), PLACE).seal(PLACE, b"content")

    for other in (b"\x02" + sealed[1:], sealed[:1] + b"\x02" + sealed[2:]):
        with pytest.raises(SealBroken, match="unknown format"):
            key_id_of(other)


def test_equal_content_never_looks_equal():
    sealer = subkey(new_key(), PLACE)

    sealed = {sealer.seal(PLACE, b"yes") for _ in range(2000)}

    assert len({one[6:18] for one in sealed}) == 2000
    assert len({one[18:] for one in sealed}) == 2000


def test_labels_are_framed_so_that_neighbours_never_run_together():
    key = new_key()

    assert derive(key, b"ab", b"c") != derive(key, b"a", b"bc")
    assert derive(key, b"a") != derive(key, b"a", b"")
    assert framed(b"ab") + framed(b"c") != framed(b"a") + framed(b"bc")


def test_a_key_commits_to_itself_alone():
    key = new_key()

    assert commits(key, commitment(key))
    assert not commits(new_key(), commitment(key))


def test_a_fingerprint_is_neither_the_key_nor_the_commitment():
    key = new_key()

    name = fingerprint(key)

    assert len(name) == 19
    assert name.replace(":", "") not in key.hex() + commitment(key).hex()
    assert fingerprint(key) == name != fingerprint(new_key())


def test_a_wrapped_key_opens_only_in_its_context():
    outer, inner = new_key(), new_key()
    blob = wrap(outer, b"room 1", inner)

    assert unwrap(outer, b"room 1", blob) == inner
    for key, context, damaged in ((outer, b"room 2", blob), (new_key(), b"room 1", blob), (outer, b"room 1", b"")):
        with pytest.raises(SealBroken):
            unwrap(key, context, damaged)


def test_nothing_that_is_printed_shows_a_key():
    key = new_key()

    shown = repr(subkey(key, PLACE))

    assert key.hex() not in shown
    assert str(list(key)) not in shown
    assert "7" in shown


def test_a_label_has_a_bound():
    with pytest.raises(ValueError, match="1024"):
        subkey(new_key(), PLACE).seal(replace(PLACE, marking="x" * 1025), b"")
