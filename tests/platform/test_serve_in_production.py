"""From nothing to a page of a workspace: a production of an operator's own, on either server, behind a TLS proxy."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import pytest

from tests import boot
from tests.supervised import MANAGE, eventually, free_port
from tests.supervised import PUBLIC_HOST as HOST
from tests.supervised import production as production_environment

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

DATABASE = f"cordon_production_{boot.WORKER}"
TLS = {"X-Forwarded-Proto": "https"}


@dataclass(slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass(slots=True)
class Production:
    environ: dict[str, str]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, MANAGE, *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=60, check=False)

    @contextmanager
    def served(self, server: str, *, proxies: str) -> Iterator[int]:
        """The port of a web process that trusts these proxies."""
        port = free_port()
        environ = self.environ | {"ASGI_SERVER": server, "CORDON_TRUSTED_PROXIES": proxies}
        process = subprocess.Popen([sys.executable, MANAGE, "serve", "--port", str(port)], env=environ)
        try:
            eventually(lambda: process.poll() is not None or answers(port), seconds=45, what=f"{server} answers")
            assert process.poll() is None
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@pytest.fixture(scope="module")
def production(django_db_setup, tmp_path_factory) -> Production:
    """Prepared, and nothing more; the commands of the runbook do the rest."""
    folder = tmp_path_factory.mktemp("production")
    boot.clone(DATABASE)
    made = Production({"PATH": "/usr/bin:/bin", "HOME": str(folder)} | production_environment(DATABASE, folder))
    done = made.manage("prepare")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def _north(production) -> None:
    """The first workspace."""
    born = production.manage("create_workspace", "north", "--name", "North", "--owner", "ada", "--host", HOST)
    assert born.returncode == 0, born.stderr
    assert "manage.py login_link ada --workspace north" in born.stdout


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def trusting(request, production, _north) -> Iterator[int]:
    """The port of a server of each kind that believes the proxy of this machine."""
    with production.served(request.param, proxies="127.0.0.1") as port:
        yield port


def answers(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return ask(port, "GET", "/healthz").status == 200
    return False


def ask(port: int, method: str, path: str, body: str = "", **headers: str) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, {"Host": HOST} | headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())


def test_the_sign_in_page_opens_on_the_host_of_the_workspace_and_on_no_other(trusting):
    page = ask(trusting, "GET", "/login/", **TLS)
    other = ask(trusting, "GET", "/login/", **TLS | {"Host": f"other.{HOST}"})
    plain = ask(trusting, "GET", "/login/")
    foreign = ask(trusting, "GET", "/login/", **TLS | {"Host": "chat.example.net"})

    assert page.status == 200
    assert 'name="password"' in page.text
    assert "__Host-cordon_csrf" in page.headers["Set-Cookie"]
    assert (other.status, plain.status, foreign.status) == (404, 301, 400)


@pytest.mark.usefixtures("_north")
@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_who_is_no_proxy_is_believed_about_nothing(production, server):
    with production.served(server, proxies="10.9.9.9") as port:
        assert ask(port, "GET", "/login/", **TLS, **{"X-Forwarded-For": "203.0.113.66, 127.0.0.1"}).status == 301


def test_the_address_of_a_session_is_the_one_that_the_proxy_saw(production, trusting):
    """What the client wrote before it is hearsay."""
    told = TLS | {"X-Forwarded-For": "203.0.113.66, 192.0.2.7"}
    link = production.manage("login_link", "ada", "--workspace", "north").stdout.strip()

    cookies = sign_in(trusting, link.removeprefix(f"https://{HOST}"), told)
    sessions = ask(trusting, "GET", "/api/v1/sessions/", **told, Cookie=cookies)

    assert sessions.status == 200
    assert "192.0.2.7" in sessions.text
    assert "203.0.113.66" not in sessions.text


def sign_in(port: int, path: str, headers: dict[str, str]) -> str:
    """By a link, as a browser follows it; the cookies of the session."""
    page = ask(port, "GET", path, **headers)
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text))
    csrf = page.headers["Set-Cookie"].partition(";")[0]
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}", "Cookie": csrf}
    done = ask(port, "POST", path, f"csrfmiddlewaretoken={token}", **headers | form)
    assert done.status == 302, done.text
    return "; ".join(one.partition(";")[0] for one in done.headers.get_all("Set-Cookie"))


@pytest.mark.usefixtures("_north")
def test_doctor_finds_its_workspace_reachable(production):
    findings = json.loads(production.manage("doctor", "--json").stdout)

    assert [one["well"] for one in findings if one["name"] == "workspaces"] == [True]


def test_a_trusted_proxy_that_is_everybody_keeps_it_from_starting(production):
    production.environ["CORDON_TRUSTED_PROXIES"] = "0.0.0.0/0"
    try:
        done = production.manage("serve", "--port", str(free_port()))
    finally:
        del production.environ["CORDON_TRUSTED_PROXIES"]

    assert done.returncode == 1
    assert "cordon.E007" in done.stderr
