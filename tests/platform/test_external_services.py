"""Production on a PostgreSQL and a Valkey of the operator's own, behind a TLS proxy."""

import http.client
import json
import secrets
import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests import boot
from tests.supervised import PUBLIC_HOST, Platform, free_port, production

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

DATABASE = f"cordon_external_{boot.WORKER}"
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    own = {"CORDON_TRUSTED_PROXIES": "127.0.0.1", "CORDON_METRICS_TOKEN": secrets.token_urlsafe(24)}
    return production(DATABASE, tmp_path_factory.mktemp("external")) | own


@pytest.fixture(scope="module")
def platform(environ, django_db_setup):
    boot.clone(DATABASE)
    platform = Platform(Path(environ["CORDON_DATA_DIR"]), port=free_port(), environ=environ)
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        platform.stop(signal.SIGTERM)


def ask(platform: Platform, path: str, **headers: str) -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection("127.0.0.1", platform.port, timeout=5)) as connection:
        connection.request("GET", path, headers={"Host": PUBLIC_HOST} | headers)
        answer = connection.getresponse()
        answer.read()
        return answer


def test_none_of_its_own_servers_is_started(platform):
    services = json.loads((platform.data / "processes.json").read_text())["services"]

    assert [service["name"] for service in services] == ["sealer", "web", "worker", "beat"]
    assert not (platform.data / "postgres").exists()
    assert not (platform.data / "secrets.json").exists()


def test_it_is_ready_and_has_no_demo(platform):
    assert ask(platform, "/readyz").status == 200
    assert f"ready: https://{PUBLIC_HOST}/" in platform.printed
    assert "sign in" not in platform.printed


def test_plain_http_is_sent_to_tls(platform):
    answer = ask(platform, "/")

    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{PUBLIC_HOST}/"


def test_behind_the_proxy_transport_security_is_told(platform):
    answer = ask(platform, "/nothing-here", **FORWARDED)

    assert answer.status == 404
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"


def test_cookies_are_bound_to_the_host_and_to_tls(platform):
    ask_for = (
        "from chatapp import settings as s; print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_NAME)"
    )

    done = platform.run("-c", ask_for)

    assert done.stdout.split() == ["__Host-cordon_session", "True", "__Host-cordon_csrf"]


def test_an_unknown_host_is_refused(platform):
    assert ask(platform, "/nothing-here", **FORWARDED | {"Host": "evil.example.net"}).status == 400


def test_figures_ask_for_the_token_even_on_loopback(platform, environ):
    token = environ["CORDON_METRICS_TOKEN"]

    assert ask(platform, "/metrics").status == 404
    assert ask(platform, "/metrics", Authorization=f"Bearer {token}").status == 200


def test_static_files_carry_the_hash_of_their_content(platform):
    manifest = json.loads((platform.data / "static" / "staticfiles.json").read_text())
    name = manifest["paths"]["admin/css/base.css"]

    answer = ask(platform, f"/static/{name}", **FORWARDED)

    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_weak_setting_keeps_it_from_starting(platform):
    done = platform.manage("serve", CORDON_SECRET_KEY="short", PORT=str(free_port()))

    assert done.returncode == 1
    assert "cordon.E002" in done.stderr


def test_a_worker_does_not_start_on_weak_settings_either(platform):
    done = platform.run("-m", "celery", "-A", "chatapp", "beat", "--pidfile=", CORDON_SECRET_KEY="short")

    assert done.returncode != 0
    assert "cordon.E002" in done.stdout + done.stderr


def test_a_missing_value_is_told_before_anything_starts(platform):
    done = platform.manage("up", CORDON_WALL_KEY="", VALKEY_URL="")

    assert done.returncode == 1
    assert "CORDON_WALL_KEY is missing" in done.stderr
    assert "VALKEY_URL is missing" in done.stderr
