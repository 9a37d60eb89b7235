"""The console: the Django admin under the decision point, with our own skin (AD-5, R28).

Every request is decided before anything is read: who may enter, then who may open the page. A refusal is recorded
outside of every transaction (R34) and answered by a page that names its reason and its decision.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from accounts.access import cards, client_settings
from chatapp import dashboard
from chatapp.console_words import WORDS
from policy import pep
from policy.catalogue import GATES, Action
from policy.console.admin import ConsoleAdmin
from policy.console.frame import TITLES, Entry, Section
from policy.console.pages import PAGES
from policy.console.standing import Standing
from policy.language.errors import PolicyLanguageError
from policy.types import AccessDenied, Decision, Resource
from policy.wording import FLAGS, in_detail
from rooms.bars import bar_of, written
from tenancy.actor import SubjectKind
from tenancy.errors import DomainError, Invalid
from tenancy.jsontext import UNREADABLE
from tenancy.models import Workspace

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

ENTRY = Resource("console")
_CLOSED = frozenset(
    {"logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site", "app_list"}
)
"""Views of the Django admin that know nothing of sessions, workspaces or decisions of ours."""
LONGEST = 2_000
"""A parameter of an address of the console has at most so many characters."""


class ConsoleSite(admin.AdminSite):
    """The one site of the console. Only screens that declare what opens them can be registered."""

    site_title = gettext_lazy("Operator console")
    site_header = gettext_lazy("Operator console")
    index_title = gettext_lazy("Dashboard")
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take our own screens; those that other packages bring along by-pass the decision point and are left out."""
        if admin_class is not None and issubclass(admin_class, ConsoleAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        pages = [url for page in PAGES for url in page.urls(self)]
        figures = path("figures/", self.admin_view(dashboard.figures_view), name="figures")
        kept = [one for one in super().get_urls() if getattr(one, "name", None) not in _CLOSED]
        return [figures, *pages, *kept]

    # entry

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody is signed in; what they may open was decided in `admin_view`."""
        return _signed_in(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={reverse('admin:index')}")

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        """Let a view of the console run inside one unit and one scope, for whoever may enter."""

        def inner(request: HttpRequest, *arguments: Any, **parts: Any) -> HttpResponseBase:
            if not _signed_in(request):
                return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
            actor = request.actor  # type: ignore[attr-defined]
            with pep.unit(actor.workspace_id), pep.reading(actor):
                return self._answer(request, view, arguments, parts)

        return cast("View", update_wrapper(never_cache(csrf_protect(inner)), view))

    def _answer(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: tuple[Any, ...],
        parts: dict[str, Any],
    ) -> HttpResponseBase:
        """The answer, rendered while its rows exist. What was permitted is recorded even if something is refused."""
        request.standing = standing = Standing(request.actor)  # type: ignore[attr-defined]
        standing.learn(
            [(Action.CONSOLE_ENTER, ENTRY), *((a, one.resource) for one in self._entries() for a in one.sees)]
        )
        try:
            pep.enforce(request.actor, Action.CONSOLE_ENTER, ENTRY)  # type: ignore[attr-defined]
            _refuse_unreadable(request.GET)
            return _rendered(view(request, *arguments, **parts))
        except AccessDenied as refused:
            return _rendered(self._refused(request, refused))
        except (Http404, PermissionDenied):
            return _rendered(self._page(request, "console/not_found.html", 404, title=_("There is nothing here")))
        except SuspiciousOperation:
            return _rendered(self._problem(request, Invalid(_("This address asks for what the page does not offer."))))
        except (DomainError, PolicyLanguageError) as problem:
            return _rendered(self._problem(request, problem))

    def _refused(self, request: HttpRequest, refused: AccessDenied) -> HttpResponse:
        decision = refused.decision
        if refused.code == "not_found":
            return self._page(
                request, "console/not_found.html", 404, title=_("There is nothing here"), decision=decision
            )
        return self._page(
            request,
            "console/refused.html",
            403,
            title=_("You may not do this"),
            decision=decision,
            reasons=[(reason.code, in_detail(reason)) for reason in decision.reasons],
            opened_by=_opened_by(decision),
            needs_proof=refused.code == "step_up_required",
        )

    def _problem(self, request: HttpRequest, problem: DomainError | PolicyLanguageError) -> HttpResponse:
        return self._page(request, "console/problem.html", 400, title=_("That did not work"), problem=problem)

    def _page(self, request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
        return TemplateResponse(request, template, {**self.each_context(request), **context}, status=status)

    # frame

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What stands around every page: markings, the sidebar by task and permission, who is signed in."""
        actor = request.actor  # type: ignore[attr-defined]
        workspace = Workspace.objects.get(id=actor.workspace_id)
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "has_permission": True,
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "available_apps": [],
            "workspace": workspace,
            "bar": bar_of(workspace.ceiling),
            "ceiling": written(workspace.ceiling),
            "sections": self._sections(request),
            "operator": cards([actor.id])[actor.id],
            "look": client_settings(actor.id),
            "words": {key: str(text) for key, text in WORDS.items()},
        }

    def _sections(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The pages that the operator may open, under the task they belong to."""
        standing: Standing = request.standing  # type: ignore[attr-defined]
        entries = sorted(self._entries(), key=lambda entry: (entry.order, str(entry.title)))
        if not standing.may(Action.CONSOLE_ENTER, ENTRY):
            return []
        open_ = [entry for entry in entries if standing.opens(entry.sees, entry.resource)]
        return [
            {"title": TITLES[section], "lines": [_line(request, one) for one in open_ if one.section is section]}
            for section in Section
            if any(one.section is section for one in open_)
        ]

    def _entries(self) -> list[Entry]:
        screens = [one for one in self._registry.values() if isinstance(one, ConsoleAdmin)]
        entries = [*(screen.entry for screen in screens), *(page.entry for page in PAGES)]
        return [entry for entry in entries if entry is not None]

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:  # noqa: ARG002 - Django's signature
        """The dashboard: the finding first, then figures, each only for who may open the page behind it."""
        context = {**self.each_context(request), "title": self.index_title, **dashboard.dashboard(request)}
        return TemplateResponse(request, "admin/index.html", context)

    def get_log_entries(self, _request: HttpRequest) -> QuerySet[LogEntry]:
        """The admin's own log knows no workspace: nothing is written to it, and nothing shown (R42)."""
        return LogEntry.objects.none()


def _signed_in(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and actor.subject.kind is SubjectKind.USER


def _refuse_unreadable(asked: QueryDict) -> None:
    """No address of ours is longer than this or holds what the database cannot keep. Raises Invalid."""
    for name, values in asked.lists():
        if any(len(text) > LONGEST or UNREADABLE.search(text) for text in (name, *values)):
            raise Invalid(_("A part of this address cannot be read."), remedy=_("Open the page from the menu."))


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """Templates ask for rows, which exist only inside the scope."""
    if isinstance(response, SimpleTemplateResponse):
        response.render()
    return response


def _line(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    url = reverse(entry.url)
    return {"title": entry.title, "icon": entry.icon, "url": url, "current": request.path.startswith(url)}


def _opened_by(decision: Decision) -> list[str]:
    """The flags that would have opened the role gate, in words."""
    return sorted(str(FLAGS[flag][0]) for flag in GATES[decision.question.action].flags)
