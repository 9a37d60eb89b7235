"""Where no page is, the product answers: skinned for people, a problem document below the API; and it tells nothing."""

import re

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts import api
from chatapp import urls
from tests.world import World, olympus  # noqa: F401 - fixture

PROBLEM = "application/problem+json"
TELLING = re.compile(r"Traceback|Exception|Django|/work/|\.py\b|a secret of the view")


def _raises(error: type[Exception]):
    def view(_request):
        raise error("a secret of the view")

    return view


class _Broken(api.ProfileView):
    def get(self, _request):
        raise RuntimeError("a secret of the view")


urlpatterns = [
    *urls.urlpatterns,
    *(path(f"{below}raises/400/", _raises(BadRequest)) for below in ("", "api/v1/")),
    *(path(f"{below}raises/403/", _raises(PermissionDenied)) for below in ("", "api/v1/")),
    *(path(f"{below}raises/500/", _raises(RuntimeError)) for below in ("", "api/v1/")),
    path("api/v1/broken/", _Broken.as_view()),
]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


@pytest.fixture
def browsers(olympus: World) -> dict[str, Client]:  # noqa: F811
    made = {who: Client(HTTP_HOST="olympus.localhost", raise_request_exception=False) for who in ("ada", "nobody")}
    made["ada"].cookies["cordon_session"] = olympus.token("ada")
    return made


def assert_hardened(answer: HttpResponse) -> None:
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not TELLING.search(answer.content.decode())


def assert_a_page_of_ours(answer: HttpResponse, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "css/tokens.css" in answer.content.decode()
    assert "<h1>" in answer.content.decode()
    assert_hardened(answer)


def assert_a_problem(answer: HttpResponse, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    assert_hardened(answer)


@pytest.mark.parametrize("who", ["ada", "nobody"])
@pytest.mark.parametrize("where", ["/zzz", "/zzz/", "/login/some/where", "/static/none.css", "/favicon.ico/x"])
def test_a_page_that_is_not_there_looks_like_the_product(browsers, who, where):
    assert_a_page_of_ours(browsers[who].get(where), 404)


def test_a_page_that_is_not_there_is_the_same_for_everybody(browsers):
    first, second = (browsers[who].get("/zzz").content for who in ("ada", "nobody"))

    assert first == second


@pytest.mark.parametrize("where", ["/console/zzz", "/console/zzz/", "/console/rooms/room/none/"])
def test_the_console_sends_strangers_to_sign_in_and_tells_operators_that_nothing_is_there(browsers, where):
    inside, outside = browsers["ada"].get(where), browsers["nobody"].get(where)

    assert outside.status_code == 302
    assert outside.headers["Location"].startswith("/login/")
    assert inside.status_code == 404
    assert "There is nothing here" in inside.content.decode()
    assert "console.css" in inside.content.decode()
    assert_hardened(inside)


@pytest.mark.parametrize("who", ["ada", "nobody"])
@pytest.mark.parametrize("where", ["/api/", "/api/v1/zzz/", "/api/v1/zzz", "/api/v1/sessions/none/"])
def test_what_the_api_does_not_have_is_a_problem_document(browsers, who, where):
    assert_a_problem(browsers[who].get(where), 404, "not_found")


def test_a_host_without_a_workspace_is_a_problem_below_the_api(db):
    answer = Client(HTTP_HOST="nowhere.localhost").get("/api/v1/profile/")

    assert_a_problem(answer, 404, "not_found")


def test_a_method_that_the_api_does_not_have_is_named_as_such(browsers):
    answer = browsers["ada"].put("/api/v1/profile/", {}, content_type="application/json")

    assert_a_problem(answer, 405, "method_not_allowed")
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))
    assert_a_problem(browsers["nobody"].put("/api/v1/profile/"), 401, "not_signed_in")
    assert browsers["ada"].head("/api/v1/profile/").status_code == 200


def test_a_method_that_a_page_does_not_have_is_a_page(browsers):
    answer = browsers["nobody"].get("/logout/")

    assert_a_page_of_ours(answer, 405)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.urls("tests.platform.test_error_pages")
@pytest.mark.parametrize(("status", "code"), [(400, "invalid"), (403, "denied"), (500, "failed")])
def test_what_goes_wrong_looks_like_the_product_and_says_nothing_of_its_cause(browsers, status, code):
    page = browsers["ada"].get(f"/raises/{status}/")
    problem = browsers["ada"].get(f"/api/v1/raises/{status}/")

    assert_a_page_of_ours(page, status)
    assert_a_problem(problem, status, code)


@pytest.mark.urls("tests.platform.test_error_pages")
def test_a_defect_in_a_view_of_the_api_is_a_problem_document(browsers):
    assert_a_problem(browsers["ada"].get("/api/v1/broken/"), 500, "failed")


def test_a_host_name_that_is_none_is_refused_by_a_page_that_does_not_repeat_it(db):
    answer = Client(HTTP_HOST="bad host!").get("/")

    assert_a_page_of_ours(answer, 400)
    assert "bad host" not in answer.content.decode()
