"""Rate limits at a door, and what happens to them when Valkey is away (ID-14, R44)."""

import logging

from django.utils.translation import gettext as _

from accounts import devices, ratelimit
from accounts.actions import note_violation
from accounts.circumstances import Circumstances, counted_as
from accounts.ratelimit import Limit
from accounts.valkey import RedisError
from audit.events import Event
from tenancy.actor import Actor
from tenancy.errors import RateLimited, Unavailable
from tenancy.scoping import within

_log = logging.getLogger(__name__)
_NOTES = Limit("notes", per_minute=6, burst=3)


def let_in(limit: Limit, actor: Actor, circumstances: Circumstances) -> None:
    """Count one request of this actor, by session or else by address (of IPv6 by network).

    Raises:
        RateLimited: there were too many.
        Unavailable: nobody can count right now. A known device is let in instead, and the log says so.
    """
    who = str(actor.environment.session_id or counted_as(circumstances.address))
    try:
        ratelimit.spend(limit, actor.workspace_id, who)
    except RateLimited:
        _note(limit, actor, who)
        raise
    except RedisError:
        if not _known(actor, circumstances):
            raise Unavailable(_("The service is busy."), remedy=_("Try again in a moment.")) from None
        _log.warning("Valkey does not answer: limit %s is open to a known device", limit.name)


def _note(limit: Limit, actor: Actor, who: str) -> None:
    """Say so in the record, but not for each request of a flood."""
    try:
        ratelimit.spend(_NOTES, actor.workspace_id, who)
    except (RateLimited, RedisError):
        return
    note_violation(actor, event=Event.RATE_LIMITED, data={"scope": limit.name})


def _known(actor: Actor, circumstances: Circumstances) -> bool:
    if actor.environment.device_id is not None:
        return True
    with within(actor.workspace_id):
        return devices.is_known(circumstances.device_token)
