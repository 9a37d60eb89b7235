"""Which keys may sign checkpoints, and from which round to which: the rows of audit_key, each under the row MAC.

The MAC's key is not in the database, so that whoever can only write there cannot make a key of his own trusted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from django.db import connections

from audit import signing
from audit.notes import BadNote, Note, PublicKey, vouching

PRESENT, RETIRED = "present", "retired"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key and the rounds in which its signature counts."""

    key: PublicKey
    from_round: int
    to_round: int | None = None

    def in_force(self, round_number: int) -> bool:
        return self.from_round <= round_number and (self.to_round is None or round_number <= self.to_round)


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that a verifier goes by."""

    keys: tuple[TrustedKey, ...]

    def vouches(self, note: Note, round_number: int | None) -> bool:
        """Whether a key in force signed this note; any trusted key will do where no round is named. Raises BadNote."""
        good = vouching(note, {one.key.key_id: one.key for one in self.keys})
        if round_number is None:
            return bool(good)
        return any(one.key in good and one.in_force(round_number) for one in self.keys)


class Untrusted(Exception):
    """A row of audit_key was not written by this deployment."""


def load(using: str) -> Trust:
    """The keys of this deployment. Raises Untrusted if one of the rows was changed or made by somebody else."""
    with connections[using].cursor() as cursor:
        cursor.execute("select vkey, state, round, mac from audit_key order by round, state")
        rows = cursor.fetchall()
    spans: dict[str, list[int | None]] = {}
    for vkey, state, round_number, mac in rows:
        if not signing.row_mac().verify(_message(vkey, state, round_number), bytes(mac)):
            raise Untrusted(f"the key {vkey.partition('+')[0]} in audit_key was not put there by this deployment")
        span = spans.setdefault(vkey, [0, None])
        span[0 if state == PRESENT else 1] = round_number
    return Trust(tuple(TrustedKey(PublicKey.parse(vkey), first or 0, last) for vkey, (first, last) in spans.items()))


def of_vkeys(vkeys: Iterable[str]) -> Trust:
    """Trust in keys that were handed over outside the platform. Raises BadNote."""
    keys = tuple(TrustedKey(PublicKey.parse(one.strip()), 0) for one in vkeys if one.strip())
    if not keys:
        raise BadNote("no key is given")
    return Trust(keys)


def announce(using: str, next_round: int) -> list[tuple[str, str]]:
    """Write down which keys sign from the next round on; answers with (vkey, state) of what changed. Sealer role."""
    signing_now = [one.vkey for one in signing.signers()]
    known = {one.key.vkey: one for one in load(using).keys}
    changes = [(vkey, PRESENT, next_round) for vkey in signing_now if vkey not in known]
    changes += [
        (vkey, RETIRED, next_round - 1)
        for vkey, one in known.items()
        if vkey not in signing_now and one.to_round is None
    ]
    with connections[using].cursor() as cursor:
        for vkey, state, round_number in changes:
            cursor.execute(
                "insert into audit_key (id, key_id, vkey, state, round, mac) values (%s, %s, %s, %s, %s, %s)",
                [
                    uuid4(),
                    PublicKey.parse(vkey).key_id,
                    vkey,
                    state,
                    round_number,
                    signing.row_mac().mac(_message(vkey, state, round_number)),
                ],
            )
    return [(vkey, state) for vkey, state, _ in changes]


def _message(vkey: str, state: str, round_number: int) -> bytes:
    return f"audit key\n{vkey}\n{state}\n{round_number}".encode()
