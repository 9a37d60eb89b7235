"""Reading the log from inside a workspace: entries, their personal parts, the state of the seals, proofs.

Everything here is asked inside the scope of a workspace. Whoever opens a personal part records `Event.RECORD_REVEALED`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.db import connections
from django.utils.translation import gettext as _

from audit import merkle, signing
from audit.entries import SALT_BYTES
from audit.models import AuditBody, AuditBoundary, AuditEvent, AuditLog, AuditSeal
from tenancy.errors import NotFound

_SEAL = "select id from audit_seal where log_id = %s and epoch = %s and lo <= %s::xid8 and hi > %s::xid8"
_WINDOW = (
    "select id, env from audit_event where log_id = %s and epoch = %s and xid >= %s::xid8 and xid < %s::xid8"
    " order by xid, id"
)


class BodyChanged(Exception):
    """The personal part is not the one that the sealed entry is committed to."""


@dataclass(frozen=True, slots=True)
class LogState:
    """How far one store of the workspace is sealed."""

    store: str
    entries: int
    seal: int
    sealed_at: datetime | None
    begins: int


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry is in the log: hash it, follow the path, and compare with the root in the signed checkpoint."""

    entry: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    checkpoint: str


def read_entry(entry_id: UUID) -> AuditEvent:
    """One entry of the current workspace. Raises NotFound."""
    found: AuditEvent | None = AuditEvent.objects.filter(id=entry_id).first()
    if found is None:
        raise NotFound(_("There is no such entry."))
    return found


def evidence_of(entry: AuditEvent) -> Mapping[str, Any]:
    """What the sealed bytes of an entry say."""
    env: dict[str, Any] = orjson.loads(bytes(entry.env))
    return env


def open_body(entry: AuditEvent) -> Mapping[str, str] | None:
    """The personal part of an event; None if it has none or was erased. Raises BodyChanged."""
    commitment = evidence_of(entry).get("body")
    body = AuditBody.objects.filter(id=entry.id).first()
    if commitment is None or body is None:
        return None
    opened = signing.vault().open(entry.workspace_id, entry.id, bytes(body.body))
    if sha256(opened).hexdigest() != commitment:
        raise BodyChanged(entry.id)
    found: dict[str, str] = orjson.loads(opened[SALT_BYTES:])
    return found


def sealed_recipients(entry: AuditEvent) -> bytes | None:
    """Whom a delivery went to, as its caller sealed it; None if nothing was kept. Raises BodyChanged."""
    body = AuditBody.objects.filter(id=entry.id).first()
    if body is None:
        return None
    sealed = bytes(body.body)
    if sha256(sealed).hexdigest() != evidence_of(entry).get("body"):
        raise BodyChanged(entry.id)
    return sealed


def states() -> list[LogState]:
    """The state of each store of the current workspace."""
    found = []
    for log in AuditLog.objects.order_by("store"):
        last = AuditSeal.objects.filter(log_id=log.id).order_by("-n").first()
        boundary = AuditBoundary.objects.filter(log_id=log.id).order_by("-n").first()
        size, n, at = (last.size_to, last.n, last.at) if last else (0, 0, None)
        found.append(LogState(log.store, size, n, at, boundary.size if boundary else 0))
    return found


def prove(entry: AuditEvent) -> Proof:
    """Proof that an entry is sealed, against the checkpoint of its own seal. Raises NotFound while it is not sealed."""
    seal = _seal_of(entry)
    with connections["default"].cursor() as cursor:
        cursor.execute(_WINDOW, [entry.log_id, entry.epoch, str(seal.lo), str(seal.hi)])
        rows = cursor.fetchall()
    before = AuditSeal.objects.filter(log_id=entry.log_id, n=seal.n - 1).first()
    leaves = [merkle.leaf_hash(bytes(env)) for _id, env in rows]
    index = seal.size_from + [entry_id for entry_id, _env in rows].index(entry.id)
    frontier = merkle.unpack(bytes(before.frontier)) if before else []
    path = merkle.inclusion_proof_after(frontier, seal.size_from, leaves, index)
    return Proof(bytes(entry.env), index, seal.size_to, tuple(path), seal.note)


def _seal_of(entry: AuditEvent) -> AuditSeal:
    with connections["default"].cursor() as cursor:
        cursor.execute(_SEAL, [entry.log_id, entry.epoch, str(entry.xid), str(entry.xid)])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(_("This entry is not sealed yet."), remedy=_("Try again in a second."))
    found: AuditSeal = AuditSeal.objects.get(id=row[0])
    return found
