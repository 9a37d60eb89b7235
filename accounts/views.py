"""The pages of signing in and out. Nothing of them is stored anywhere by anybody (ASVS 5.0 §14.3.2)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import cookies, ratelimit
from accounts.actions import SignIn, end_session, note_violation, start_session, use_login_link
from accounts.circumstances import of_request
from accounts.forms import SignInForm
from accounts.requests import actor_of, is_signed_in, place_of
from accounts.sessions import Issued
from accounts.throttling import let_in
from audit.events import Event
from policy.types import AccessDenied
from tenancy.errors import DomainError, RateLimited, Unavailable


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password. The answer to a wrong name and to a wrong password is the same."""
    target = _next(request)
    if is_signed_in(request):
        return HttpResponseRedirect(target)
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form)
    circumstances = of_request(request)
    try:
        let_in(ratelimit.SIGN_IN, actor_of(request), circumstances)
        answer = start_session(
            actor_of(request),
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
            circumstances=circumstances,
        )
    except (DomainError, AccessDenied) as refused:
        return _refused(request, form, refused)
    if answer.issued is None:
        return _wrong(request, form, answer)
    return _enter(request, answer.issued, answer.device_token, target)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def use_link(request: HttpRequest, token: str) -> HttpResponse:
    """A sign-in link. It is used by the button, not by opening it: a mail scanner's look does not spend it."""
    if request.method != "POST":
        return render(request, "accounts/link.html", {"signed_in": is_signed_in(request)})
    circumstances = of_request(request)
    try:
        let_in(ratelimit.LINK, actor_of(request), circumstances)
        answer = use_login_link(actor_of(request), token=token, circumstances=circumstances)
    except RateLimited as refused:
        return _too_many(request, "accounts/link_expired.html", refused)
    except (DomainError, AccessDenied):
        answer = SignIn(refusal="unavailable")
    if answer.issued is None:
        return render(request, "accounts/link_expired.html", status=410)
    return _enter(request, answer.issued, answer.device_token, _home(request))


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the present session; afterwards its token is worth nothing, wherever else it may lie."""
    if is_signed_in(request):
        end_session(actor_of(request))
    response = render(request, "accounts/signed_out.html")
    cookies.take_back(request, response)
    return response


@never_cache
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A form that did not come from our own page, or an old one."""
    if getattr(request, "actor", None) is not None:
        note_violation(actor_of(request), event=Event.FORGERY_REFUSED, data={})
    return render(request, "accounts/forged.html", status=403)


def _enter(request: HttpRequest, issued: Issued, device_token: str, target: str) -> HttpResponse:
    response = HttpResponseRedirect(target)
    cookies.hand_over(request, response, issued, device_token)
    return response


def _form(request: HttpRequest, form: SignInForm, *, status: int = 200, **context: object) -> HttpResponse:
    shown = {"form": form, "next": _next(request), "locked_until": None, **context}
    return render(request, "accounts/login.html", shown, status=status)


def _wrong(request: HttpRequest, form: SignInForm, answer: SignIn) -> HttpResponse:
    words = {
        "locked": _("There were too many failed attempts. Wait until the time shown, then try again."),
        "unavailable": _("Signing in is not possible right now. Try again in a moment."),
    }
    form.add_error(None, words.get(answer.refusal, _("User name or password is wrong.")))
    status = 503 if answer.refusal == "unavailable" else 429 if answer.locked_until else 403
    return _form(request, form, status=status, locked_until=answer.locked_until)


def _refused(request: HttpRequest, form: SignInForm, refused: DomainError | AccessDenied) -> HttpResponse:
    if isinstance(refused, AccessDenied):
        form.add_error(None, _("Signing in is not possible in this workspace."))
        return _form(request, form, status=403)
    form.add_error(None, f"{refused.message} {refused.remedy}".strip())
    response = _form(request, form, status=503 if isinstance(refused, Unavailable) else 409)
    if isinstance(refused, RateLimited):
        response.status_code = 429
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _too_many(request: HttpRequest, template: str, refused: RateLimited) -> HttpResponse:
    response = render(request, template, {"retry_after": refused.retry_after}, status=429)
    response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _next(request: HttpRequest) -> str:
    """Where to go afterwards: only ever a path of this very host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=settings.HTTPS)
    return wanted if safe and wanted.startswith("/") and not wanted.startswith("//") else f"{_home(request)}"


def _home(request: HttpRequest) -> str:
    return f"{place_of(request).prefix}/"
