"""How sessions end, for every action that ends some."""

from collections.abc import Iterable

from accounts import sessions
from accounts.models import Session
from audit.events import Event
from audit.log import Target, record
from policy.models import EpochKind
from policy.signals import announce_access_change
from tenancy.actor import Actor


def end_sessions(actor: Actor, wanted: Iterable[Session], *, reason: str) -> list[Session]:
    """End those that live, say so in the record, and close what hangs on them."""
    ended = sessions.end(wanted, reason)
    for session in ended:
        event = Event.SESSION_EXPIRED if reason in {"expired", "idle"} else Event.SESSION_REVOKED
        record(
            event,
            actor,
            target=Target("session", session.id),
            session_id=session.id,
            user_id=session.user_id,
            cause=reason,
        )
    if ended:
        keys = [session.id for session in ended]
        announce_access_change(actor, kind=EpochKind.SESSION, keys=keys, reason=f"session_{reason}")
    return ended
