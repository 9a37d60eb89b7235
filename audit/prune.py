"""Pruning: a log loses its beginning at the edge of a seal, and goes on being verifiable from there (AU-4).

Two steps with a wait between: `actions.announce_pruning` states it, and once that line is sealed, `execute` does it as
the pruner role. The tree at the edge stays behind as the boundary; the seal there stays too, because it is signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connections, transaction
from django.utils.translation import gettext as _

from audit import merkle
from audit.entries import log_id
from audit.events import Event
from audit.kinds import Store
from tenancy.actor import new_id
from tenancy.errors import Conflict, NotFound

BATCH = 10_000

_EDGE = "select max(n) from audit_seal where log_id = %s and at < %s"
_SEAL = "select epoch, hi::text, size_to, frontier, root from audit_seal where log_id = %s and n = %s"
_ANNOUNCED = (
    "select e.env from audit_event e where e.log_id = %s and e.kind = %s and exists (select 1 from audit_seal s"
    " where s.log_id = e.log_id and s.epoch = e.epoch and e.xid >= s.lo and e.xid < s.hi)"
)
_BOUNDARY = (
    "insert into audit_boundary (id, workspace_id, log_id, n, epoch, hi, size, frontier, rule)"
    " values (%s, %s, %s, %s, %s, %s::xid8, %s, %s, %s) on conflict (log_id, n) do nothing"
)
_ENTRIES = (
    "with doomed as (select id, at from audit_event where log_id = %s and (epoch, xid) < (%s, %s::xid8) limit %s),"
    " gone as (delete from audit_event e using doomed d where e.id = d.id and e.at = d.at returning e.id),"
    " bodies as (delete from audit_pii p using gone g where p.id = g.id)"
    " select count(*) from gone"
)
_TILES = "delete from audit_tile where log_id = %s and n <= %s"
_SEALS = "delete from audit_seal where log_id = %s and n < %s"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one pruning took away, and where the log begins now."""

    entries: int
    begins: int


def edge_before(workspace_id: UUID | None, store: Store, moment: datetime, *, using: str = "pruner") -> int:
    """The last seal made before a moment. Raises NotFound if there is none."""
    with connections[using].cursor() as cursor:
        cursor.execute(_EDGE, [log_id(workspace_id, store.value), moment])
        edge = cursor.fetchone()[0]
    if edge is None:
        raise NotFound(_("No seal of this log is that old."), field="before")
    return int(edge)


def is_announced(workspace_id: UUID | None, store: Store, seal: int, *, using: str = "pruner") -> bool:
    """Whether a sealed line in the security log announces exactly this pruning."""
    with connections[using].cursor() as cursor:
        cursor.execute(_ANNOUNCED, [log_id(workspace_id, Store.SECURITY.value), Event.AUDIT_PRUNED.value])
        data = [orjson.loads(bytes(env))["data"] for (env,) in cursor.fetchall()]
    return any((one["store"], one["seal"]) == (store.value, seal) for one in data)


def execute(workspace_id: UUID | None, store: Store, seal: int, *, rule: str, using: str = "pruner") -> Pruned:
    """Take away everything up to and including this seal, as announced; can be run again after a break.

    Raises Conflict while the announcement is not sealed, NotFound for an unknown seal.
    """
    if not is_announced(workspace_id, store, seal, using=using):
        raise Conflict(
            _("This pruning has not been announced, or the announcement is not sealed yet."),
            field="seal",
            remedy=_("Announce it, wait for the next seal, and try again."),
        )
    log = log_id(workspace_id, store.value)
    epoch, hi, size = _set_boundary(workspace_id, log, seal, rule, using)
    entries = 0
    while taken := _take_batch(log, epoch, hi, using):
        entries += taken
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_TILES, [log, seal])
        cursor.execute(_SEALS, [log, seal])
    return Pruned(entries, size)


def erase(entry_ids: Sequence[UUID], *, using: str = "pruner") -> int:
    """Erase the personal parts of these entries; the entries themselves stay and go on being verifiable (DL-4).

    The caller records `Event.AUDIT_ERASED` with their ids, or the verifier misses them.
    Answers with how many there were.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("delete from audit_pii where id = any(%s)", [list(entry_ids)])
        return int(cursor.rowcount)


def _set_boundary(workspace_id: UUID | None, log: UUID, seal: int, rule: str, using: str) -> tuple[int, str, int]:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_SEAL, [log, seal])
        row = cursor.fetchone()
        if row is None:
            raise NotFound(_("There is no such seal."), field="seal")
        epoch, hi, size, frontier, root = row
        if not merkle.comes_to(merkle.unpack(bytes(frontier)), size, bytes(root)):
            raise Conflict(_("The seal at this edge does not hold; verify the log first."), field="seal")
        cursor.execute(_BOUNDARY, [new_id(), workspace_id, log, seal, epoch, hi, size, frontier, rule])
    return epoch, hi, size


def _take_batch(log: UUID, epoch: int, hi: str, using: str) -> int:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_ENTRIES, [log, epoch, hi, BATCH])
        return int(cursor.fetchone()[0])
