"""Who is behind an API request or a socket."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication as FrameworkSessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import ratelimit, sessions
from accounts.actions import note_violation, use_ticket
from accounts.addressing import Addressed, addressed
from accounts.circumstances import Circumstances, cookies_of, headers_of, of_request, of_scope
from accounts.requests import actor_of, plain
from accounts.throttling import let_in
from audit.events import Event
from policy.types import AccessDenied
from tenancy.actor import Actor, anonymous_actor
from tenancy.errors import DomainError, NotFound, NotSignedIn
from tenancy.scoping import within

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports these classes itself, through the settings

TICKET_PREFIX = "ticket."


class OriginRefused(DomainError):
    """The page that asks belongs to somebody else (RFC 6455 §10.2)."""

    code = "origin_refused"


class SessionAuthentication(FrameworkSessionAuthentication):
    """The session that the middleware found; a change needs the CSRF token as well."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        return found

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        return "Session"


class ApiThrottle(BaseThrottle):
    """Every request to the API counts, by session or address."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        limit = getattr(view, "limit", ratelimit.API)
        let_in(limit, actor_of(request), of_request(plain(request)))
        return True


def actor_for_scope(scope: Mapping[str, Any]) -> Actor:
    """The actor who opens a socket, by session cookie from our own pages, or by ticket. Call it in a thread.

    Raises:
        NotFound: no workspace answers at this host.
        OriginRefused: a page of another origin asks, or one that hides its origin.
        NotSignedIn: no live session, or a ticket that is unknown, used or too old.
        RateLimited, Unavailable: too many sockets from there, or nobody can count them.
    """
    headers = headers_of(scope)
    found = addressed(headers.get("host", ""), scope.get("path", ""))
    if found is None:
        raise NotFound(_("No workspace answers here."), field="host")
    circumstances = of_scope(scope)
    visitor = anonymous_actor(found.workspace_id, address=circumstances.address, user_agent=circumstances.user_agent)
    let_in(ratelimit.CONNECT, visitor, circumstances)

    ticket = _ticket(scope)
    try:
        _refuse_foreign_origin(scope, visitor, needed=not ticket)
        if ticket:
            return _by_ticket(visitor, ticket, circumstances)
        return _by_cookie(found, scope, circumstances)
    except AccessDenied:
        raise NotSignedIn(_("Nobody can sign in here right now.")) from None


def _ticket(scope: Mapping[str, Any]) -> str:
    offered = [name for name in scope.get("subprotocols", ()) if name.startswith(TICKET_PREFIX)]
    return offered[0].removeprefix(TICKET_PREFIX) if len(offered) == 1 else ""


def _refuse_foreign_origin(scope: Mapping[str, Any], visitor: Actor, *, needed: bool) -> None:
    """A browser always says whose page asks; a client without cookies need not."""
    headers = headers_of(scope)
    origin = headers.get("origin", "")
    if not origin and not needed:
        return
    if urlsplit(origin).scheme in _schemes() and urlsplit(origin).netloc.lower() == headers.get("host", "").lower():
        return
    note_violation(visitor, event=Event.ORIGIN_REFUSED, data={"origin": origin[:200] or None})
    raise OriginRefused(_("This page may not open a connection here."), field="origin")


def _schemes() -> frozenset[str]:
    return frozenset({"https"}) if settings.HTTPS else frozenset({"http", "https"})


def _by_ticket(visitor: Actor, ticket: str, circumstances: Circumstances) -> Actor:
    actor = use_ticket(visitor, token=ticket, circumstances=circumstances)
    if actor is None:
        raise NotSignedIn(_("This ticket is not valid."), remedy=_("Get a new one."))
    return actor


def _by_cookie(found: Addressed, scope: Mapping[str, Any], circumstances: Circumstances) -> Actor:
    token = cookies_of(scope).get(found.cookie(settings.SESSION_COOKIE_NAME), "")
    with within(found.workspace_id):
        return sessions.actor_for_token(found.workspace_id, token, circumstances)
