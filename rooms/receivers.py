"""Access may have changed: wake the sockets, and put the memberships that it touches to the decision point again."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from django.db import transaction

from policy.models import EpochKind
from rooms import news
from rooms.access import memberships_touched
from rooms.actions.reconcile import reconcile_memberships
from rooms.tasks import reconcile
from tenancy.actor import Actor, system_actor

OWN_DOING = "room:member:"
"""Changes of a membership itself need no second look at that membership."""
AT_ONCE = 50
"""So many memberships are settled within the change itself; more go to the worker, and the sockets do not wait
for it."""


def on_access_changed(
    _sender: object = None,
    *,
    actor: Actor,
    kind: EpochKind,
    keys: Sequence[UUID],
    values: Mapping[UUID, int],
    reason: str,
    **_: object,
) -> None:
    epochs = [values.get(key, 0) for key in keys]
    news.tell(news.AccessChanged(workspace_id=actor.workspace_id, kind=kind, keys=list(keys), epochs=epochs))
    if kind == EpochKind.SESSION or reason.startswith(OWN_DOING):
        return

    touched = memberships_touched(kind, keys)
    if len(touched) > AT_ONCE:
        later = partial(reconcile.delay, str(actor.workspace_id), [str(one) for one in touched], reason)
        transaction.on_commit(later)
        return
    if touched:
        system = system_actor(actor.workspace_id, cause=reason, request_id=actor.environment.request_id)
        reconcile_memberships(system, membership_ids=touched)
