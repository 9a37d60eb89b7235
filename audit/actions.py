"""Changes that concern the audit log itself.

Those above the PEP call them inside an action of their own, commands inside `standalone`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from audit.entries import log_id
from audit.events import Event
from audit.kinds import EPOCH, Store
from audit.log import PLATFORM, Target, collecting, record, write
from audit.models import AuditEntitlement, AuditSeal
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, NotFound
from tenancy.scoping import within

_SWITCH = "insert into audit_entitlement (id, workspace_id, store, entitled) values (%s, %s, %s, %s)"
"""The time is the database's own: a switch cannot be dated back."""

_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('audit_entitlement:' || %s, 0))"
"""Held until the commit: before the first switch there is no row that could be locked."""


@contextmanager
def standalone(workspace_id: UUID, *, using: str = "default") -> Iterator[None]:
    """A ledger and a transaction for what happens below the PEP: start-up, sealing, an operator's command line."""
    scope = transaction.atomic(using=using) if workspace_id == PLATFORM else within(workspace_id, using=using)
    with scope, collecting() as ledger:
        yield
        write(ledger, using=using)


def switch_compliance(actor: Actor, *, entitled: bool) -> None:
    """Open or close the workspace's compliance store; the security log keeps how large it was at that moment.

    Of two at once the second sees what the first did.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [str(actor.workspace_id)])
    if is_entitled(actor.workspace_id) == entitled:
        raise Conflict(_("The compliance store is already in this state."), field="entitled")

    switch = new_id()
    with connection.cursor() as cursor:
        cursor.execute(_SWITCH, [switch, actor.workspace_id, Store.COMPLIANCE.value, entitled])

    event = Event.AUDIT_STORE_OPENED if entitled else Event.AUDIT_STORE_CLOSED
    record(
        event,
        actor,
        target=Target("audit_entitlement", switch),
        store=Store.COMPLIANCE.value,
        size=sealed_size(actor.workspace_id, Store.COMPLIANCE),
    )


def is_entitled(workspace_id: UUID) -> bool:
    """Whether the workspace keeps a compliance store. Where nothing was decided, it does."""
    found = _last_switch(workspace_id)
    return found is None or found.entitled


def _open_since(workspace_id: UUID) -> datetime | None:
    """Since when it has kept a compliance store without a break; None where it keeps none."""
    found = _last_switch(workspace_id)
    if found is None:
        return EPOCH
    return found.at if found.entitled else None


def _last_switch(workspace_id: UUID) -> AuditEntitlement | None:
    return AuditEntitlement.objects.filter(workspace_id=workspace_id).order_by("-at", "-id").first()


def sealed_size(workspace_id: UUID, store: Store) -> int:
    """How many entries of this log are sealed; asked inside the scope of the workspace."""
    last = AuditSeal.objects.filter(log_id=log_id(workspace_id, store.value)).order_by("-n").first()
    return last.size_to if last else 0


def announce_pruning(actor: Actor, *, store: Store, seal: int, rule: str) -> None:
    """State that the log will be pruned up to this seal. Only when this line is sealed itself may it be done (AU-4)."""
    edge = AuditSeal.objects.filter(log_id=log_id(actor.workspace_id, store.value), n=seal).first()
    if edge is None:
        raise NotFound(_("There is no such seal."), field="seal")

    record(
        Event.AUDIT_PRUNED,
        actor,
        target=Target("audit_log", edge.log_id),
        store=store.value,
        seal=seal,
        size=edge.size_to,
        rule=rule,
        entitled=is_entitled(actor.workspace_id),
        open_since=_open_since(actor.workspace_id),
    )


def note_export(actor: Actor, *, sizes: Mapping[str, int]) -> None:
    """State that a bundle left the platform, and how far it reached."""
    record(Event.AUDIT_EXPORTED, actor, stores=sorted(sizes), sizes=dict(sizes))


def note_verification(actor: Actor, *, intact: bool, sizes: Mapping[str, int], outside: bool) -> None:
    """State that the log was verified, with which outcome, and whether what is kept outside was looked at."""
    outcome = "success" if intact else "failed"
    record(Event.AUDIT_VERIFIED, actor, outcome=outcome, intact=intact, sizes=dict(sizes), outside=outside)


def note_lost_tail(actor: Actor, *, store: Store, known_size: int) -> None:
    """State that entries known from outside are gone, after a restore or a failover: it is never silent."""
    record(
        Event.AUDIT_TAIL_LOST,
        actor,
        store=store.value,
        known_size=known_size,
        present_size=sealed_size(actor.workspace_id, store),
    )
