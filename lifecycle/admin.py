"""The settings of the workspace: leases, grace, sessions, sign-in, ceiling."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lifecycle.actions import LIMITS, update_workspace
from policy.console import Action, ConsoleAdmin, ConsoleForm, Section, code, moment
from policy.console.frame import Entry
from policy.console.standing import enforce_any
from rooms.bars import written
from rooms.markings import levels
from tenancy.actor import Actor
from tenancy.models import Workspace


def _number(name: str, label: Any, hint: Any) -> forms.IntegerField:
    low, high = LIMITS[name]
    return forms.IntegerField(label=label, min_value=low, max_value=high, help_text=hint)


class WorkspaceForm(ConsoleForm):
    """What an operator decides about the workspace."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    ceiling = forms.ChoiceField(
        label=gettext_lazy("Ceiling"),
        help_text=gettext_lazy("Nothing above this marking is let in. It stands in the bars of every page."),
    )
    lease_seconds = _number(
        "lease_seconds",
        gettext_lazy("Lease (seconds)"),
        gettext_lazy("How long a permit may be used again when the decision point does not answer."),
    )
    removal_grace_minutes = _number(
        "removal_grace_minutes",
        gettext_lazy("Removal grace (minutes)"),
        gettext_lazy("A denied member is suspended at once, and removed after this time. 0 removes at once."),
    )
    session_idle_minutes = _number(
        "session_idle_minutes",
        gettext_lazy("Idle limit of a session (minutes)"),
        gettext_lazy("A session that is not used for so long is over."),
    )
    session_max_hours = _number(
        "session_max_hours",
        gettext_lazy("Absolute limit of a session (hours)"),
        gettext_lazy("Counts for sessions that begin from now on."),
    )
    local_accounts = forms.BooleanField(
        label=gettext_lazy("People may sign in with a password of this workspace"),
        required=False,
        help_text=gettext_lazy("Sign-in links of the command line work in any case."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "ceiling" in self.fields:
            self.fields["ceiling"].choices = [(one, written(one)) for one in levels(self.instance.id)]  # type: ignore[attr-defined]


def _save(actor: Actor, *, id: Any, **settings: Any) -> Workspace:  # noqa: A002, ARG001 - an actor has one workspace
    return update_workspace(actor, settings=settings)


_save.performs = update_workspace.performs  # type: ignore[attr-defined]


@admin.register(Workspace)
class WorkspaceAdmin(ConsoleAdmin):
    sees = (Action.WORKSPACE_UPDATE,)
    saves = _save
    section, icon, order = Section.PLATFORM, "sliders", 10
    form = WorkspaceForm
    list_display = ("name",)

    @property
    def entry(self) -> Entry | None:
        entry = super().entry
        return replace(entry, title=gettext_lazy("Workspace settings")) if entry is not None else None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(id=request.actor.workspace_id)  # type: ignore[attr-defined]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """There is one workspace here: its page, not a list."""
        enforce_any(request, self.sees, self.resource())
        return HttpResponseRedirect(self.url_of(Workspace.objects.get(id=request.actor.workspace_id)))  # type: ignore[attr-defined]

    def crumb(self) -> str:
        return ""

    def headline(self, _obj: Any) -> str:
        return _("Workspace settings")

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Address"), code(obj.slug)),
            (_("Host names"), ", ".join(obj.hosts) or "–"),
            (_("State"), obj.get_state_display()),
            (_("Facts about people"), obj.get_facts_mode_display()),
            (_("Created"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]
