"""Properties of the Merkle tree, and the roots of RFC 6962's reference implementation."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle, offline

REFERENCE = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""As published with RFC 6962's reference implementation (certificate-transparency, merkletree tests)."""

NONE = b"\0" * 32
"""The hash of no leaf."""

LEAVES = st.lists(st.binary(max_size=8).map(merkle.leaf_hash), min_size=1, max_size=70)


@pytest.mark.parametrize("size", REFERENCE_ROOTS)
def test_the_root_is_the_published_one(size):
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in REFERENCE[:size]]

    assert merkle.root(leaves).hex() == REFERENCE_ROOTS[size]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert merkle.root([]) == sha256(b"").digest()


@given(LEAVES, st.integers(0, 70))
def test_appending_in_two_goes_is_appending_at_once(leaves, cut):
    first, size = merkle.append([], 0, leaves[:cut])
    grown, total = merkle.append(merkle.unpack(merkle.pack(first)), size, leaves[cut:])

    assert total == len(leaves)
    assert merkle.frontier_root(grown) == merkle.root(leaves)
    assert len(grown) == total.bit_count()


@given(LEAVES, st.data())
def test_every_leaf_is_shown_to_be_inside_and_no_other(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(leaves, index)
    root = merkle.root(leaves)

    assert merkle.root_from_inclusion(leaves[index], index, len(leaves), proof) == root
    assert merkle.root_from_inclusion(NONE, index, len(leaves), proof) != root


@given(LEAVES, st.data())
def test_a_proof_of_another_length_is_refused(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(leaves, index)

    with pytest.raises(merkle.BadProof):
        merkle.root_from_inclusion(leaves[index], index, len(leaves), [*proof, b"\0" * 32])
    if proof:
        with pytest.raises(merkle.BadProof):
            merkle.root_from_inclusion(leaves[index], index, len(leaves), proof[:-1])


@given(LEAVES, st.data())
def test_a_tree_is_shown_to_be_the_prefix_of_a_later_one(leaves, data):
    old = data.draw(st.integers(1, len(leaves)))
    proof = merkle.consistency_proof(leaves, old)
    old_root, root = merkle.root(leaves[:old]), merkle.root(leaves)

    assert merkle.is_consistent(old, old_root, len(leaves), root, proof)
    assert not merkle.is_consistent(old, NONE, len(leaves), root, proof)
    assert not merkle.is_consistent(old, old_root, len(leaves), NONE, proof)
    assert not merkle.is_consistent(old, old_root, len(leaves), root, [*proof, root])


@given(LEAVES, st.data())
def test_a_rewritten_prefix_has_no_proof(leaves, data):
    old = data.draw(st.integers(1, len(leaves)))
    place = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:place], merkle.leaf_hash(b"forged" + leaves[place]), *leaves[place + 1 :]]
    proof = merkle.consistency_proof(rewritten, old)

    assert not merkle.is_consistent(old, merkle.root(leaves[:old]), len(leaves), merkle.root(rewritten), proof)


@given(LEAVES)
def test_the_offline_verifier_grows_the_same_tree(leaves):
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        offline.grow(frontier, size, leaf)

    assert offline.root_of(frontier) == merkle.root(leaves)


@given(size=st.integers(1, 70), split=st.integers(0, 69), data=st.data())
def test_paths_after_a_known_frontier_are_those_of_the_whole_tree_and_the_offline_verifier_follows_them(
    size, split, data
):
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
    split = min(split, size - 1)
    wanted = data.draw(st.sets(st.integers(split, size - 1)))
    frontier, _ = merkle.append([], 0, leaves[:split])

    found = merkle.audit_paths(frontier, split, leaves[split:], {leaves[index] for index in wanted})

    assert found == {leaves[index]: (index, merkle.inclusion_proof(leaves, index)) for index in wanted}
    for leaf, (index, path) in found.items():
        assert offline.root_by_path(leaf, index, size, path) == merkle.root(leaves)
