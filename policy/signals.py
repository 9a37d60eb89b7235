"""The one signal of the house: somebody's access may have changed, so a higher room must decide again and
enforce (R14).
"""

from collections.abc import Iterable
from uuid import UUID

from django.dispatch import Signal

from policy import epochs
from policy.models import EpochKind
from tenancy.actor import Actor

access_changed = Signal()
"""Sent with `actor`, `kind` (EpochKind), `keys` (list of ids), `values` (their new epochs by id) and `reason`, inside
the transaction of the change."""


def announce_access_change(actor: Actor, *, kind: EpochKind, keys: Iterable[UUID], reason: str) -> None:
    """Void every older answer about these keys and wake those who hold live access. An exception undoes the
    change too.
    """
    changed = sorted(set(keys))
    values = epochs.bump(actor.workspace_id, kind, changed)
    access_changed.send(sender=None, actor=actor, kind=kind, keys=changed, values=values, reason=reason)
