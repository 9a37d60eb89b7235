"""Signing in through the browser: cookies, forms, and what no cache may keep."""

import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts import sessions
from accounts.actions import deactivate_user, issue_login_link, revoke_session
from accounts.models import Session
from audit.events import Event
from tenancy.scoping import within
from tests.accounts.conftest import PASSWORD
from tests.accounts.records import entries

HOST = "olympus.localhost"


@pytest.fixture
def browser(olympus, grace):
    return Client(HTTP_HOST=HOST, REMOTE_ADDR="10.1.2.3", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux) Firefox/140.0")


def sign_in(browser, password=PASSWORD, **more):
    return browser.post("/login/", {"username": "grace", "password": password, **more})


def api(browser):
    return browser.get("/api/v1/profile/")


def test_signing_in_sets_a_cookie_with_nothing_but_a_token(browser, olympus, grace):
    answer = sign_in(browser)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    cookie = browser.cookies["cordon_session"]
    assert re.fullmatch(r"crd_[0-9A-Za-z]{49}", cookie.value)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert 0 < cookie["max-age"] <= 168 * 3600
    assert browser.cookies["cordon_device"]["httponly"]
    assert api(browser).json()["name"] == "Grace"


def test_on_https_cookies_are_bound_to_the_host_and_to_tls():
    names = (
        "SESSION_COOKIE_NAME",
        "CSRF_COOKIE_NAME",
        "DEVICE_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
    )
    program = f"from chatapp import settings as s; print(*[getattr(s, name) for name in {names}])"

    said = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"CORDON_PUBLIC_URL": "https://chat.localhost"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert said == ["__Host-cordon_session", "__Host-cordon_csrf", "__Host-cordon_device", "True", "True"]


def test_a_secure_cookie_is_marked_so(browser, settings):
    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "__Host-cordon_session", True

    sign_in(browser)

    assert browser.cookies["__Host-cordon_session"]["secure"]
    assert browser.cookies["__Host-cordon_session"]["path"] == "/"


@pytest.mark.parametrize("path", ["/login/", "/login/some-token", "/api/v1/profile/"])
def test_nothing_of_it_is_kept_by_a_cache(browser, path):
    if path.startswith("/api"):
        sign_in(browser)

    assert "no-store" in browser.get(path).headers["Cache-Control"]


def test_a_wrong_name_and_a_wrong_password_look_alike(browser):
    wrong = sign_in(browser, "wrong")
    stranger = browser.post("/login/", {"username": "nobody", "password": "wrong"})

    def without_tokens(answer):
        text = re.sub(r'value="[A-Za-z0-9]{64}"', "", answer.content.decode())
        return re.sub(r'value="(grace|nobody)"', "", text)

    assert wrong.status_code == stranger.status_code == 403
    assert without_tokens(wrong) == without_tokens(stranger)
    assert PASSWORD not in wrong.content.decode()
    assert "cordon_session" not in browser.cookies


def test_a_lock_is_shown_with_its_end(browser):
    for _ in range(5):
        sign_in(browser, "wrong")

    answer = sign_in(browser)

    assert answer.status_code == 429
    assert answer.context["locked_until"] is not None
    assert "cordon_session" not in browser.cookies


def test_a_session_that_was_planted_before_is_not_carried_over(browser, olympus, grace):
    _, planted = olympus.signed_in(olympus.person("eve"))
    browser.cookies["cordon_session"] = planted
    browser.cookies["cordon_session"]["path"] = "/"
    browser.post("/logout/")
    browser.cookies["cordon_session"] = "crd_" + "A" * 49

    sign_in(browser)

    token = browser.cookies["cordon_session"].value
    assert token not in (planted, "crd_" + "A" * 49)
    assert api(browser).json()["name"] == "Grace"


def test_who_is_signed_in_already_goes_on(browser):
    sign_in(browser)

    assert browser.get("/login/?next=/r/1").headers["Location"] == "/r/1"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil", ""])
def test_nobody_is_sent_elsewhere_after_signing_in(browser, wanted):
    assert sign_in(browser, next=wanted).headers["Location"] == "/"


def test_a_path_of_our_own_is_kept(browser):
    page = browser.get("/login/?next=/console/")

    assert page.context["next"] == "/console/"
    assert sign_in(browser, next="/console/").headers["Location"] == "/console/"


def test_a_forged_form_is_refused_and_recorded(olympus, grace):
    strict = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)

    answer = strict.post("/login/", {"username": "grace", "password": PASSWORD})

    assert answer.status_code == 403
    assert "cordon_session" not in strict.cookies
    assert len(entries(olympus.id, Event.FORGERY_REFUSED)) == 1


def test_the_form_of_our_own_page_is_taken_and_its_secret_changes(olympus, grace):
    strict = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    page = strict.get("/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    before = strict.cookies["cordon_csrf"].value

    answer = strict.post(
        "/login/",
        {"username": "grace", "password": PASSWORD, "csrfmiddlewaretoken": token},
        headers={"Origin": f"http://{HOST}"},
    )

    assert answer.status_code == 302
    assert strict.cookies["cordon_csrf"].value != before


def test_signing_out_ends_the_session_everywhere(browser, olympus):
    sign_in(browser)
    token = browser.cookies["cordon_session"].value

    answer = browser.post("/logout/")

    assert answer.status_code == 200
    assert browser.cookies["cordon_session"].value == ""
    assert "storage" in answer.headers["Clear-Site-Data"]
    with within(olympus.id):
        assert sessions.find(olympus.id, token) is None
    browser.cookies["cordon_session"] = token
    assert api(browser).status_code == 401


def test_signing_out_takes_a_post(browser):
    assert browser.get("/logout/").status_code == 405


@pytest.mark.parametrize("how", ["revoke", "deactivate"])
def test_the_next_request_of_a_revoked_session_is_refused(browser, olympus, grace, how):
    sign_in(browser)
    assert api(browser).status_code == 200

    if how == "deactivate":
        deactivate_user(olympus.system, user_id=grace.id)
    else:
        with within(olympus.id):
            (row,) = Session.objects.all()
        revoke_session(olympus.system, session_id=row.id)

    assert api(browser).status_code == 401


def test_a_link_is_spent_by_its_button_and_not_by_a_look(browser, olympus, grace):
    link = issue_login_link(olympus.system, user_id=grace.id)
    path = f"/login/{link.token}"

    looks = [browser.get(path).status_code, browser.head(path).status_code, browser.get(path).status_code]
    used = browser.post(path)
    again = Client(HTTP_HOST=HOST).post(path)

    assert looks == [200, 200, 200]
    assert (used.status_code, used.headers["Location"]) == (302, "/")
    assert again.status_code == 410
    assert api(browser).json()["name"] == "Grace"


def test_the_token_of_a_link_is_not_repeated_by_its_page(browser, olympus, grace):
    link = issue_login_link(olympus.system, user_id=grace.id)

    assert link.token not in browser.get(f"/login/{link.token}").content.decode()


def test_many_tries_from_one_place_are_slowed_down(browser):
    codes = [browser.post("/login/", {"username": f"u{n}", "password": "x"}).status_code for n in range(31)]

    assert codes[-1] == 429


def test_a_session_of_one_workspace_is_none_in_another(browser, olympus, vulcan, grace):
    vulcan.person("grace")
    sign_in(browser)

    there = browser.get("/api/v1/profile/", headers={"Host": "vulcan.localhost"})

    assert there.status_code == 401


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("olympus.localhost", True),
        ("OLYMPUS.localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:8000", True),
        ("nowhere.localhost", False),
    ],
)
def test_a_workspace_answers_by_its_name_and_the_first_on_plain_loopback(olympus, vulcan, host, answered):
    answer = Client(HTTP_HOST=host).get("/login/")

    assert answer.status_code == (200 if answered else 404)


def test_production_does_not_guess_a_workspace(olympus, settings):
    settings.PRODUCTION = True

    assert Client(HTTP_HOST="localhost").get("/login/").status_code == 404
    assert Client(HTTP_HOST="olympus.localhost").get("/login/").status_code == 404


def test_a_workspace_by_path_needs_the_shared_origin(olympus, vulcan, settings):
    vulcan.person("spock")
    browser = Client(HTTP_HOST="localhost")
    assert browser.get("/w/vulcan/login/").status_code == 404

    settings.SHARED_ORIGIN = True
    answer = browser.post("/w/vulcan/login/", {"username": "spock", "password": PASSWORD})

    assert answer.headers["Location"] == "/w/vulcan/"
    assert "cordon_session_vulcan" in browser.cookies
    assert "cordon_session" not in browser.cookies
    assert browser.get("/w/vulcan/api/v1/profile/").json()["name"] == "Spock"
    assert browser.get("/w/olympus/api/v1/profile/").status_code == 401
    assert urlsplit(browser.get("/w/vulcan/login/?next=/").headers["Location"]).path == "/"


def test_the_platforms_own_pages_need_no_workspace(db):
    assert Client(HTTP_HOST="localhost").get("/healthz").status_code == 200
