"""Confirm that it is you: for pages and buttons that policy opens only after a fresh proof of identity (R15)."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from accounts import actions, cookies
from accounts.actions.sign_in import refusal_error
from policy.console import Action, ConsolePage, register_page
from policy.console.forms import Dressed, blame
from tenancy.errors import DomainError


class ConfirmForm(Dressed, forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()


@register_page
class ConfirmPage(ConsolePage):
    name = "confirm"
    route = "confirm/"
    title = gettext_lazy("Confirm that it is you")
    sees = (Action.CONSOLE_ENTER,)
    template = "console/confirm.html"

    def respond(self, request: HttpRequest, **_parts: Any) -> HttpResponse:
        form = ConfirmForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            answer = actions.step_up(request.actor, password=form.cleaned_data["password"])  # type: ignore[attr-defined]
            if answer.issued is not None:
                response = HttpResponseRedirect(_back(request))
                cookies.hand_over(request, response, answer.issued)
                return response
            refusal: DomainError = refusal_error(answer)
            blame(form, refusal)
        return self.render(request, self.template, form=form, back=_back(request))


def _back(request: HttpRequest) -> str:
    """Where to go afterwards: only ever a path of this very host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=settings.HTTPS)
    return wanted if safe and wanted.startswith("/") and not wanted.startswith("//") else reverse("admin:index")
