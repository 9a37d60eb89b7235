"""Headers that every answer carries (ASVS 5.0 §3.4)."""

from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

_FEATURES = (
    "accelerometer autoplay camera display-capture encrypted-media geolocation gyroscope hid idle-detection"
    " magnetometer microphone midi payment screen-wake-lock serial usb xr-spatial-tracking"
)
_NO_FEATURES = ", ".join(f"{feature}=()" for feature in _FEATURES.split())


class HardeningMiddleware:
    """Sets what Django's own does not: no device features, and no other origin may use our resources."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", _NO_FEATURES)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class PolicyMiddleware(CSPMiddleware):
    """Content Security Policy: Trusted Types forbid every policy on client pages and allow one in the console (R40)."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - django-csp's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(f"/{settings.CONSOLE_PATH}") and not report_only:
            parts.replace = {**(parts.replace or {}), "trusted-types": settings.CONSOLE_TRUSTED_TYPES}
        return parts
