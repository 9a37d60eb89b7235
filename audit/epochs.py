"""The lives of the database cluster (evidence: transaction ids restart in a restored one).

Each epoch names the cluster it belongs to. Where the running cluster is another one, writing and sealing stop until an
operator begins a new epoch: a restored copy must never go on in the old numbers.
"""

from dataclasses import dataclass

from django.db import connections
from django.utils.translation import gettext as _

from tenancy.errors import Unavailable

_HERE = "select c.system_identifier, k.timeline_id from pg_control_system() c, pg_control_checkpoint() k"
_BEGIN_FIRST = (
    "insert into audit_cluster (epoch, system_identifier, timeline, reason)"
    " select 1, c.system_identifier, k.timeline_id, 'first' from pg_control_system() c, pg_control_checkpoint() k"
    " where not exists (select 1 from audit_cluster)"
)
_BEGIN_NEXT = (
    "insert into audit_cluster (epoch, system_identifier, timeline, reason)"
    " select (select max(epoch) + 1 from audit_cluster), c.system_identifier, k.timeline_id, %s"
    " from pg_control_system() c, pg_control_checkpoint() k returning epoch"
)
_LATEST = "select epoch, system_identifier, timeline from audit_cluster order by epoch desc limit 1"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL cluster: who it is, and how often it forked from itself."""

    system_identifier: int
    timeline: int


class OtherCluster(Unavailable):
    """This is not the database that the audit log was written in: it was restored or promoted."""

    code = "audit_epoch"


_current: dict[str, int] = {}


def current(using: str = "default") -> int:
    """The epoch to write in, checked against the running cluster once per process. Raises OtherCluster."""
    held = _current.get(using)
    if held is None:
        held = _current[using] = checked(using)
    return held


def forget() -> None:
    """Check anew before the next write: after a lost connection, the cluster may be another one."""
    _current.clear()


def checked(using: str = "default") -> int:
    """The latest epoch, if it belongs to the running cluster. Raises OtherCluster."""
    with connections[using].cursor() as cursor:
        cursor.execute(_HERE)
        here = Cluster(*cursor.fetchone())
        cursor.execute(_LATEST)
        row = cursor.fetchone()
    if row is None:
        raise OtherCluster(_("No audit epoch has begun."), remedy=_("Run: manage.py prepare"))
    if Cluster(row[1], row[2]) != here:
        raise OtherCluster(
            _("The audit log was written in another database cluster than this one."),
            remedy=_("If this is a restored or promoted copy, run: manage.py audit_epoch --reason '..'"),
        )
    return int(row[0])


def begin_first(using: str = "owner") -> None:
    """Name the running cluster as the first epoch, if there is none yet. Owner role."""
    with connections[using].cursor() as cursor:
        cursor.execute(_BEGIN_FIRST)


def begin_next(reason: str, *, using: str = "owner") -> int:
    """Begin a new epoch in the running cluster, for a stated reason. Owner role; returns its number."""
    with connections[using].cursor() as cursor:
        cursor.execute(_BEGIN_NEXT, [reason])
        epoch = int(cursor.fetchone()[0])
    forget()
    return epoch
