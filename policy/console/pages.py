"""Pages that are no list of a model's rows: an explorer, an explanation, figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from policy.console.buttons import Button
from policy.console.forms import Refusal, blame
from policy.console.frame import Entry, Section
from policy.console.panels import Offer
from policy.console.standing import Sees, Standing, enforce_any, refuse_now
from policy.language.errors import PolicyLanguageError
from policy.types import Resource
from tenancy.errors import DomainError

PAGES: list["ConsolePage"] = []


def register_page(page: type["ConsolePage"]) -> type["ConsolePage"]:
    """Put a page into the console. Used as a decorator in an app's `admin` module."""
    PAGES.append(page())
    return page


class ConsolePage:
    """One page at one address. `sees`: any one of these Actions opens it."""

    name: ClassVar[str]
    route: ClassVar[str]
    title: ClassVar[str | Promise]
    sees: ClassVar[Sees]
    template: ClassVar[str]
    section: ClassVar[Section | None] = None
    icon: ClassVar[str] = "list"
    order: ClassVar[int] = 50
    buttons: ClassVar[tuple[Button, ...]] = ()

    @property
    def resource(self) -> Resource:
        return Resource(f"console:{self.name}")

    @property
    def entry(self) -> Entry | None:
        """Its line in the sidebar, if it has one."""
        if self.section is None:
            return None
        url = f"admin:{self.name}"
        return Entry(self.section, self.order, self.title, self.icon, url, self.sees, self.resource)

    def urls(self, site: Any) -> Iterable[URLPattern]:
        yield path(self.route, site.admin_view(self.view), name=self.name)
        if self.buttons:
            yield path(f"{self.route}do/<str:button>/", site.admin_view(self.press), name=f"{self.name}_do")

    def view(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Decide, then show."""
        enforce_any(request, self.sees, self.resource)
        return self.respond(request, **parts)

    def respond(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        return self.render(request, self.template, **self.context(request, **parts))

    def context(self, request: HttpRequest, **parts: Any) -> dict[str, Any]:
        """What the template needs; asked inside the scope of the workspace, after the decision."""
        raise NotImplementedError

    def render(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        frame = {"title": self.title, **admin.site.each_context(request), "offers": self.offers(request)}
        return TemplateResponse(request, template, {**frame, **context})

    def offers(self, request: HttpRequest) -> list[Offer]:
        """The buttons that the operator may press now."""
        standing: Standing = request.standing  # type: ignore[attr-defined]
        resource = self.resource_of(request)
        standing.learn((button.performs, resource) for button in self.buttons)
        return [
            Offer(button.label, reverse(f"admin:{self.name}_do", args=[button.name]), button.tone, button.at_once)
            for button in self.buttons
            if standing.may(button.performs, resource)
        ]

    def resource_of(self, request: HttpRequest) -> Resource:
        """What its buttons act on: the workspace itself."""
        return Resource("workspace", request.actor.workspace_id)  # type: ignore[attr-defined]

    def press(self, request: HttpRequest, button: str) -> HttpResponse:
        """Ask what the button needs, then do it."""
        enforce_any(request, self.sees, self.resource)
        found = next((one for one in self.buttons if one.name == button), None)
        if found is None:
            raise Http404
        about = Subject(self, self.resource_of(request), "", {}, reverse(f"admin:{self.name}"))
        return pressed(request, found, about)


class DataPage(ConsolePage):
    """Answers with JSON, for scripts of our own pages."""

    template = ""

    def respond(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        try:
            return JsonResponse(self.context(request, **parts))
        except (DomainError, PolicyLanguageError) as refusal:
            return JsonResponse(problem_of(refusal), status=400)


def problem_of(refusal: Refusal) -> dict[str, Any]:
    """A refusal as data: what, where, and what to do."""
    if isinstance(refusal, PolicyLanguageError):
        problem, remedy = refusal.in_words(_)
        place = {"line": refusal.line, "column": refusal.column} if refusal.line else {}
        return {"problem": {"message": problem, "remedy": remedy, "field": refusal.field, **place}}
    return {"problem": {"message": refusal.message, "remedy": refusal.remedy, "field": refusal.field}}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a button is pressed on: the thing, how it is decided and called, and where to go afterwards."""

    obj: Any
    resource: Resource
    headline: str
    keywords: Mapping[str, Any]
    back: str


def pressed(request: HttpRequest, button: Button, about: Subject) -> HttpResponse:
    """The page of one button, and the pressing of it."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    refuse_now(request, button.performs, about.resource)
    form = button.form(request, about.obj)
    if request.method == "POST" and form.is_valid():
        try:
            button.action(request.actor, **about.keywords, **form.arguments())  # type: ignore[attr-defined]
        except (DomainError, PolicyLanguageError) as refusal:
            blame(form, refusal)
        else:
            messages.success(request, str(button.done or _("Done.")))
            return HttpResponseRedirect(about.back)
    context = {
        "title": button.label,
        "form": form,
        "button": button,
        "about": about,
        "list_url": about.back,
        "list_title": about.headline or getattr(about.obj, "title", ""),
    }
    return TemplateResponse(request, "console/press.html", {**admin.site.each_context(request), **context})
