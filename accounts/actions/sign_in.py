"""Signing in and out: every way in ends in a session of the registry, every failed one looks like any other (ID-8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import attempts, devices, lockout, sessions, tokens
from accounts.access import access_session, access_user
from accounts.actions.devices import register_device
from accounts.attempts import Attempt
from accounts.circumstances import Circumstances
from accounts.models import LoginLink, Session, User, UserKind
from accounts.sessions import Issued
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


def start_session(actor: Actor, *, username: str, password: str, circumstances: Circumstances) -> SignIn:
    """Sign in with a password. One hash is computed in every case, so that time tells nothing about the name."""
    attempt = attempts.to_sign_in(actor.workspace_id, username=username, password=password, circumstances=circumstances)
    return begin_session(actor, attempt=attempt, circumstances=circumstances)


@performs(Action.SESSION_START)
def begin_session(actor: Actor, *, attempt: Attempt, circumstances: Circumstances) -> SignIn:
    """Open the session that an attempt has earned, or say in the record why there is none."""
    enforce(actor, Action.SESSION_START, Resource("session"))
    _refuse_foreign_sign_in(actor)

    user = _still_fitting(attempt)
    _record_attempt(actor, attempt)
    if user is None:
        return _refused(actor, attempt)
    if attempt.renewed != user.password:
        user.password = attempt.renewed
        user.save(update_fields=["password"])
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


def step_up(actor: Actor, *, password: str) -> SignIn:
    """Prove again who one is by entering the password (R15); the session gets a new token."""
    return confirm_session(actor, attempt=attempts.to_confirm(actor, password=password))


@performs(Action.SESSION_STEP_UP)
def confirm_session(actor: Actor, *, attempt: Attempt) -> SignIn:
    """Note that the actor's session was confirmed by an attempt, or that it was not."""
    session = _own_session(actor, Action.SESSION_STEP_UP)
    if not session.user.has_usable_password():
        raise Conflict(
            _("This account has no password."),
            field="password",
            remedy=_("Sign in again and set one in your settings, or ask an administrator of this workspace."),
        )

    target = Target("session", session.id)
    _record_attempt(actor, attempt)
    if attempt.user_id != session.user_id or _still_fitting(attempt) is None:
        record(Event.STEP_UP_FAILED, actor, target=target, outcome="refused", method="password")
        return _answer(attempt)
    issued = sessions.confirm(session)

    record(Event.STEP_UP_SUCCEEDED, actor, target=target, method="password", strength=PASSWORD_STRENGTH)
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


def _still_fitting(attempt: Attempt) -> User | None:
    """Whose attempt it was, if it fitted and nothing has changed since: neither the password nor the account."""
    if attempt.refusal or attempt.user_id is None:
        return None
    rows = User.objects.select_related("workspace").select_for_update(no_key=True, of=("self",))
    user: User | None = rows.filter(id=attempt.user_id, password=attempt.encoded).first()
    return user if user is not None and user.is_active and user.kind == UserKind.PERSON else None


def _record_attempt(actor: Actor, attempt: Attempt) -> None:
    if attempt.degraded:
        record(Event.LIMITER_DEGRADED, actor, scope="lockout")
    for lock in attempt.started:
        of_account = lock.scope == lockout.ACCOUNT.name
        record(
            Event.LOCKOUT_STARTED,
            actor,
            target=Target("user", lock.user_id) if lock.user_id else None,
            scope=lock.scope,
            minutes=lock.minutes,
            user_id=lock.user_id,
            username=attempt.username if of_account else None,
        )


def _refused(actor: Actor, attempt: Attempt) -> SignIn:
    answer = _answer(attempt)
    record(
        Event.LOGIN_FAILED,
        actor,
        target=Target("user", attempt.user_id) if attempt.user_id else None,
        outcome="refused",
        username=attempt.username or None,
        cause=answer.refusal,
    )
    return answer


def _answer(attempt: Attempt) -> SignIn:
    return SignIn(refusal=attempt.refusal or "wrong", locked_until=attempt.locked_until)


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
