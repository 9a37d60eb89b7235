"""What the platform counts about itself. Packages add their own metrics to prometheus-client's default registry."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REQUESTS = Counter("cordon_http_requests", "Requests answered", ["method", "status"])
SECONDS = Histogram("cordon_http_request_seconds", "Time to answer a request", ["route"])
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
