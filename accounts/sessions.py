"""Sessions: from the token in a cookie to the actor, anew for every request and every frame (ID-9).

Nothing about a session is remembered between two uses: what was revoked, has run out or belongs to somebody who was
deactivated is refused on its very next use. Everything here runs inside `within(workspace_id)`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sealing, tokens
from accounts.circumstances import Circumstances
from accounts.models import Device, Session, User, UserKind, UserState
from policy import epochs
from policy.models import EpochKind
from tenancy import statements
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.errors import NotSignedIn
from tenancy.models import Workspace
from tenancy.scoping import open_workspace_id

FRESH_PROOF = timedelta(minutes=5)
"""How long a proof of identity counts as fresh, unless policy asks for less."""
USE_NOTED = timedelta(seconds=60)
_KINDS = {UserKind.SERVICE: SubjectKind.SERVICE}


@dataclass(frozen=True, slots=True)
class Issued:
    """A session that has just begun or got a new token; the token is told once and kept nowhere."""

    session: Session
    token: str


def actor_for_token(workspace_id: UUID, token: str, circumstances: Circumstances) -> Actor:
    """The actor whom this token stands for.

    Raises:
        NotSignedIn: there is no such session, or it has ended; which of these is not told.
    """
    session = find(workspace_id, token)
    if session is None:
        raise NotSignedIn(_("You are not signed in."), remedy=_("Sign in again."))
    return actor_of(session, circumstances)


def find(workspace_id: UUID, token: str) -> Session | None:
    """The live session of this token with its user, or None."""
    if not tokens.well_formed(token):
        return None
    session = _rows().filter(workspace_id=workspace_id, token_hash=tokens.hashed(token)).first()
    return session if session is not None and end_of(session, timezone.now()) == "" else None


def refresh(actor: Actor) -> Actor:
    """The same actor as their session is now: revoked, expired, confirmed anew? For sockets, before each frame.

    Asking is no use of the session: only `note_use` puts off its idle limit.

    An actor without a session (a job, a service of the platform) is returned as it is.

    Raises:
        NotSignedIn: the session has ended.
    """
    return refresh_many([actor])[0]


def refresh_many(actors: Sequence[Actor]) -> list[Actor]:
    """`refresh` for a batch, with one query. Raises NotSignedIn if any of the sessions has ended."""
    wanted = {actor.environment.session_id for actor in actors} - {None}
    now = timezone.now()
    live = {id_: session for id_, session in by_ids(wanted).items() if end_of(session, now) == ""}
    if live.keys() != wanted:
        raise NotSignedIn(_("Your session has ended."), remedy=_("Sign in again."))
    return [_refreshed(actor, live) for actor in actors]


def _refreshed(actor: Actor, live: dict[UUID, Session]) -> Actor:
    session = live.get(actor.environment.session_id) if actor.environment.session_id else None
    if session is None:
        return actor
    environment = replace(
        actor.environment,
        methods=tuple(session.methods),
        authenticated_at=session.authenticated_at,
        step_up_at=session.step_up_at,
    )
    return replace(actor, environment=environment)


def end_of(session: Session, now: datetime) -> str:
    """Why a session is over, as a code, or nothing if it lives."""
    if session.revoked_at is not None:
        return session.end_reason or "revoked"
    if session.user.state != UserState.ACTIVE:
        return "deactivated"
    if session.expires_at <= now:
        return "expired"
    if idle_until(session) <= now:
        return "idle"
    return ""


def idle_until(session: Session) -> datetime:
    return session.last_used_at + timedelta(minutes=session.workspace.session_idle_minutes)


def actor_of(session: Session, circumstances: Circumstances) -> Actor:
    """The actor of a live session, coming from there now."""
    environment = Environment(
        session_id=session.id,
        device_id=session.device_id,
        address=circumstances.address,
        user_agent=circumstances.user_agent,
        methods=tuple(session.methods),
        authenticated_at=session.authenticated_at,
        step_up_at=session.step_up_at,
    )
    kind = _KINDS.get(UserKind(session.user.kind), SubjectKind.USER)
    return Actor(session.workspace_id, Subject(session.user_id, kind), environment)


def note_use(session: Session) -> None:
    """Somebody does something in this session now; noted at most once a minute."""
    if session.last_used_at <= timezone.now() - USE_NOTED:
        note_use_of(session.id)


def note_use_of(session_id: UUID) -> None:
    """The same, for those who do not hold the row. A session that rested too long already is not woken."""
    now = timezone.now()
    resting = Session.objects.filter(id=session_id, revoked_at=None, last_used_at__gt=now - _idle_limit())
    resting.update(last_used_at=now)


def begin(user: User, *, methods: Sequence[str], device: Device | None, circumstances: Circumstances) -> Issued:
    """A new session with a token of its own: whatever the browser held before is worth nothing (ASVS 5.0 §7.2.4)."""
    now, token = timezone.now(), tokens.new_token()
    session = Session(
        workspace=user.workspace,
        user=user,
        device=device,
        token_hash=tokens.hashed(token),
        methods=list(methods),
        authenticated_at=now,
        last_used_at=now,
        expires_at=now + timedelta(hours=user.workspace.session_max_hours),
    )
    sealing.seal_origin(session, sealing.Origin(circumstances.address, circumstances.user_agent))
    session.save(force_insert=True)
    epochs.begin(user.workspace_id, EpochKind.SESSION, session.id)
    return Issued(session, token)


def confirm(session: Session) -> Issued:
    """The user proved again who they are: note it, and give the session a new token (ASVS 5.0 §7.2.4)."""
    token = tokens.new_token()
    session.token_hash, session.step_up_at = tokens.hashed(token), timezone.now()
    session.save(update_fields=["token_hash", "step_up_at"])
    return Issued(session, token)


def end(sessions: Iterable[Session], reason: str) -> list[Session]:
    """End those that live; the answer is which those were."""
    now = timezone.now()
    live = [session for session in sessions if session.revoked_at is None]
    for session in live:
        session.revoked_at, session.end_reason, session.data = now, reason, None
    Session.objects.bulk_update(live, ["revoked_at", "end_reason", "data"])
    return live


def live_of(user_id: UUID) -> list[Session]:
    """The sessions of one user that have not ended, the latest first."""
    now = timezone.now()
    rows = _rows().filter(user_id=user_id, revoked_at=None, expires_at__gt=now).order_by("-last_used_at")
    return [session for session in rows if end_of(session, now) == ""]


def run_out(now: datetime, limit: int) -> list[Session]:
    """Sessions that are over by the clock and not yet marked so; locked against a second sweep."""
    over = Q(expires_at__lte=now) | Q(last_used_at__lte=now - _idle_limit())
    rows = _rows().filter(over, revoked_at=None).select_for_update(no_key=True, of=("self",), skip_locked=True)[:limit]
    return [session for session in rows if end_of(session, now) in {"expired", "idle"}]


def _idle_limit() -> timedelta:

    minutes = Workspace.objects.values_list("session_idle_minutes", flat=True).first()
    return timedelta(minutes=minutes or 0)


_JUDGED_BY = """
select s.id, s.workspace_id, s.user_id, s.device_id, s.methods, s.authenticated_at, s.step_up_at, s.last_used_at,
       s.expires_at, s.revoked_at, s.end_reason,
       u.id, u.kind, u.state, w.id, w.session_idle_minutes, d.id, d.compliant, d.posture_at, d.removed_at
  from accounts_session s
  join accounts_user u on u.id = s.user_id
  join tenancy_workspace w on w.id = s.workspace_id
  left join accounts_device d on d.id = s.device_id
 where s.workspace_id = %b and s.id = any(%b::uuid[])
"""
_OF_SESSION = (
    *("id", "workspace_id", "user_id", "device_id", "methods", "authenticated_at", "step_up_at", "last_used_at"),
    *("expires_at", "revoked_at", "end_reason"),
)
_OF_USER = ("id", "kind", "state")
_OF_WORKSPACE = ("id", "session_idle_minutes")
_OF_DEVICE = ("id", "compliant", "posture_at", "removed_at")
Row = TypeVar("Row", bound=Model)


def by_ids(session_ids: Iterable[UUID | None]) -> dict[UUID, Session]:
    """Sessions whether they live or not, with what they are judged by and nothing that is sealed; in one query."""
    wanted = list(session_ids)
    found = statements.rows(_JUDGED_BY, [open_workspace_id(), wanted]) if wanted else []
    return {row[0]: _judged(row) for row in found}


def _judged(row: tuple[Any, ...]) -> Session:
    values = iter(row)
    session = _partly(Session, _OF_SESSION, values)
    session.user = _partly(User, _OF_USER, values)
    session.workspace = _partly(Workspace, _OF_WORKSPACE, values)
    device = _partly(Device, _OF_DEVICE, values)
    session.device = device if session.device_id is not None else None
    return session


def _partly(model: type[Row], names: Sequence[str], values: Iterator[Any]) -> Row:
    """A row of which only these columns, in the order of the model, are known; any other would be asked for."""
    return model.from_db(DEFAULT_DB_ALIAS, names, [next(values) for _name in names])


def _rows() -> QuerySet[Session]:
    rows: QuerySet[Session] = Session.objects.select_related("user", "workspace", "device")
    return rows
