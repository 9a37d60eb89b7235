"""The two cookies of this app: the session's and the device's. Each holds a random token and nothing else."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import rotate_token
from django.utils import timezone

from accounts.requests import place_of
from accounts.sessions import Issued

_DEVICE_LASTS = timedelta(days=365)


def hand_over(request: HttpRequest, response: HttpResponseBase, issued: Issued, device_token: str = "") -> None:
    """Give the browser the token of its new session, and a new CSRF secret with it."""
    left = issued.session.expires_at - timezone.now()
    _set(response, _session_cookie(request), issued.token, left)
    if device_token:
        _set(response, settings.DEVICE_COOKIE_NAME, device_token, _DEVICE_LASTS)
    rotate_token(request)


def take_back(request: HttpRequest, response: HttpResponse) -> None:
    """Let the browser forget its session, and what it kept of the workspace (ASVS 5.0 §14.3.1)."""
    response.delete_cookie(_session_cookie(request), samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    rotate_token(request)


def _session_cookie(request: HttpRequest) -> str:
    return place_of(request).cookie(settings.SESSION_COOKIE_NAME)


def _set(response: HttpResponseBase, name: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max(0, int(lasts.total_seconds())),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
