"""Sessions: who is signed in from where, and ending that."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import actions, sealing, sessions
from accounts.access import all_cards, cards
from accounts.agents import in_words
from accounts.models import Session
from policy.console import Action, Button, ConsoleAdmin, Section, code, link, moment, status, two_lines

_ENDS = {
    "revoked": gettext_lazy("ended by somebody"),
    "signed_out": gettext_lazy("signed out"),
    "expired": gettext_lazy("ran out"),
    "idle": gettext_lazy("not used for too long"),
    "deactivated": gettext_lazy("account deactivated"),
    "password_changed": gettext_lazy("password changed"),
}


class LiveFilter(admin.SimpleListFilter):
    """Sessions that live, or all of the last days."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [("live", _("Live")), ("ended", _("Ended"))]

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "live":
            return queryset.filter(revoked_at=None, expires_at__gt=now)
        if self.value() == "ended":
            return queryset.exclude(revoked_at=None, expires_at__gt=now)
        return queryset


def _lives(session: Session) -> bool:
    return sessions.end_of(session, timezone.now()) == ""


@admin.register(Session)
class SessionAdmin(ConsoleAdmin):
    sees = (Action.SESSION_LIST,)
    key = "session_id"
    section, icon, order = Section.PEOPLE, "device", 40
    help = gettext_lazy(
        "Every sign-in of the last weeks. Ending one shuts it out on its next request, and its sockets."
    )
    empty = gettext_lazy("Nobody has signed in yet.")
    list_display = ("who", "device_words", "standing", "methods_words", "since", "last_used")
    list_filter = (LiveFilter,)
    search_fields = ("user__username",)
    search_help_text = gettext_lazy("Name or user name")
    list_select_related = ("user", "workspace", "device")
    ordering = ("-last_used_at",)
    buttons = (
        Button(
            actions.revoke_session,
            gettext_lazy("End session"),
            warns=gettext_lazy("The browser is signed out at once. Its person can sign in again."),
            tone="danger",
            fits=_lives,
            done=gettext_lazy("The session has ended."),
        ),
    )

    def get_search_results(self, _request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        wanted = search_term.strip().lower()
        if not wanted:
            return queryset, False
        fits = [card.id for card in all_cards().values() if wanted in f"{card.username} {card.name}".lower()]
        return queryset.filter(user_id__in=fits), False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "workspace", "device")

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        origins = sealing.open_origins(rows)
        people = cards(one.user_id for one in rows)
        for one in rows:
            one.origin_shown = origins.get(one.id, sealing.Origin())
            one.card = people[one.user_id]
        return rows

    @admin.display(description=gettext_lazy("Person"), ordering="user__username")
    def who(self, session: Any) -> Any:
        return two_lines(session.card.name, session.card.username)

    @admin.display(description=gettext_lazy("Device"))
    def device_words(self, session: Any) -> Any:
        origin = session.origin_shown
        return two_lines(in_words(origin.user_agent) or _("Unknown device"), origin.address or _("unknown address"))

    @admin.display(description=gettext_lazy("State"))
    def standing(self, session: Any) -> Any:
        ended = sessions.end_of(session, timezone.now())
        return status(str(_ENDS.get(ended, ended))) if ended else status(_("live"), "ok")

    @admin.display(description=gettext_lazy("Signed in by"))
    def methods_words(self, session: Any) -> str:
        return ", ".join(session.methods)

    @admin.display(description=gettext_lazy("Since"), ordering="authenticated_at")
    def since(self, session: Any) -> Any:
        return moment(session.authenticated_at)

    @admin.display(description=gettext_lazy("Last used"), ordering="last_used_at")
    def last_used(self, session: Any) -> Any:
        return moment(session.last_used_at)

    def headline(self, obj: Any) -> str:
        return _("Session of %(name)s") % {"name": obj.card.name}

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Person"), link(obj.card.name, reverse("admin:accounts_user_change", args=[obj.user_id]))),
            (_("State"), self.standing(obj)),
            (_("Device"), self.device_words(obj)),
            (_("Signed in by"), self.methods_words(obj)),
            (_("Since"), moment(obj.authenticated_at)),
            (_("Confirmed"), moment(obj.step_up_at)),
            (_("Last used"), moment(obj.last_used_at)),
            (_("Ends"), moment(obj.expires_at)),
            (_("Id"), code(obj.id)),
        ]
