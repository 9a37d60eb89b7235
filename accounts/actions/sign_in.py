"""Signing in and out: every way in ends in a session of the registry, every failed one looks like any other (ID-8)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import devices, lockout, passwords, sessions, tokens
from accounts.access import access_session, access_user, canonical_username, user_by_username
from accounts.actions.devices import register_device
from accounts.circumstances import Circumstances
from accounts.models import LoginLink, Session, User, UserKind
from accounts.sessions import Issued
from accounts.valkey import RedisError
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.models import EpochKind
from policy.pep import enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.errors import Conflict, DomainError, Invalid, RateLimited, Unavailable
from tenancy.models import Workspace

LINK_LASTS = timedelta(minutes=10)
PASSWORD_STRENGTH = 1
"""What re-entering the password counts for until there are other factors (R15)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session, or why there is none: `wrong`, `locked` or `unavailable`, the same whether or not the name exists."""

    issued: Issued | None = None
    device_token: str = ""
    refusal: str = ""
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link that signs in once; the token is told once and kept nowhere."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at a password, with everything that it is counted by."""

    actor: Actor
    user: User | None
    username: str
    address: str

    @property
    def user_id(self) -> UUID | None:
        return self.user.id if self.user else None


@performs(Action.SESSION_START)
def start_session(actor: Actor, *, username: str, password: str, circumstances: Circumstances) -> SignIn:
    """Sign in with a password. One hash is computed in every case, so that time tells nothing about the name."""
    enforce(actor, Action.SESSION_START, Resource("session"))
    _refuse_foreign_sign_in(actor)

    user = user_by_username(username)
    attempt = _Attempt(actor, user, canonical_username(username)[:64], circumstances.address)
    held = _held_back(attempt, devices.known(user, circumstances.device_token) is not None)
    fits = passwords.verified(None if held else user, password)
    if held is not None:
        return _refused(attempt, held)
    if not fits or user is None or not user.is_active or user.kind != UserKind.PERSON:
        _count_failure(attempt)
        return _refused(attempt, SignIn(refusal="wrong"))

    user.save(update_fields=["password"])  # its hash may have been renewed
    _forget_failures(attempt)
    return _open_session(actor, user, methods=["password"], circumstances=circumstances)


@performs(Action.LINK_ISSUE)
def issue_login_link(actor: Actor, *, user_id: UUID) -> IssuedLink:
    """A link by which one person signs in once, within ten minutes."""
    user = access_user(actor, user_id, Action.LINK_ISSUE)
    if not user.is_active or user.kind != UserKind.PERSON:
        raise Conflict(_("This account cannot sign in."), field="user", remedy=_("Reactivate it first."))

    token, expires_at = tokens.new_token(), timezone.now() + LINK_LASTS
    LoginLink.objects.create(
        workspace_id=actor.workspace_id, user=user, token_hash=tokens.hashed(token), expires_at=expires_at
    )

    record(Event.LOGIN_LINK_ISSUED, actor, target=Target("user", user_id), user_id=user_id, expires_at=expires_at)
    return IssuedLink(token, expires_at)


@performs(Action.LINK_USE)
def use_login_link(actor: Actor, *, token: str, circumstances: Circumstances) -> SignIn:
    """Sign in with a link. The row is locked: of two who come at once, one gets in."""
    enforce(actor, Action.LINK_USE, Resource("link"))

    rows = LoginLink.objects.select_related("user__workspace").select_for_update(no_key=True, of=("self",))
    link = rows.filter(token_hash=tokens.hashed(token)).first()
    now = timezone.now()
    if link is None or link.used_at is not None or link.expires_at <= now or not link.user.is_active:
        record(Event.LOGIN_LINK_REFUSED, actor, outcome="refused", user_id=link.user_id if link else None)
        return SignIn(refusal="wrong")
    link.used_at = now
    link.save(update_fields=["used_at"])

    record(Event.LOGIN_LINK_USED, actor, target=Target("user", link.user_id), user_id=link.user_id)
    return _open_session(actor, link.user, methods=["link"], circumstances=circumstances)


@performs(Action.SESSION_END)
def end_session(actor: Actor) -> None:
    """Sign out of the present session."""
    session = _own_session(actor, Action.SESSION_END)

    sessions.end([session], "signed_out")

    record(Event.LOGGED_OUT, actor, target=Target("session", session.id), session_id=session.id)
    announce_access_change(actor, kind=EpochKind.SESSION, keys=[session.id], reason="session_signed_out")


@performs(Action.SESSION_STEP_UP)
def step_up(actor: Actor, *, password: str) -> SignIn:
    """Prove again who one is by entering the password (R15); the session gets a new token."""
    session = _own_session(actor, Action.SESSION_STEP_UP)

    attempt = _Attempt(actor, session.user, session.user.username, actor.environment.address)
    held = _held_back(attempt, session.device_id is not None)
    fits = passwords.verified(session.user, password)
    if held is not None or not fits:
        if held is None:
            _count_failure(attempt)
        record(Event.STEP_UP_FAILED, actor, target=Target("session", session.id), outcome="refused", method="password")
        return held or SignIn(refusal="wrong")
    _forget_failures(attempt)
    issued = sessions.confirm(session)

    record(
        Event.STEP_UP_SUCCEEDED,
        actor,
        target=Target("session", session.id),
        method="password",
        strength=PASSWORD_STRENGTH,
    )
    announce_access_change(actor, kind=EpochKind.SESSION, keys=[session.id], reason="step_up")
    return SignIn(issued)


def refusal_error(answer: SignIn) -> DomainError:
    """Why there is no session, as an error, for doors that speak in errors."""
    if answer.refusal == "locked" and answer.locked_until is not None:
        seconds = max(1, ceil((answer.locked_until - timezone.now()).total_seconds()))
        return RateLimited(_("There were too many failed attempts."), retry_after=seconds, field="password")
    if answer.refusal == "unavailable":
        return Unavailable(_("Passwords cannot be checked right now."), remedy=_("Try again in a moment."))
    return Invalid(_("The password is wrong."), field="password", remedy=_("Enter it again."))


def _own_session(actor: Actor, action: Action) -> Session:
    """The session that the actor acts in. Raises NotFound or AccessDenied for an actor without one."""
    return access_session(actor, actor.environment.session_id, action)  # type: ignore[arg-type]


def _refuse_foreign_sign_in(actor: Actor) -> None:
    if not Workspace.objects.get(id=actor.workspace_id).local_accounts:
        raise Conflict(
            _("This workspace does not use passwords of its own."), remedy=_("Sign in through your organisation.")
        )


def _held_back(attempt: _Attempt, known_device: bool) -> SignIn | None:  # noqa: FBT001 - a fact, not a switch
    """Why this attempt is not heard, if it is not. Without Valkey only a device that was seen before is heard (R44)."""
    try:
        until = lockout.locked_until(
            attempt.actor.workspace_id, username=attempt.username, address=attempt.address, now=timezone.now()
        )
    except RedisError:
        _log.warning("Valkey does not answer: sign-in is open to known devices only")
        record(Event.LIMITER_DEGRADED, attempt.actor, scope="lockout")
        return None if known_device else SignIn(refusal="unavailable")
    return SignIn(refusal="locked", locked_until=until) if until else None


def _count_failure(attempt: _Attempt) -> None:
    try:
        started = lockout.fail(
            attempt.actor.workspace_id,
            username=attempt.username,
            address=attempt.address,
            user_id=attempt.user_id,
            now=timezone.now(),
        )
    except RedisError:
        return
    for lock in started:
        of_account = lock.scope == lockout.ACCOUNT.name
        record(
            Event.LOCKOUT_STARTED,
            attempt.actor,
            target=Target("user", attempt.user_id) if of_account and attempt.user_id else None,
            scope=lock.scope,
            minutes=lock.minutes,
            user_id=lock.user_id,
            username=attempt.username if of_account else None,
        )


def _forget_failures(attempt: _Attempt) -> None:
    try:
        lockout.forget(attempt.actor.workspace_id, attempt.username)
    except RedisError:
        _log.warning("Valkey does not answer: earlier failures of an account were not forgotten")


def _refused(attempt: _Attempt, answer: SignIn) -> SignIn:
    record(
        Event.LOGIN_FAILED,
        attempt.actor,
        target=Target("user", attempt.user_id) if attempt.user_id else None,
        outcome="refused",
        username=attempt.username or None,
        cause=answer.refusal,
    )
    return answer


def _open_session(actor: Actor, user: User, *, methods: Sequence[str], circumstances: Circumstances) -> SignIn:
    device, device_token = devices.known(user, circumstances.device_token), ""
    if device is None:
        registered = register_device(_acting_for(actor, user), name=circumstances.user_agent)
        device, device_token = registered.device, registered.token
    issued = sessions.begin(user, methods=methods, device=device, circumstances=circumstances)

    signed_in = sessions.actor_of(issued.session, circumstances)
    target = Target("user", user.id)
    record(Event.LOGIN_SUCCEEDED, signed_in, target=target, methods=list(methods))
    record(
        Event.SESSION_CREATED,
        signed_in,
        target=Target("session", issued.session.id),
        session_id=issued.session.id,
        user_id=user.id,
        methods=list(methods),
    )
    return SignIn(issued, device_token)


def _acting_for(actor: Actor, user: User) -> Actor:
    """The one who has just proven who they are, before their session exists."""
    seen = actor.environment
    environment = Environment(request_id=seen.request_id, address=seen.address, user_agent=seen.user_agent)
    return replace(actor, subject=Subject(user.id, SubjectKind.USER), environment=environment)
