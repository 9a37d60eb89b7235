"""The Merkle tree of RFC 6962 §2.1 over SHA-256: roots, inclusion and consistency proofs, and their checks.

A *frontier* is what appending needs of a tree: the roots of its full subtrees, largest first, one per bit of its size.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256

HASH = 32
EMPTY_ROOT = sha256(b"").digest()


class BadProof(ValueError):
    """A proof has another length than the sizes demand."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def append(frontier: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """The frontier and size after appending leaf hashes."""
    stack = list(frontier)
    for leaf in leaves:
        node, carry = leaf, size
        while carry & 1:
            node = sha256(b"\x01" + stack.pop() + node).digest()
            carry >>= 1
        stack.append(node)
        size += 1
    return stack, size


def frontier_root(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for node in reversed(frontier[:-1]):
        root = node_hash(node, root)
    return root


def comes_to(frontier: Sequence[bytes], size: int, root: bytes) -> bool:
    """Whether this is the frontier of the tree of that size and root: there is no other one."""
    fits = len(frontier) == size.bit_count() and all(len(node) == HASH for node in frontier)
    return fits and frontier_root(frontier) == root


def pack(frontier: Sequence[bytes]) -> bytes:
    return b"".join(frontier)


def unpack(packed: bytes) -> list[bytes]:
    return [packed[start : start + HASH] for start in range(0, len(packed), HASH)]


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes: MTH of RFC 6962 §2.1."""
    frontier, _ = append([], 0, leaves)
    return frontier_root(frontier)


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf (RFC 6962 §2.1.1), nearest sibling first."""
    size = len(leaves)
    if not 0 <= index < size:
        raise IndexError(f"there is no leaf {index} in a tree of {size}")
    if size == 1:
        return []
    split = _split(size)
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def inclusion_proof_after(frontier: Sequence[bytes], size: int, leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one of the leaves that were appended to a tree of which only the frontier is known.

    `index` counts over the whole tree. What it takes is the tree before and the leaves since, however long the log is.
    """
    if not size <= index < size + len(leaves):
        raise IndexError(f"leaf {index} is not among those appended after {size}")
    known, start = {}, 0
    for node, exponent in zip(frontier, _exponents(size), strict=True):
        known[start, start + (1 << exponent)] = node
        start += 1 << exponent

    def hashed(begin: int, end: int) -> bytes:
        if (begin, end) in known:
            return known[begin, end]
        if end - begin == 1:
            return leaves[begin - size]
        middle = begin + _split(end - begin)
        return node_hash(hashed(begin, middle), hashed(middle, end))

    path, begin, end = [], 0, size + len(leaves)
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(hashed(middle, end))
            end = middle
        else:
            path.append(hashed(begin, middle))
            begin = middle
    return path[::-1]


def _exponents(size: int) -> list[int]:
    return [bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


def audit_paths(
    frontier: Sequence[bytes], size: int, leaves: Iterable[bytes], wanted: Collection[bytes]
) -> dict[bytes, tuple[int, list[bytes]]]:
    """Place and audit path of the wanted leaves among those appended after `size`, however many there are."""
    found: dict[bytes, tuple[int, list[bytes]]] = {}
    stack: list[tuple[bytes, list[bytes]]] = [(node, []) for node in frontier]

    def merge() -> None:
        """Join the last two subtrees; each side is the sibling of what is wanted on the other."""
        (right, in_right), (left, in_left) = stack.pop(), stack.pop()
        for inside, sibling in ((in_left, right), (in_right, left)):
            for leaf in inside:
                found[leaf][1].append(sibling)
        stack.append((node_hash(left, right), in_left + in_right))

    for number, leaf in enumerate(leaves, start=size):
        stack.append((leaf, [leaf] if leaf in wanted else []))
        if leaf in wanted:
            found[leaf] = (number, [])
        for _ in range((~number & (number + 1)).bit_length() - 1):
            merge()
    while len(stack) > 1:
        merge()
    return found


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a leaf and its audit path lead to (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} in a tree of {size}")
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof("the proof is too long")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof("the proof is too short")
    return result


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof that the tree of `old_size` is a prefix of this one (RFC 6962 §2.1.2)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"no tree of {old_size} is a prefix of one of {len(leaves)}")
    return _consistency(leaves, old_size, whole=True)


def _consistency(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    size = len(leaves)
    if old_size == size:
        return [] if whole else [root(leaves)]
    split = _split(size)
    if old_size <= split:
        return [*_consistency(leaves[:split], old_size, whole=whole), root(leaves[split:])]
    return [*_consistency(leaves[split:], old_size - split, whole=False), root(leaves[:split])]


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the old tree to be a prefix of the new one (RFC 9162 §2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False

    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old, new = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
