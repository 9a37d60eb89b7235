"""Tickets: a minute's single permission to open a socket in the name of a session, for clients without cookies.

A ticket stands in Valkey as its hash, and is gone with its first use.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import tokens, valkey

LASTS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Told once and kept nowhere."""

    token: str
    expires_at: datetime


def issue(workspace_id: UUID, session_id: UUID) -> Ticket:
    """A ticket for this session. Raises RedisError when Valkey is away."""
    token, expires_at = tokens.new_token(), timezone.now() + LASTS
    held = json.dumps({"session": str(session_id), "until": expires_at.timestamp()})
    valkey.client().set(_key(workspace_id, token), held, ex=int(LASTS.total_seconds()), nx=True)
    return Ticket(token, expires_at)


def redeem(workspace_id: UUID, token: str) -> UUID | None:
    """The session of a ticket that was not used before; it is used now. Raises RedisError when Valkey is away."""
    if not tokens.well_formed(token):
        return None
    held = valkey.client().getdel(_key(workspace_id, token))
    if held is None:
        return None
    ticket = json.loads(held)
    return UUID(ticket["session"]) if ticket["until"] > timezone.now().timestamp() else None


def _key(workspace_id: UUID, token: str) -> str:
    return valkey.key("ticket", workspace_id, tokens.hashed(token).hex())
