"""No URL without a decision about who may use it: who has not signed in gets nothing but the way in."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from policy.catalogue import Action
from tests.asserts import unchanged

OPEN = {
    "": "redirects to the sign-in page",
    "login/": "the way in",
    "login/<str:token>": "the way in by link",
    "logout/": "leads to the sign-in page",
    "healthz": "says only that the process is there",
    "readyz": "says only what is missing",
    "metrics": "counters, behind a token of its own",
    "favicon.ico": "an icon",
    "jsi18n/": "words of the interface, the same for everybody",
}
"""Paths that answer to who has not signed in, and what they say."""
SAMPLES = {"uuid": str(UUID(int=1)), "str": "sample", "int": "1", "slug": "sample", "path": "sample"}
CLOSED = (301, 302, 401, 403, 404, 405)


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in (resolver or get_resolver()).url_patterns:
        route = prefix + str(one.pattern).lstrip("^").rstrip("$")
        if isinstance(one, URLResolver):
            yield from routes(one, route)
        else:
            yield route, one


def filled(route: str) -> str:
    """The route with samples in place of its parameters."""
    parts = [
        SAMPLES.get(part.strip("<>").partition(":")[0], "sample") if part.startswith("<") else part
        for part in route.replace("<", "\0<").replace(">", ">\0").split("\0")
    ]
    return "/" + "".join(parts)


def closed(route: str, client: Client) -> bool:
    """Whether who has not signed in is sent away there, by every method."""
    answers = [getattr(client, method)(filled(route)) for method in ("get", "post", "put", "patch", "delete")]
    sent_away = [
        answer.status_code in CLOSED
        and (answer.status_code not in (301, 302) or "/login" in answer.headers["Location"])
        for answer in answers
    ]
    return all(sent_away)


@pytest.fixture
def stranger(olympus) -> Client:
    return Client(HTTP_HOST="olympus.localhost", raise_request_exception=False)


def test_who_has_not_signed_in_is_sent_away_everywhere_but_at_the_door(olympus, stranger):
    with unchanged(olympus):
        leaky = [route for route, _ in routes() if route not in OPEN and not closed(route, stranger)]

    assert leaky == []


def test_every_api_view_says_what_it_asks_for():
    views = [pattern.callback.view_class for _, pattern in routes() if hasattr(pattern.callback, "view_class")]
    api = [view for view in views if issubclass(view, APIView)]

    assert len(api) >= 6
    for view in api:
        methods = {method.upper() for method in view.http_method_names if hasattr(view, method)} - {"OPTIONS", "HEAD"}
        assert set(view.asks) == methods, view
        assert set(view.asks.values()) <= set(Action), view


def test_a_view_without_a_decision_would_be_seen(olympus, stranger):
    """`healthz` answers everybody: were it not on the list, the walk would name it."""
    assert not closed("healthz", stranger)


def test_the_list_of_open_paths_names_only_what_there_is():
    known = {route for route, _ in routes()}

    assert {route for route in OPEN if route not in ("favicon.ico", "jsi18n/")} <= known
    assert settings.LOGIN_URL == "/login/"
