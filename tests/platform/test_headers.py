import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def headers(client):
    return client.get("/healthz").headers


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


def test_client_pages_run_only_our_scripts_and_no_trusted_type_policy(headers):
    policy = directives(headers["Content-Security-Policy"])

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["img-src"] == "'self'"
    assert policy["base-uri"] == policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"


def test_no_page_allows_inline_or_evaluated_code(headers):
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_the_console_has_one_trusted_type_policy_and_is_strict_in_all_else(client, headers):
    console = directives(client.get("/console/nothing-here").headers["Content-Security-Policy"])

    page = directives(headers["Content-Security-Policy"])
    assert console.pop("trusted-types") == "default"
    assert page.pop("trusted-types") == "'none'"
    assert console == page


def test_every_answer_is_hardened(headers):
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_page_that_is_not_there_is_hardened_too(client):
    answer = client.get("/nothing-here")

    assert answer.status_code == 404
    assert "Content-Security-Policy" in answer.headers
    assert "Permissions-Policy" in answer.headers


def test_loopback_has_plain_cookies_and_no_transport_policy(settings, headers):
    assert settings.SESSION_COOKIE_NAME == "cordon_session"
    assert settings.SESSION_COOKIE_SECURE is False
    assert "Strict-Transport-Security" not in headers
