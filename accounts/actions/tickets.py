"""Tickets for sockets: given to a session, taken once."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sessions, tickets
from accounts.circumstances import Circumstances
from accounts.tickets import Ticket
from accounts.valkey import RedisError
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.pep import enforce, performs
from policy.types import Resource
from tenancy.actor import Actor
from tenancy.errors import NotSignedIn, Unavailable


def issue_ticket(actor: Actor) -> Ticket:
    """A ticket by which the actor's session opens one socket within a minute. Raises NotSignedIn, Unavailable."""
    session_id = actor.environment.session_id
    if session_id is None:
        raise NotSignedIn(_("You are not signed in."), remedy=_("Sign in again."))
    try:
        ticket = tickets.issue(actor.workspace_id, session_id)
    except RedisError:
        raise _away() from None
    return hand_out_ticket(actor, ticket=ticket)


@performs(Action.TICKET_ISSUE)
def hand_out_ticket(actor: Actor, *, ticket: Ticket) -> Ticket:
    """Let the actor have the ticket that was made for their session; one that is not handed out is never known."""
    session_id = actor.environment.session_id
    enforce(actor, Action.TICKET_ISSUE, Resource("session", session_id, properties={"owner_id": actor.id}))

    record(Event.TICKET_ISSUED, actor, target=Target("session", session_id), expires_at=ticket.expires_at)
    return ticket


def use_ticket(actor: Actor, *, token: str, circumstances: Circumstances) -> Actor | None:
    """The actor whose session the ticket stands for, or nobody: unknown, used, run out, or its session has ended."""
    try:
        session_id = tickets.redeem(actor.workspace_id, token)
    except RedisError:
        raise _away() from None
    return admit_by_ticket(actor, session_id=session_id, circumstances=circumstances)


@performs(Action.TICKET_USE)
def admit_by_ticket(actor: Actor, *, session_id: UUID | None, circumstances: Circumstances) -> Actor | None:
    """The actor of the session that a ticket named, if it still lives."""
    enforce(actor, Action.TICKET_USE, Resource("ticket"))

    session = sessions.by_ids([session_id]).get(session_id) if session_id else None
    if session is None or sessions.end_of(session, timezone.now()):
        record(Event.TICKET_REFUSED, actor, outcome="refused")
        return None
    signed_in = sessions.actor_of(session, circumstances)

    record(Event.TICKET_USED, signed_in, target=Target("session", session.id))
    return signed_in


def _away() -> Unavailable:
    return Unavailable(_("Tickets cannot be checked right now."), remedy=_("Try again in a moment."))
