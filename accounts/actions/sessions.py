"""Sessions that somebody ends from outside, and those that the clock has ended (ID-9)."""

from uuid import UUID

from django.utils import timezone

from accounts import lockout, sessions
from accounts.access import access_session
from accounts.actions.endings import end_sessions
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.pep import NothingChanged, enforce, performs
from policy.types import Resource
from tenancy.actor import Actor

BATCH = 500


@performs(Action.SESSION_REVOKE)
def revoke_session(actor: Actor, *, session_id: UUID) -> None:
    """End a session of one's own or, for who manages users, of anybody: its next request and its socket are refused."""
    session = access_session(actor, session_id, Action.SESSION_REVOKE)

    if not end_sessions(actor, [session], reason="revoked"):
        raise NothingChanged(None)


@performs(Action.SESSION_SWEEP)
def sweep_sessions(actor: Actor) -> int:
    """Mark the sessions that have run out and say so in the record; the answer is how many."""
    enforce(actor, Action.SESSION_SWEEP, Resource("workspace", actor.workspace_id))

    now = timezone.now()
    over = sessions.run_out(now, BATCH)
    for reason in ("expired", "idle"):
        end_sessions(actor, [one for one in over if sessions.end_of(one, now) == reason], reason=reason)
    if not over:
        raise NothingChanged(0)
    return len(over)


@performs(Action.LOCKOUT_SWEEP)
def sweep_lockouts(actor: Actor) -> int:
    """Say in the record which locks have run out; the answer is how many."""
    enforce(actor, Action.LOCKOUT_SWEEP, Resource("workspace", actor.workspace_id))

    ended = lockout.ended(actor.workspace_id, timezone.now())
    if not ended:
        raise NothingChanged(0)

    for lock in ended:
        target = Target("user", lock.user_id) if lock.user_id else None
        record(Event.LOCKOUT_ENDED, actor, target=target, scope=lock.scope, user_id=lock.user_id, cause="ran_out")
    return len(ended)
