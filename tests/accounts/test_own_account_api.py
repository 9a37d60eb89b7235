"""What a signed-in person does for their own account over HTTP, and the one form of error."""

import pytest
from django.test import Client

from accounts import sessions
from accounts.actions import end_session, issue_login_link, use_ticket
from accounts.models import Session
from tenancy.scoping import within
from tests.accounts.conftest import HERE, PASSWORD

HOST = "olympus.localhost"
JSON = "application/json"


@pytest.fixture
def browser(olympus, grace):
    client = Client(HTTP_HOST=HOST, HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Chrome/140.0")
    client.post("/login/", {"username": "grace", "password": PASSWORD})
    return client


def test_a_ticket_is_given_once_for_one_socket(browser, olympus, grace):
    answer = browser.post("/api/v1/ticket/")

    assert answer.status_code == 200
    assert use_ticket(olympus.anonymous, token=answer.json()["ticket"], circumstances=HERE).id == grace.id


def test_confirming_changes_the_cookie(browser):
    before = browser.cookies["cordon_session"].value

    answer = browser.post("/api/v1/step-up/", {"password": PASSWORD}, content_type=JSON)

    assert answer.status_code == 200
    assert answer.json()["step_up_until"]
    assert browser.cookies["cordon_session"].value != before
    assert browser.get("/api/v1/profile/").status_code == 200
    browser.cookies["cordon_session"] = before
    assert browser.get("/api/v1/profile/").status_code == 401


def test_a_wrong_confirmation_is_a_problem_with_a_field(browser):
    answer = browser.post("/api/v1/step-up/", {"password": "wrong"}, content_type=JSON)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:cordon:problem:invalid"
    assert (problem["title"], problem["status"], problem["code"]) == ("Bad Request", 400, "invalid")
    assert problem["field"] == "password"
    assert problem["detail"]
    assert problem["remedy"]


@pytest.mark.parametrize(
    "body",
    [
        "[" * 20_000,
        '{"password": ' + "[" * 50 + "]" * 50 + "}",
        '{"password": ' + "1" * 5_000 + "}",
        "{",
        "NaN",
        b"\xff",
    ],
    ids=["deep", "deep and closed", "digits", "unfinished", "no number", "no text"],
)
def test_a_body_that_cannot_be_taken_is_a_problem_and_no_error(browser, body):
    answer = browser.post("/api/v1/step-up/", body, content_type=JSON)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400


def test_a_locked_confirmation_says_when_to_come_back(browser):
    for _ in range(5):
        browser.post("/api/v1/step-up/", {"password": "wrong"}, content_type=JSON)

    answer = browser.post("/api/v1/step-up/", {"password": PASSWORD}, content_type=JSON)

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_sessions_are_listed_and_ended(browser, olympus, grace):
    other, _ = olympus.signed_in(grace)

    listed = browser.get("/api/v1/sessions/").json()
    ended = browser.delete(f"/api/v1/sessions/{other.environment.session_id}/")

    assert [one["current"] for one in listed].count(True) == 1
    (current,) = [one for one in listed if one["current"]]
    assert (current["device"], current["address"], current["methods"]) == ("Chrome, Windows", "127.0.0.1", ["password"])
    assert set(current) == {"id", "current", "device", "address", "methods", "created_at", "last_used_at"}
    assert ended.status_code == 204
    assert len(browser.get("/api/v1/sessions/").json()) == 1


def test_the_session_of_somebody_else_is_not_ended(browser, olympus):
    other, _ = olympus.signed_in(olympus.person("eve"))

    answer = browser.delete(f"/api/v1/sessions/{other.environment.session_id}/")

    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert answer.json()["decision"]
    with within(olympus.id):
        assert Session.objects.get(id=other.environment.session_id).revoked_at is None


def test_a_profile_is_changed_in_part(browser):
    answer = browser.patch(
        "/api/v1/profile/", {"title": "CAPCOM", "settings": {"density": "compact"}}, content_type=JSON
    )

    assert answer.json() == {"name": "Grace", "title": "CAPCOM", "settings": {"density": "compact"}}
    assert browser.get("/api/v1/profile/").json() == answer.json()


def test_an_unknown_setting_is_a_problem_with_its_name(browser):
    answer = browser.patch("/api/v1/profile/", {"settings": {"theme": "neon"}}, content_type=JSON)

    assert (answer.status_code, answer.json()["field"]) == (400, "settings.theme")


def test_a_new_password_takes_effect(browser):
    answer = browser.post("/api/v1/password/", {"password": "an even longer sentence"}, content_type=JSON)

    assert answer.status_code == 204
    other = Client(HTTP_HOST=HOST)
    assert other.post("/login/", {"username": "grace", "password": PASSWORD}).status_code == 403
    assert other.post("/login/", {"username": "grace", "password": "an even longer sentence"}).status_code == 302


def test_who_came_by_a_link_sets_a_first_password_and_can_confirm_with_it(olympus, ada):
    link = issue_login_link(olympus.system, user_id=ada.id)
    browser = Client(HTTP_HOST=HOST)
    browser.post(f"/login/{link.token}")
    assert browser.post("/api/v1/step-up/", {"password": "words"}, content_type=JSON).status_code == 409

    answer = browser.post("/api/v1/password/", {"password": "an even longer sentence"}, content_type=JSON)

    assert answer.status_code == 204
    confirmed = browser.post("/api/v1/step-up/", {"password": "an even longer sentence"}, content_type=JSON)
    assert confirmed.status_code == 200


def test_an_old_sign_in_must_confirm_before_a_new_password(browser, clock):
    clock.forward(minutes=6)

    answer = browser.post("/api/v1/password/", {"password": "an even longer sentence"}, content_type=JSON)

    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/v1/ticket/"),
        ("post", "/api/v1/step-up/"),
        ("post", "/api/v1/password/"),
        ("get", "/api/v1/sessions/"),
        ("delete", "/api/v1/sessions/01a203ff-f451-7054-958d-3870e7352113/"),
        ("get", "/api/v1/profile/"),
        ("patch", "/api/v1/profile/"),
    ],
)
def test_without_a_session_nothing_is_answered(olympus, method, path):
    answer = getattr(Client(HTTP_HOST=HOST), method)(path)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["WWW-Authenticate"] == "Session"


def test_a_change_without_the_csrf_token_is_refused(olympus, grace):
    strict = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    _, token = olympus.signed_in(grace)
    strict.cookies["cordon_session"] = token

    answer = strict.post("/api/v1/ticket/")

    assert answer.status_code == 403
    assert answer.json()["status"] == 403


def test_a_method_that_nobody_declared_is_refused(browser):
    assert browser.put("/api/v1/profile/", {}, content_type=JSON).status_code in (403, 405)


@pytest.mark.parametrize("body", ["{", "[]", '"text"', ""])
def test_what_is_no_json_object_is_a_problem(browser, body):
    answer = browser.generic("PATCH", "/api/v1/profile/", body, content_type=JSON)

    assert answer.status_code in (200, 400)
    assert "Traceback" not in answer.content.decode()


def test_a_session_that_ended_meanwhile_is_refused(browser, olympus):
    with within(olympus.id):
        actor = sessions.actor_of(Session.objects.select_related("user").get(), HERE)
    end_session(actor)

    assert browser.get("/api/v1/sessions/").status_code == 401


def test_who_has_no_password_is_told_so_and_nothing_is_confirmed(olympus, grace):
    actor, token = olympus.signed_in(grace)
    with within(olympus.workspace.id):
        grace.set_unusable_password()
        grace.save(update_fields=["password"])
    client = Client(HTTP_HOST=HOST)
    client.cookies["cordon_session"] = token

    answer = client.post("/api/v1/step-up/", {"password": PASSWORD}, content_type=JSON)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "administrator" in answer.json()["remedy"]
    with within(olympus.workspace.id):
        assert Session.objects.get(id=actor.environment.session_id).step_up_at is None
