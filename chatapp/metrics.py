"""What the platform counts about itself. Packages add their own metrics to prometheus-client's default registry."""

import math
import time
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REQUESTS = Counter("cordon_http_requests", "Requests answered", ["method", "status"])
SECONDS = Histogram("cordon_http_request_seconds", "Time to answer a request", ["route"])
UNSEALED = Gauge("cordon_audit_unsealed_seconds", "Age of the oldest audit entry without a seal; alarm above 10")
LAST_ROUND = Gauge("cordon_audit_round_seconds", "Time since the last sealing round; alarm above 180")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def audit_lag() -> tuple[float, float | None]:
    """Seconds since the oldest unsealed audit entry and since the last round; None if nothing was ever sealed."""
    with connection.cursor() as cursor:
        cursor.execute("select unsealed_seconds, round_seconds from audit_lag()")
        unsealed, last_round = cursor.fetchone()
    return unsealed, last_round


def refresh() -> None:
    """Bring the figures up to date that are asked of the database; not a number if it does not answer."""
    try:
        unsealed, last_round = audit_lag()
    except DatabaseError:
        unsealed, last_round = math.nan, math.nan
    UNSEALED.set(unsealed)
    LAST_ROUND.set(math.inf if last_round is None else last_round)


class MeasuringMiddleware:
    """Counts answers and their time by route, so that no identifier ever becomes a label."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else ""
        method = request.method if request.method in _METHODS else "other"
        SECONDS.labels(route).observe(time.perf_counter() - began)
        REQUESTS.labels(method, response.status_code).inc()
        return response
