"""The base of every list and form in the console: what it shows, saves and does is declared, never coded (AD-5).

The Django admin checks `has_*_permission` and writes rows; here the decision point is asked instead, with a record, and
only action functions write. Each request already runs inside `pep.unit` and a reading scope (R34), opened by the site.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from policy.console.buttons import ActionFunction, Button
from policy.console.forms import ConsoleForm
from policy.console.frame import Entry, Section
from policy.console.history import field_history
from policy.console.pages import Subject, pressed
from policy.console.panels import Offer
from policy.console.standing import Sees, Standing, enforce_any, refuse_now
from policy.language.errors import PolicyLanguageError
from policy.types import Resource
from tenancy.errors import DomainError

_FUNCTIONS = ("adds", "saves")
_BANNED = ("list_editable", "actions", "raw_id_fields", "autocomplete_fields", "inlines", "date_hierarchy")
Facts = Sequence[tuple[str | Promise, object]]

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Model]
else:
    _ModelAdmin = admin.ModelAdmin  # takes no parameter at run time


class ConsoleAdmin(_ModelAdmin):
    """A list of rows and a page for each.

    `sees`: any one of these Actions opens it. `adds`, `saves`: the action functions behind the forms, which get the
    form's fields as keywords, `saves` with the object's id as `key` besides. `panels`: methods that make the blocks
    below the form.
    """

    sees: ClassVar[Sees]
    adds: ClassVar[ActionFunction | None] = None
    saves: ClassVar[ActionFunction | None] = None
    key: ClassVar[str] = "id"
    noun: ClassVar[str] = ""
    buttons: ClassVar[tuple[Button, ...]] = ()
    panels: ClassVar[tuple[str, ...]] = ()
    section: ClassVar[Section | None] = None
    icon: ClassVar[str] = "list"
    order: ClassVar[int] = 50
    help: ClassVar[str | Promise] = ""
    """One sentence above the list: what this is, and what it is not."""
    empty: ClassVar[str | Promise] = ""
    """What stands there instead of an empty list."""

    form: type[ConsoleForm] = ConsoleForm
    add_form: ClassVar[type[ConsoleForm] | None] = None
    """Where creating asks for other things than correcting does."""
    actions = None
    list_per_page = 50
    show_full_result_count = False
    save_as = False
    change_form_template = "admin/change_form.html"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _BANNED:
            if cls.__dict__.get(name):
                raise TypeError(f"{cls.__name__}.{name} would by-pass actions or need scripts that the console bans")
        for name in _FUNCTIONS:
            function = cls.__dict__.get(name)
            if callable(function):
                setattr(cls, name, staticmethod(function))

    @property
    def media(self) -> Media:
        """Nothing of the Django admin's own scripts: our forms work without any."""
        return Media()

    # what is decided, and on what

    @property
    def type_name(self) -> str:
        return self.noun or self.opts.model_name or ""

    def resource(self, obj: Model | None = None) -> Resource:
        """What a decision about this row, or about the list, is made on."""
        return Resource(self.type_name, obj.pk if obj is not None else None)

    @property
    def entry(self) -> Entry | None:
        if self.section is None:
            return None
        url = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        title = self.opts.verbose_name_plural or ""
        return Entry(self.section, self.order, title, self.icon, url, self.sees, self.resource())

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._standing(request).opens(self.sees, self.resource(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.adds, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.open_to_change(obj) and self._may(request, self.saves, obj)

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Whatever is deleted is deleted by a button."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def open_to_change(self, _obj: Model | None) -> bool:
        """Whether the state of this object allows a change, whoever asks."""
        return True

    def _learn(self, request: HttpRequest, obj: Model | None = None) -> None:
        """Ask for everything that a page will want to know, at once."""
        resource = self.resource(obj)
        functions = [one.performs for one in (self.adds, self.saves) if one is not None]  # type: ignore[attr-defined]
        pairs = [(action, resource) for action in (*self.sees, *functions)]
        if obj is not None:
            pairs += [(button.performs, self._about(button, obj)) for button in self.buttons]
        self._standing(request).learn(pairs)

    def _may(self, request: HttpRequest, function: ActionFunction | None, obj: Model | None) -> bool:
        if function is None:
            return False
        return self._standing(request).may(function.performs, self.resource(obj))  # type: ignore[attr-defined]

    @staticmethod
    def _standing(request: HttpRequest) -> Standing:
        return request.standing  # type: ignore[attr-defined,no-any-return]

    # lists

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._learn(request)
        enforce_any(request, self.sees, self.resource())
        if request.method != "GET":
            raise PermissionDenied
        context = {"help": self.help, "empty": self.empty, **(extra_context or {})}
        return super().changelist_view(request, context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002 - Django's signature
        """Only what a filter beside the list asks for: a lookup of any other field would tell what no list shows."""
        asked = [_lookups_of(one) for one in (self.get_list_filter(request) if request else self.list_filter)]
        return any(lookup in lookups for lookups in asked)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        found.result_list = self.opened(request, list(found.result_list))
        return found

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        """Rows with what has to be unsealed or counted for all of them at once, put on each."""
        return rows

    # one object

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        offered = self.has_change_permission(request, obj) if obj is not None else self.has_add_permission(request)
        fields = list(self._form_for(obj).base_fields) if offered else []
        return [(None, {"fields": fields})]

    def _form_for(self, obj: Model | None) -> type[ConsoleForm]:
        return self.form if obj is not None or self.add_form is None else self.add_form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **_options: Any) -> Any:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        """The declared form, told what the action refused. No field is made from the model."""
        declared = self._form_for(obj)
        meta = type("Meta", (), {"model": self.model, "fields": ()})
        told = {"Meta": meta, "refusal": getattr(request, "refusal", None), "request": request, "__module__": __name__}
        return type(declared.__name__, (declared,), told)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Decide, then let the Django admin show or save; what the action refuses is shown on the form."""
        obj = self._object(request, object_id) if object_id is not None else None
        self._learn(request, obj)
        enforce_any(request, self.sees, self.resource(obj))
        function = self.saves if obj is not None else self.adds
        if obj is None or request.method == "POST":
            if function is None or not self.open_to_change(obj):
                raise PermissionDenied
            refuse_now(request, function.performs, self.resource(obj))  # type: ignore[attr-defined]
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (DomainError, PolicyLanguageError) as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _object(self, request: HttpRequest, object_id: str) -> Any:
        """The row, or the page that says nothing more than that there is none (R11)."""
        try:
            found = self.get_queryset(request).filter(pk=UUID(object_id)).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404
        return self.opened(request, [found])[0]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:  # noqa: ARG002 - Django's signature
        return self._object(request, object_id)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Hand the form over to the action."""
        if change:
            self.saves(request.actor, **{self.key: obj.pk}, **form.arguments())  # type: ignore[attr-defined,misc]
            return
        made = self.adds(request.actor, **form.arguments())  # type: ignore[attr-defined,misc]
        obj.pk = getattr(made, "pk", obj.pk)

    def save_related(self, *_arguments: Any) -> None:
        """The action has saved everything."""

    def construct_change_message(self, *_arguments: Any, **_options: Any) -> list[dict[str, dict[str, list[str]]]]:
        return []

    def log_addition(self, *_arguments: Any) -> None:  # type: ignore[override]  # Django uses no answer of these
        """The audit log says what happened; the admin's own log knows no workspace (R42)."""

    log_change = log_deletions = log_addition  # type: ignore[assignment]

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        messages.success(request, _("Created."))
        return HttpResponseRedirect(self.url_of(obj))

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(self.url_of(obj))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {
                "title": self.headline(obj),
                "facts": self.facts(request, obj),
                "offers": self.offers(request, obj),
                "panels": [panel for name in self.panels if (panel := getattr(self, name)(request, obj)) is not None],
                "can_save": self.has_change_permission(request, obj),
                "history_url": self._url("history", obj),
            }
        else:
            context |= {"title": self.adding, "can_save": True}
        context |= {"list_url": self._url("changelist"), "list_title": self.crumb()}
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    adding: ClassVar[str | Promise] = ""
    """The heading of the page that creates one."""

    def crumb(self) -> str:
        """What the list is called above a page of one object; empty where there is no list to go back to."""
        return str(capfirst(self.opts.verbose_name_plural))

    def headline(self, obj: Any) -> str:
        return str(obj)

    def facts(self, _request: HttpRequest, _obj: Any) -> Facts:
        """What is known of the object beside what the form holds."""
        return ()

    # history

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - Django's signature
    ) -> HttpResponse:
        obj = self._object(request, object_id)
        enforce_any(request, self.sees, self.resource(obj))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changes of its fields"),
            "changes": field_history(obj),
            "back": self.url_of(obj),
            "headline": self.headline(obj),
            "list_url": self.url_of(obj),
            "list_title": self.headline(obj),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    # buttons

    def get_urls(self) -> list[URLPattern]:
        info = f"{self.opts.app_label}_{self.opts.model_name}"
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self.press)
        press = path("<path:object_id>/do/<str:button>/", view, name=f"{info}_do")
        kept = [one for one in super().get_urls() if getattr(one, "name", None) not in (f"{info}_delete", None)]
        return [*self.extra_urls(), press, *kept]

    def extra_urls(self) -> list[URLPattern]:
        """Further pages of one object."""
        return []

    def offers(self, request: HttpRequest, obj: Any) -> list[Offer]:
        """The buttons that the operator may press on this object now."""
        shown = [button for button in self.buttons if not button.in_row and button.fits(obj)]
        standing = self._standing(request)
        return [
            Offer(button.label, self.do_url(obj, button.name), button.tone, button.at_once)
            for button in shown
            if standing.may(button.performs, self._about(button, obj)) and not button.bars(standing.actor, obj, {})
        ]

    def _about(self, button: Button, obj: Any) -> Resource:
        return button.about(obj) if button.about is not None else self.resource(obj)

    def do_url(self, obj: Model, button: str, **filled: object) -> str:
        """The address of a button's page, with what it asks filled in."""
        url = self._url("do", obj, button)
        return f"{url}?{urlencode({name: str(value) for name, value in filled.items()})}" if filled else url

    def may(self, request: HttpRequest, function: ActionFunction, obj: Any, **filled: Any) -> bool:
        """Whether to offer the button of this action beside a panel, or beside a row of it that fills something in."""
        button = next(one for one in self.buttons if one.action is function)
        standing = self._standing(request)
        return standing.may(button.performs, self._about(button, obj)) and not button.bars(standing.actor, obj, filled)

    def press(self, request: HttpRequest, object_id: str, button: str) -> HttpResponse:
        """Ask what the button needs, then do it."""
        obj = self._object(request, object_id)
        enforce_any(request, self.sees, self.resource(obj))
        found = next((one for one in self.buttons if one.name == button), None)
        if found is None:
            raise Http404
        about = Subject(obj, self._about(found, obj), self.headline(obj), {self.key: obj.pk}, self.url_of(obj))
        return pressed(request, found, about)

    def url_of(self, obj: Model) -> str:
        return self._url("change", obj)

    def _url(self, kind: str, obj: Model | None = None, *more: str) -> str:
        arguments = [str(obj.pk), *more] if obj is not None else []
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}", args=arguments)


def _lookups_of(filtered: Any) -> frozenset[str]:
    """The parameters of one entry of `list_filter`."""
    if isinstance(filtered, type) and issubclass(filtered, admin.SimpleListFilter):
        return frozenset({str(filtered.parameter_name)})
    name = filtered[0] if isinstance(filtered, list | tuple) else filtered
    return frozenset({name, f"{name}__exact", f"{name}__isnull"})
