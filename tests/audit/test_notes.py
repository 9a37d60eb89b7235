"""Signed notes and checkpoints, against the published examples and against forgery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import notes, offline
from tests.audit.signer import TestSigner

EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""From the documentation of golang.org/x/mod/sumdb/note."""

CHECKPOINT = st.builds(
    notes.Checkpoint,
    origin=st.from_regex(r"[a-z0-9/.\-]{1,30}", fullmatch=True),
    size=st.integers(0, 2**62),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{1,20}", fullmatch=True)),
        max_size=3,
    ).map(tuple),
)


def trusted(*signers):
    return {one.key_id: notes.PublicKey.parse(one.vkey) for one in signers}


def test_the_published_example_holds():
    key = notes.PublicKey.parse(EXAMPLE_KEY)

    assert notes.vouching(notes.parse(EXAMPLE_NOTE), {key.key_id: key}) == [key]


def test_the_published_example_changed_does_not_hold():
    key = notes.PublicKey.parse(EXAMPLE_KEY)

    with pytest.raises(notes.BadNote):
        notes.vouching(notes.parse(EXAMPLE_NOTE.replace("answer", "question")), {key.key_id: key})


@given(CHECKPOINT)
def test_a_checkpoint_is_read_back_by_both_readers(checkpoint):
    signer = TestSigner("lab")
    text = notes.sign(checkpoint, [signer])
    note = notes.parse(text)
    other = offline.read_note(text)

    assert notes.parse_checkpoint(note.text) == checkpoint
    assert notes.vouching(note, trusted(signer)) == [notes.PublicKey.parse(signer.vkey)]
    assert (other.origin, other.size, other.root) == (checkpoint.origin, checkpoint.size, checkpoint.root)
    assert offline.vouched(other, [offline.read_key(signer.vkey)], None)


def test_signatures_of_unknown_keys_are_ignored_and_both_known_ones_count():
    old, new, stranger = TestSigner("lab"), TestSigner("lab-next"), TestSigner("witness")
    note = notes.parse(notes.sign(notes.Checkpoint("lab/audit", 1, b"\1" * 32), [old, stranger, new]))

    assert len(notes.vouching(note, trusted(old, new))) == 2
    assert notes.vouching(note, trusted(TestSigner("lab"))) == []


def test_a_name_alone_does_not_make_a_key_known():
    signer, namesake = TestSigner("lab"), TestSigner("lab")
    note = notes.parse(notes.sign(notes.Checkpoint("lab/audit", 1, b"\1" * 32), [namesake]))

    assert notes.vouching(note, trusted(signer)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no signature\n",
        "a\n1\nx\n\n- lab AAAA\n",
        "a\n\n\u2014 lab AAAA\n",
        "a\n\n\u2014 lab not base64!\n",
        "a\x01\n\n\u2014 lab AAAAAAAA\n",
    ],
)
def test_a_malformed_note_is_refused(text):
    with pytest.raises(notes.BadNote):
        notes.parse(text)


@pytest.mark.parametrize(
    "text",
    ["o\n1\n", "o\n01\nAAAA\n", "o\n-1\n" + "A" * 44 + "\n", "o\n1\nAAAA\n", "\n1\n" + "A" * 44 + "\n", "o\n1\n\nx\n"],
)
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(notes.BadNote):
        notes.parse_checkpoint(text)


def test_a_key_under_a_wrong_id_is_refused():
    name, key_id, key = TestSigner("lab").vkey.split("+", 2)

    with pytest.raises(notes.BadNote):
        notes.PublicKey.parse(f"{name}+{'00' if key_id[:2] != '00' else '01'}{key_id[2:]}+{key}")


def test_several_notes_in_one_file_are_read_by_both_readers():
    signer, other = TestSigner("lab"), TestSigner("witness")
    several = [notes.sign(notes.Checkpoint("lab/audit", size, b"\1" * 32), [signer, other]) for size in range(3)]

    for glue in ("", "\n", "\n\n"):
        assert [notes.parse_checkpoint(one.text).size for one in notes.parse_many(glue.join(several))] == [0, 1, 2]
        assert [one.size for one in offline.read_notes(glue.join(several))] == [0, 1, 2]
