"""The page that the web client starts on: the shell, its import map, and the one hash that lets the map in (R41)."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache, partial

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from tenancy.actor import SubjectKind
from tenancy.models import Workspace
from tenancy.scoping import within

BARE = {
    "preact": "vendor/preact.js",
    "preact/hooks": "vendor/preact-hooks.js",
    "htm": "vendor/htm.js",
    "markdown-it": "vendor/markdown-it.js",
}


@dataclass(frozen=True, slots=True)
class ImportMap:
    """Bare names, and in production the hashed name of every module, as one inline script with its CSP source."""

    text: str
    source: str
    modules: tuple[str, ...]


@cache
def import_map() -> ImportMap:
    """Computed once: the files of a release do not change under a running server."""
    modules = sorted(path for path in _static_files() if path.startswith("chat/") and path.endswith(".js"))
    imports = {name: static(path) for name, path in BARE.items()}
    imports |= {_plain(path): static(path) for path in modules if static(path) != _plain(path)}
    text = json.dumps({"imports": imports}, sort_keys=True, separators=(",", ":"))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return ImportMap(text, f"'sha256-{digest}'", tuple(static(path) for path in [*BARE.values(), *modules]))


def _plain(path: str) -> str:
    return f"{settings.STATIC_URL}{path}"


def _static_files() -> set[str]:
    return {path for finder in finders.get_finders() for path, _storage in finder.list([])}


@require_safe
@never_cache
@ensure_csrf_cookie
def client(request: HttpRequest) -> HttpResponseBase:
    """The client for somebody who is signed in, the sign-in page for everybody else."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None or actor.subject.kind is SubjectKind.ANONYMOUS:
        return redirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
    with within(actor.workspace_id):
        workspace = Workspace.objects.get(id=actor.workspace_id)
    page = import_map()
    show = csp_update({"script-src": [page.source]})(partial(_shell, workspace=workspace, page=page))
    return show(request)


def _shell(request: HttpRequest, *, workspace: Workspace, page: ImportMap) -> HttpResponse:
    urls = {name: reverse(name) for name in ("login", "logout", "password", "sessions", "profile")}
    return render(
        request,
        "chat/shell.html",
        {
            "workspace": workspace,
            "import_map": page,
            "urls": {
                **urls,
                "step_up": reverse("step-up"),
                "console": reverse("admin:index"),
                "socket": f"{get_script_prefix()}ws/chat",
            },
        },
    )
