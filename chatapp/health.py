"""Whether this process lives, whether it can serve, and its figures."""

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import cache, lru_cache
from secrets import compare_digest

from django.conf import settings
from django.core.cache import cache as valkey
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chatapp import metrics as figures
from keys.kms import Health, kms

log = logging.getLogger(__name__)

_KMS_SECONDS = 5.0


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process lives. Asks nobody else, so that an outage elsewhere does not restart it."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can serve: database, Valkey and KMS answer, the schema is this version's. Says which, never why."""
    states = {name: _state(name, probe) for name, probe in PROBES.items()}
    ready = all(state == "ok" for state in states.values())
    return JsonResponse(states, status=200 if ready else 503)


def _state(name: str, probe: Callable[[], None]) -> str:
    try:
        probe()
    except Exception:
        log.exception("not ready: %s", name)
        return "failing"
    return "ok"


def database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")


def valkey_answers() -> None:
    valkey.get("readyz")


@cache
def migrations_are_applied() -> None:
    """Asked until it is true; it does not become false again while this process lives."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotPrepared("migrations wait; run: manage.py prepare")


class NotPrepared(Exception):
    """The database is older than this version."""


class NoKeys(Exception):
    """The KMS does not do what nothing can be sealed or opened without."""


def keys_can_be_had() -> None:
    """Asked every few seconds at most: a foreign KMS may cost money or time."""
    state = _kms_health(int(time.monotonic() // _KMS_SECONDS))
    if not state.healthy:
        raise NoKeys(f"{state.finding} {state.remedy}")


@lru_cache(maxsize=1)
def _kms_health(_span: int) -> Health:
    return kms().health()


PROBES: dict[str, Callable[[], None]] = {
    "database": database_answers,
    "valkey": valkey_answers,
    "migrations": migrations_are_applied,
    "keys": keys_can_be_had,
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus text, for a caller with the token, or on loopback outside production."""
    if not _may_read_metrics(request):
        raise Http404
    figures.refresh()
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    expected = settings.METRICS_TOKEN
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if expected and scheme.lower() == "bearer":
        return compare_digest(given.encode(), expected.encode())
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not settings.PRODUCTION and not forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
