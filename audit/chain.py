"""The state of the chain as a screen can show it: how far it is sealed, and whether what was sealed last still holds.

This checks the last seal of each store and its signature, within a request. The whole of it is checked by
`manage.py verify_audit`: while its last run found something, or the sealer of late, nothing here is called intact.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db import connection

from audit import access, health, merkle, notes, trust
from audit.explorer import log_of
from audit.kinds import Store
from audit.models import AuditEvent, AuditSeal
from audit.said import Said, Verification, said_of
from tenancy.errors import NotFound

_WAITING = """
select count(*) from audit_event e where e.log_id = %s
   and (e.epoch, e.xid) >= (select s.epoch, s.hi from audit_seal s where s.log_id = e.log_id order by s.n desc limit 1)
"""
_WINDOW = (
    "select env from audit_event where log_id = %s and epoch = %s and xid >= %s::xid8 and xid < %s::xid8"
    " order by xid, id"
)
LARGEST_CHECKED = 20_000
"""Entries of one seal that a request is willing to hash again."""


class Verdict(StrEnum):
    INTACT = "intact"
    LATE = "late"
    NOT_BEGUN = "not_begun"
    SUSPECT = "suspect"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of the chain of a workspace now. `broken` names the stores whose last seal does not hold, and
    `suspects` counts what the sealer found wrong with entries within the last days.
    """

    verdict: Verdict
    sealed: int
    waiting: int
    sealed_at: datetime | None
    signed_by: str
    lag_seconds: float
    broken: tuple[str, ...] = ()
    verified: Verification | None = None
    suspects: int = 0
    recent: tuple[datetime, ...] = field(default=())
    """When the latest seals were made, the oldest first."""


def health_of_chain() -> Chain:
    """Ask inside the scope of the workspace."""
    states = access.states()
    lag = health.lag()
    seals = [seal for state in states if (seal := _last(state.store)) is not None]
    broken = tuple(state.store for state, seal in zip(states, seals, strict=False) if not holds(seal))
    said = said_of(log_of(Store.SECURITY.value))
    latest = max(seals, key=lambda seal: seal.at, default=None)
    return Chain(
        verdict=_verdict(seals, broken, said, lag),
        sealed=sum(state.entries for state in states),
        waiting=sum(_waiting(seal) for seal in seals),
        sealed_at=latest.at if latest else None,
        signed_by=_signer(latest) if latest else "",
        lag_seconds=lag.unsealed_seconds,
        broken=broken,
        verified=said.verified,
        suspects=said.suspects,
        recent=tuple(reversed(AuditSeal.objects.order_by("-at").values_list("at", flat=True)[:48])),
    )


def _verdict(seals: list[AuditSeal], broken: tuple[str, ...], said: Said, lag: health.Lag) -> Verdict:
    """The gravest of what is wrong."""
    wrong = {
        Verdict.BROKEN: bool(broken),
        Verdict.FAILED: said.verified is not None and not said.verified.intact,
        Verdict.SUSPECT: bool(said.suspects),
        Verdict.NOT_BEGUN: not seals,
        Verdict.LATE: lag.alarming,
    }
    return next((verdict for verdict, holds in wrong.items() if holds), Verdict.INTACT)


def _last(store: str) -> AuditSeal | None:
    found: AuditSeal | None = AuditSeal.objects.filter(log_id=log_of(store)).order_by("-n").first()
    return found


def _waiting(seal: AuditSeal) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [seal.log_id])
        return int(cursor.fetchone()[0])


def holds(seal: AuditSeal) -> bool:
    """Whether the entries under a seal lead to its root, and a key in force has signed it.

    A seal with more entries than a request is willing to hash is judged by its signature alone.
    """
    try:
        note = notes.parse(seal.note)
        checkpoint = notes.parse_checkpoint(note.text)
        if not trust.load("default").vouches(note, seal.round):
            return False
    except (notes.BadNote, trust.Untrusted):
        return False
    if (checkpoint.size, checkpoint.root) != (seal.size_to, bytes(seal.root)):
        return False
    return seal.size_to - seal.size_from > LARGEST_CHECKED or _root_under(seal) == bytes(seal.root)


def _root_under(seal: AuditSeal) -> bytes:
    before = AuditSeal.objects.filter(log_id=seal.log_id, n=seal.n - 1).first()
    with connection.cursor() as cursor:
        cursor.execute(_WINDOW, [seal.log_id, seal.epoch, str(seal.lo), str(seal.hi)])
        leaves = [merkle.leaf_hash(bytes(env)) for (env,) in cursor.fetchall()]
    frontier = merkle.unpack(bytes(before.frontier)) if before else []
    grown, _size = merkle.append(frontier, seal.size_from, leaves)
    return merkle.frontier_root(grown)


def _signer(seal: AuditSeal) -> str:
    try:
        return notes.parse(seal.note).signatures[0].name
    except notes.BadNote:
        return ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The place of one entry in the sealed log, and whether it checks out now."""

    index: int
    size: int
    path: tuple[str, ...]
    root: str
    signer: str
    sealed_at: datetime
    holds: bool


def proof_of(entry: AuditEvent) -> Sealed | None:
    """The proof of an entry, checked; None while it waits to be sealed."""
    try:
        proof = access.prove(entry)
    except NotFound:
        return None
    leaf = merkle.leaf_hash(proof.entry)
    try:
        note = notes.parse(proof.checkpoint)
        checkpoint = notes.parse_checkpoint(note.text)
        signed = trust.load("default").vouches(note, None)
        root = merkle.root_from_inclusion(leaf, proof.index, proof.size, proof.path)
    except (notes.BadNote, trust.Untrusted, merkle.BadProof):
        return Sealed(proof.index, proof.size, (), "", "", entry.at, holds=False)
    seal = AuditSeal.objects.get(log_id=entry.log_id, size_to=proof.size)
    return Sealed(
        index=proof.index,
        size=proof.size,
        path=tuple(one.hex() for one in proof.path),
        root=checkpoint.root.hex(),
        signer=note.signatures[0].name,
        sealed_at=seal.at,
        holds=signed and root == checkpoint.root,
    )


def vkeys() -> list[str]:
    """The public keys of this deployment, for whoever checks a proof elsewhere."""
    return [one.key.vkey for one in trust.load("default").keys]
