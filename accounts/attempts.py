"""Attempts at a password, judged before any transaction: neither a slow hash nor a hanging Valkey holds a lock."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts import devices, lockout, passwords
from accounts.access import canonical_username, own_session, user_by_username
from accounts.circumstances import Circumstances
from accounts.lockout import Lock, Scope
from accounts.models import User, UserKind
from accounts.valkey import RedisError
from tenancy.actor import Actor
from tenancy.scoping import within

_LONGEST_NAME = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. `encoded` is the hash that fitted; an action that finds another one refuses."""

    username: str
    address: str
    user_id: UUID | None = None
    refusal: str = ""
    locked_until: datetime | None = None
    started: tuple[Lock, ...] = ()
    degraded: bool = False
    encoded: str = ""
    renewed: str = ""


def to_sign_in(workspace_id: UUID, *, username: str, password: str, circumstances: Circumstances) -> Attempt:
    """A try at somebody's password from outside. The same work is done whether or not there is such a name."""
    with within(workspace_id):
        user = user_by_username(username)
        known = devices.known(user, circumstances.device_token) is not None
    attempt = Attempt(canonical_username(username)[:_LONGEST_NAME], circumstances.address, user.id if user else None)
    return _judged(workspace_id, attempt, user, password, known_device=known)


def to_confirm(actor: Actor, *, password: str) -> Attempt:
    """A try at one's own password, inside a session."""
    with within(actor.workspace_id):
        user = User.objects.filter(id=actor.id).first()
        session = own_session(actor)
    attempt = Attempt(user.username if user else "", actor.environment.address, actor.id)
    known = session is not None and session.device_id is not None
    return _judged(actor.workspace_id, attempt, user, password, known_device=known)


def _judged(workspace_id: UUID, attempt: Attempt, user: User | None, password: str, *, known_device: bool) -> Attempt:
    attempt = _held_back(workspace_id, attempt, known_device=known_device)
    _let_others_use_the_connection()
    with passwords.turn():
        attempt = _counted(workspace_id, attempt)
        heard = user if not attempt.refusal else None
        kept = heard.password if heard is not None else ""
        fits = passwords.verified(heard, password)
    if attempt.refusal:
        return attempt
    if not fits or user is None or not user.is_active or user.kind != UserKind.PERSON:
        return _wrong(workspace_id, attempt)
    _take_back(workspace_id, attempt)
    return replace(attempt, started=(), encoded=kept, renewed=user.password)


def _let_others_use_the_connection() -> None:
    """A flood of sign-ins waits for the hash; it must not hold every connection of the pool meanwhile."""
    if not connection.in_atomic_block:
        connection.close()


def _held_back(workspace_id: UUID, attempt: Attempt, *, known_device: bool) -> Attempt:
    """Not heard while a lock lasts. Without Valkey only a device that was seen before is heard (R44)."""
    try:
        until = lockout.locked_until(
            workspace_id, username=attempt.username, address=attempt.address, now=timezone.now()
        )
    except RedisError:
        _log.warning("Valkey does not answer: sign-in is open to known devices only")
        return replace(attempt, degraded=True, refusal="" if known_device else "unavailable")
    return replace(attempt, refusal="locked", locked_until=until) if until else attempt


def _counted(workspace_id: UUID, attempt: Attempt) -> Attempt:
    """Count the attempt as a failure for now: many at once must not all be heard before the first is counted."""
    if attempt.refusal or attempt.degraded:
        return attempt
    try:
        started = _fail(workspace_id, lockout.ACCOUNT, attempt.username, attempt.user_id)
    except lockout.Locked:
        return _held_back(workspace_id, replace(attempt, refusal="locked"), known_device=False)
    except RedisError:
        _log.warning("Valkey does not answer: an attempt was not counted")
        return replace(attempt, degraded=True)
    return replace(attempt, started=tuple(started))


def _wrong(workspace_id: UUID, attempt: Attempt) -> Attempt:
    """It was a failure: of the account it is counted already, now of the address too."""
    attempt = replace(attempt, refusal="wrong")
    if attempt.degraded or not attempt.address:
        return attempt
    try:
        started = _fail(workspace_id, lockout.ADDRESS, attempt.address, None)
    except lockout.Locked:
        return attempt
    except RedisError:
        _log.warning("Valkey does not answer: a failure was not counted")
        return attempt
    return replace(attempt, started=(*attempt.started, *started))


def _fail(workspace_id: UUID, scope: Scope, who: str, user_id: UUID | None) -> list[Lock]:
    return lockout.fail(workspace_id, scope=scope, who=who, user_id=user_id, now=timezone.now())


def _take_back(workspace_id: UUID, attempt: Attempt) -> None:
    try:
        lockout.take_back(workspace_id, username=attempt.username, user_id=attempt.user_id, started=attempt.started)
    except RedisError:
        _log.warning("Valkey does not answer: a success was not counted")
