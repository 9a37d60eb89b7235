"""Every HTTP request learns its workspace, its session and its actor here, before any view runs."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from auditlog.context import set_extra_data
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix, set_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.addressing import Addressed, addressed
from accounts.circumstances import of_request
from accounts.models import Session
from accounts.session_store import SessionStore
from policy.drf import Problem, is_api, problem_answer
from tenancy.actor import SubjectKind, anonymous_actor
from tenancy.scoping import within

Answer = Callable[[HttpRequest], HttpResponse]
_BY_ITSELF = "X-Unattended"
_OF_THE_PLATFORM = re.compile(r"/(healthz|readyz|metrics)$")


class WorkspaceMiddleware:
    """Sets `request.workspace_id`; a host that names no workspace gets nothing but a page that says so (R26)."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.addressed, request.workspace_id = None, None  # type: ignore[attr-defined]
        if _OF_THE_PLATFORM.match(request.path_info):
            return self.get_response(request)
        found = addressed(request.get_host(), request.path_info)
        if found is None:
            return _nobody_answers(request)
        request.addressed, request.workspace_id = found, found.workspace_id  # type: ignore[attr-defined]
        with _below(request, found.prefix):
            return self.get_response(request)


def _nobody_answers(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return problem_answer(Problem(404, "not_found", _("No workspace answers here.")))
    return render(request, "accounts/no_workspace.html", status=404)


@contextmanager
def _below(request: HttpRequest, prefix: str) -> Iterator[None]:
    """Let the URL configuration see the path below the workspace, and `reverse` put the workspace before it."""
    if not prefix:
        yield
        return
    request.path_info = request.path_info.removeprefix(prefix)
    request.META["SCRIPT_NAME"] = prefix
    outside = get_script_prefix()
    set_script_prefix(f"{prefix}/")
    try:
        yield
    finally:
        set_script_prefix(outside)


class RegistrySessionMiddleware(SessionMiddleware):
    """Opens the live session behind the cookie, which holds nothing but a random token (ID-9).

    Cookies are set where sessions begin and end (`accounts.cookies`), never here.
    """

    def process_request(self, request: HttpRequest) -> None:
        token, row = "", None
        found: Addressed | None = getattr(request, "addressed", None)
        if found is not None:
            token = request.COOKIES.get(found.cookie(settings.SESSION_COOKIE_NAME), "")
            row = _live(request, found.workspace_id, token) if token else None
        request.session = SessionStore(token if row else None, row)
        request.session_row = row  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        row = getattr(request, "session_row", None)
        if row is None:
            return response
        patch_vary_headers(response, ("Cookie",))
        response.headers.setdefault("Cache-Control", "no-store")
        if request.session.modified:
            request.session.save()
        return response


def _live(request: HttpRequest, workspace_id: UUID, token: str) -> Session | None:
    """The session of this token; to ask in it is to use it, but for what a page asks by itself."""
    with within(workspace_id):
        row = sessions.find(workspace_id, token)
        if row is not None and _BY_ITSELF not in request.headers:
            sessions.note_use(row)
        return row


class ActorMiddleware(AuthenticationMiddleware):
    """Sets `request.actor`, as whom everything in this request is done, and `request.user` for what Django shows."""

    def process_request(self, request: HttpRequest) -> None:
        workspace_id, row = getattr(request, "workspace_id", None), getattr(request, "session_row", None)
        request.actor, request.user = None, AnonymousUser()  # type: ignore[attr-defined]
        if workspace_id is None:
            return
        circumstances = of_request(request)
        if row is None:
            request.actor = anonymous_actor(  # type: ignore[attr-defined]
                workspace_id, address=circumstances.address, user_agent=circumstances.user_agent
            )
            return
        request.actor = row.user.actor = sessions.actor_of(row, circumstances)  # type: ignore[attr-defined]
        request.user = row.user


class FieldDiffMiddleware:
    """Lets the field changes of the console say who made them."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor = getattr(request, "actor", None)
        if actor is None or actor.subject.kind is SubjectKind.ANONYMOUS or not _in_console(request):
            return self.get_response(request)
        with set_extra_data({"actor_id": actor.id, "cid": str(actor.environment.request_id)}):
            return self.get_response(request)


def _in_console(request: HttpRequest) -> bool:
    return request.path_info.startswith(f"/{settings.CONSOLE_PATH}")
