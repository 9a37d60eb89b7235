"""The personal part of one audit entry, after a reason was given."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from policy.actions import reveal_record
from policy.console import Action, ConsolePage, ReasonForm, register_page
from policy.console.forms import blame
from tenancy.errors import DomainError

_WORDS = {
    "address": gettext_lazy("Network address"),
    "agent": gettext_lazy("Browser"),
    "username": gettext_lazy("User name"),
    "reason": gettext_lazy("Reason"),
    "origin": gettext_lazy("Origin"),
    "path": gettext_lazy("Path"),
}


@register_page
class RevealPage(ConsolePage):
    name = "audit_reveal"
    route = "audit/<uuid:entry_id>/reveal/"
    title = gettext_lazy("Personal part")
    sees = (Action.AUDIT_REVEAL,)
    template = "console/reveal.html"

    def respond(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        entry_id = parts["entry_id"]
        form = ReasonForm(request.POST or None, obj=None, request=request)
        shown: list[tuple[Any, str]] = []
        if request.method == "POST" and form.is_valid():
            try:
                found = reveal_record(request.actor, entry_id=entry_id, **form.arguments())  # type: ignore[attr-defined]
                shown = [(_WORDS.get(name, name), value) for name, value in sorted(found.items())]
            except DomainError as refusal:
                blame(form, refusal)
        back = reverse("admin:audit_entry", args=[entry_id])
        return self.render(request, self.template, form=form, shown=shown, back=back)
