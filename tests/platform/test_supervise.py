"""The life of a platform that `manage.py up` runs: start, look after, stop, start again, die."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.supervised import descendants, eventually, free_port, living, running

pytestmark = pytest.mark.slow

ORPHAN_SECONDS = 5.0
SECOND_START_SECONDS = 30.0
"""12 s are promised on two idle cores; here the other tests run beside it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("supervised") / "data"


@pytest.fixture(scope="module")
def platform(data):
    with running(data, port=free_port()) as platform:
        yield platform


@pytest.fixture
def stopped(platform):
    """The data directory, with nobody on it."""
    if platform.process.poll() is None:
        platform.stop(signal.SIGINT)
    return platform.data


def test_it_says_where_it_answers_and_answers_there(platform):
    assert f"ready: http://127.0.0.1:{platform.port}/" in platform.printed
    assert platform.get("/healthz") == 200
    assert platform.get("/readyz") == 200


def test_a_command_in_another_terminal_finds_the_same_deployment(platform):
    done = platform.manage("doctor", "--json")

    findings = {one["name"]: one for one in json.loads(done.stdout)}
    assert findings["database"]["well"]
    assert findings["valkey"]["well"]
    assert findings["wall"]["well"], findings["wall"]


def test_a_link_made_in_another_terminal_leads_to_the_port_that_is_served(platform):
    born = platform.manage("create_workspace", "north", "--name", "North", "--owner", "ada")

    done = platform.manage("login_link", "ada", "--workspace", "north", PORT="")

    assert born.returncode == 0, born.stderr
    assert done.stdout.startswith(f"http://127.0.0.1:{platform.port}/login/"), done.stdout + done.stderr


def test_a_second_one_on_the_same_data_is_refused(platform):
    done = platform.manage("up", PORT=str(free_port()))

    assert done.returncode == 1
    assert "already running" in done.stderr


def test_a_taken_port_is_told_before_anything_starts(platform, tmp_path):
    done = platform.manage("up", CORDON_DATA_DIR=str(tmp_path / "other"))

    assert done.returncode == 1
    assert f"Port {platform.port}" in done.stderr
    assert "PORT=8001 make run" in done.stderr
    assert not (tmp_path / "other" / "postgres").exists()


@pytest.mark.parametrize("name", ["sealer", "worker", "beat", "web"])
def test_a_process_that_dies_is_brought_back(platform, name):
    first = platform.pid(name)

    os.kill(first, signal.SIGKILL)

    eventually(lambda: platform.pid(name) not in {first, None}, seconds=15, what=f"a new {name}")
    assert f"{name} ended with status -9; starting it again" in platform.printed


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_server_that_dies_is_brought_back_with_its_data(platform, name):
    first = platform.pid(name)

    os.kill(first, signal.SIGKILL)

    eventually(lambda: platform.pid(name) not in {first, None}, seconds=15, what=f"a new {name}")
    eventually(lambda: platform.get("/readyz") == 200, seconds=15, what="readiness")


def test_what_was_brought_back_is_reported_by_doctor(platform):
    first = platform.pid("beat")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: platform.pid("beat") not in {first, None}, seconds=15, what="a new beat")

    done = platform.manage("doctor", "--json")

    details = [one["detail"] for one in json.loads(done.stdout) if one["name"] == "processes"]
    assert any("brought back" in detail for detail in details)


def test_no_secret_stands_in_the_logs(platform):
    secrets = json.loads((platform.data / "secrets.json").read_text()).values()
    logs = platform.printed + "".join(log.read_text() for log in (platform.data / "log").glob("*.log"))

    assert not [secret for secret in secrets if len(secret) > 20 and secret in logs]


def test_a_stop_is_orderly_and_leaves_nothing(platform):
    family = descendants(platform.process.pid)

    status = platform.stop(signal.SIGINT)

    stopped = [line.split()[4] for line in platform.printed.splitlines() if "stopped " in line]
    assert status == 0, platform.printed
    assert stopped == ["beat", "worker", "web", "sealer", "valkey", "postgres"]
    assert len(family) > len(stopped)
    assert not family & living().keys()


def identity(data: Path) -> tuple[bytes, int]:
    """What would differ if the deployment had been made anew."""
    return (data / "secrets.json").read_bytes(), (data / "postgres" / "PG_VERSION").stat().st_mtime_ns


def test_a_second_start_is_quick_and_keeps_the_data_and_its_death_leaves_no_orphan(stopped):
    before = identity(stopped)
    log = stopped / "log" / "worker.log"
    logged = len(log.read_text())

    with running(stopped, port=free_port()) as again:
        seconds = time.monotonic() - again.began
        eventually(lambda: "ready." in log.read_text()[logged:], seconds=20, what="a worker at work")
        family = descendants(again.process.pid)
        again.process.kill()
        again.process.wait()

        eventually(lambda: not family & living().keys(), seconds=ORPHAN_SECONDS, what="the end of all children")

    assert identity(stopped) == before
    assert seconds < SECOND_START_SECONDS
    assert len(family) > 6


def test_it_starts_again_after_being_killed(stopped):
    with running(stopped, port=free_port()) as again:
        assert again.get("/readyz") == 200


@pytest.mark.parametrize("harm", ["mode", "loss"])
def test_a_key_file_that_cannot_be_used_is_told_with_its_remedy_and_nothing_is_called_ready(platform, stopped, harm):
    keyfile = stopped.with_name("data.kms-key")
    away = keyfile.with_name("away")
    keyfile.chmod(0o644) if harm == "mode" else keyfile.rename(away)

    try:
        done = platform.manage("up", "--no-demo", PORT=str(free_port()))
    finally:
        keyfile.chmod(0o600) if harm == "mode" else away.rename(keyfile)

    assert done.returncode == 1
    assert f"chmod 600 {keyfile}" in done.stderr if harm == "mode" else f"Put it back at {keyfile}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "ready:" not in done.stdout
