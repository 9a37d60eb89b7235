"""The life of an account: created, changed, deactivated, reactivated."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import lockout, passwords, sealing, sessions
from accounts.access import access_user, canonical_username, user_resource
from accounts.actions import rules
from accounts.actions.endings import end_sessions
from accounts.models import FactSource, FactSync, Role, RoleAssignment, SourceKind, User, UserKind, UserState
from accounts.roles import SystemRole
from accounts.valkey import RedisError
from audit.events import Event
from audit.log import Target, record
from keys.actions import create_user_key
from policy import epochs
from policy.catalogue import Action
from policy.models import EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.visible import visible_name
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, Invalid, Unavailable

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST_NAME = 120
_CHOICES: Mapping[str, frozenset[object]] = {
    "theme": frozenset({"system", "light", "dark"}),
    "contrast": frozenset({"system", "normal", "more"}),
    "density": frozenset({"comfortable", "normal", "compact"}),
    "enter_sends": frozenset({True, False}),
}


@performs(Action.USER_CREATE)
def create_user(
    actor: Actor,
    *,
    username: str,
    name: str = "",
    title: str = "",
    kind: UserKind = UserKind.PERSON,
    password: str | None = None,
) -> User:
    """A new account with a key of its own, as a member. A placeholder is born deactivated and holds no role."""
    user_id = new_id()
    enforce(actor, Action.USER_CREATE, user_resource(user_id))

    username = _checked_username(username)
    if password is not None:
        passwords.refuse_weak(password)

    create_user_key(actor, user_id=user_id)
    user = User(id=user_id, workspace_id=actor.workspace_id, username=username, kind=kind)
    user.state = UserState.DEACTIVATED if kind == UserKind.PLACEHOLDER else UserState.ACTIVE
    user.set_unusable_password()
    if password is not None:
        user.password = passwords.hashed(password)
    sealing.seal_profile(user, sealing.Profile(_checked_name(name, "name"), _checked_name(title, "title")))
    _save_new(user)
    epochs.begin(actor.workspace_id, EpochKind.SUBJECT, user.id)
    _welcome(user)

    record(Event.USER_CREATED, actor, target=Target("user", user.id), user_id=user.id, source="manual")
    return user


def _save_new(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise _taken() from None


def _taken() -> Conflict:
    return Conflict(_("This user name is taken."), field="username", remedy=_("Choose another one."))


def _welcome(user: User) -> None:
    """What everybody has at first; what is entered by hand is known to be complete: nothing yet (R5)."""
    now = timezone.now()
    manual = FactSource.objects.filter(kind=SourceKind.MANUAL)
    FactSync.objects.bulk_create(
        FactSync(workspace_id=user.workspace_id, user=user, source=source, synced_at=now) for source in manual
    )
    if user.kind != UserKind.PLACEHOLDER:
        role = Role.objects.get(system=SystemRole.MEMBER)
        RoleAssignment.objects.create(workspace_id=user.workspace_id, role=role, user=user)


@performs(Action.USER_UPDATE)
def update_user(
    actor: Actor, *, user_id: UUID, username: str | None = None, name: str | None = None, title: str | None = None
) -> User:
    """Correct the user name, name or title of somebody."""
    user = access_user(actor, user_id, Action.USER_UPDATE)
    rules.refuse_outranked(actor, Action.USER_UPDATE, user_id)

    changed = _rename(user, username) + _reprofile(user, name=name, title=title)
    if not changed:
        raise NothingChanged(user)
    try:
        with transaction.atomic():
            user.save(update_fields=["username", "profile", "profile_revision"])
    except IntegrityError:
        raise _taken() from None

    record(Event.USER_CHANGED, actor, target=Target("user", user_id), user_id=user_id, changed=changed)
    return user


@performs(Action.PROFILE_UPDATE)
def update_profile(
    actor: Actor, *, name: str | None = None, title: str | None = None, settings: Mapping[str, Any] | None = None
) -> sealing.Profile:
    """One's own name, title and client settings."""
    user = access_user(actor, actor.id, Action.PROFILE_UPDATE)

    changed = _reprofile(user, name=name, title=title, settings=settings)
    profile = sealing.open_profiles([user])[user.id]
    if not changed:
        raise NothingChanged(profile)
    user.save(update_fields=["profile", "profile_revision"])

    record(Event.USER_CHANGED, actor, target=Target("user", user.id), user_id=user.id, changed=changed)
    return profile


@performs(Action.USER_DEACTIVATE)
def deactivate_user(actor: Actor, *, user_id: UUID) -> User:
    """Shut somebody out at once, everywhere: their sessions end and every older permit is void."""
    user = access_user(actor, user_id, Action.USER_DEACTIVATE)
    rules.refuse_outranked(actor, Action.USER_DEACTIVATE, user_id)
    rules.refuse_last_owner(user_id)
    if user.state == UserState.DEACTIVATED:
        raise NothingChanged(user)

    ended = sessions.live_of(user_id)
    user.state = UserState.DEACTIVATED
    user.save(update_fields=["state"])

    record(Event.USER_DEACTIVATED, actor, target=Target("user", user_id), user_id=user_id)
    end_sessions(actor, ended, reason="deactivated")
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[user_id], reason="user_deactivated")
    return user


@performs(Action.USER_REACTIVATE)
def reactivate_user(actor: Actor, *, user_id: UUID) -> User:
    """Let somebody in again who was deactivated."""
    user = access_user(actor, user_id, Action.USER_REACTIVATE)
    rules.refuse_outranked(actor, Action.USER_REACTIVATE, user_id)
    if user.kind == UserKind.PLACEHOLDER:
        raise Conflict(_("A placeholder stands for imported messages and nobody can use it."), field="user")
    if user.state == UserState.ACTIVE:
        raise NothingChanged(user)

    user.state = UserState.ACTIVE
    user.save(update_fields=["state"])

    record(Event.USER_REACTIVATED, actor, target=Target("user", user_id), user_id=user_id)
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[user_id], reason="user_reactivated")
    return user


def set_password(actor: Actor, *, user_id: UUID, password: str) -> None:
    """Give an account a password; its other sessions end. One's own needs a fresh proof of identity."""
    passwords.refuse_weak(password)
    store_password(actor, user_id=user_id, encoded=passwords.hashed(password))


@performs(Action.PASSWORD_SET)
def store_password(actor: Actor, *, user_id: UUID, encoded: str) -> None:
    """Put a password that was hashed before; slow work holds no lock."""
    user = access_user(actor, user_id, Action.PASSWORD_SET)
    rules.refuse_outranked(actor, Action.PASSWORD_SET, user_id)
    if actor.id == user_id:
        rules.refuse_stale_proof(actor, Action.PASSWORD_SET, user_resource(user_id))
    if user.kind == UserKind.PLACEHOLDER:
        raise Conflict(_("A placeholder stands for imported messages and nobody can use it."), field="user")

    user.password = encoded
    user.save(update_fields=["password"])
    others = [session for session in sessions.live_of(user_id) if session.id != actor.environment.session_id]

    record(Event.PASSWORD_CHANGED, actor, target=Target("user", user_id), user_id=user_id)
    end_sessions(actor, others, reason="password_changed")


@performs(Action.USER_UNLOCK)
def unlock_user(actor: Actor, *, user_id: UUID) -> None:
    """Lift the lock that failed sign-ins have put on an account (ID-8)."""
    user = access_user(actor, user_id, Action.USER_UNLOCK)

    try:
        lifted = lockout.unlock(actor.workspace_id, user.username, user.id)
    except RedisError:
        raise Unavailable(_("The lock cannot be lifted right now."), remedy=_("Try again in a moment.")) from None
    if not lifted:
        raise NothingChanged(None)

    record(
        Event.LOCKOUT_ENDED, actor, target=Target("user", user_id), scope="account", user_id=user_id, cause="unlocked"
    )


def _rename(user: User, username: str | None) -> list[str]:
    if username is None or canonical_username(username) == user.username:
        return []
    user.username = _checked_username(username)
    return ["username"]


def _reprofile(
    user: User, *, name: str | None, title: str | None, settings: Mapping[str, Any] | None = None
) -> list[str]:
    """Seal what differs; the answer is which of the three do."""
    present = sealing.open_profiles([user])[user.id]
    wanted = replace(
        present,
        name=present.name if name is None else _checked_name(name, "name"),
        title=present.title if title is None else _checked_name(title, "title"),
        settings=present.settings if settings is None else {**present.settings, **_checked_settings(settings)},
    )
    changed = [part for part in ("name", "title", "settings") if getattr(wanted, part) != getattr(present, part)]
    if changed:
        sealing.seal_profile(user, wanted)
    return changed


def _checked_username(username: str) -> str:
    canonical = canonical_username(username)
    if not _USERNAME.fullmatch(canonical):
        raise Invalid(
            _("This cannot be a user name."),
            field="username",
            remedy=_("Use up to 64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit."),
        )
    return canonical


def _checked_name(text: str, field: str) -> str:
    return visible_name(text, longest=_LONGEST_NAME, field=field) if text.strip() else ""


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in settings.items():
        if key not in _CHOICES or not isinstance(value, str | bool) or value not in _CHOICES[key]:
            raise Invalid(_("There is no such setting."), field=f"settings.{key}"[:80])
    return dict(settings)
