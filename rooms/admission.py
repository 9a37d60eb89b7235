"""How many sockets one person and one address may hold open in a process (IN-5: limits)."""

from collections import Counter
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.circumstances import counted_as
from tenancy.actor import Actor
from tenancy.errors import RateLimited

PER_PERSON = 20
COME_BACK = 30
"""Seconds after which whoever was turned away may try again."""


class Admission:
    """The open sockets of one process, by whom and from where."""

    def __init__(self) -> None:
        self._held: Counter[UUID | str] = Counter()

    def admit(self, actor: Actor) -> None:
        """Count one socket more. Raises RateLimited when there are as many as may be."""
        self._refuse_crowd(actor.id, PER_PERSON)
        self._refuse_crowd(counted_as(actor.environment.address), settings.SOCKETS_PER_ADDRESS)
        self._held.update(_names(actor))

    def release(self, actor: Actor) -> None:
        """One that was admitted has closed."""
        self._held.subtract(_names(actor))
        for name in _names(actor):
            if self._held[name] <= 0:
                del self._held[name]

    def _refuse_crowd(self, name: UUID | str, most: int) -> None:
        if self._held[name] >= most:
            raise RateLimited(_("Too many connections are open."), retry_after=COME_BACK, remedy=_("Close some first."))


def _names(actor: Actor) -> tuple[UUID | str, str]:
    return actor.id, counted_as(actor.environment.address)
