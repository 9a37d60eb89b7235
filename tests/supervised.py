"""A platform of its own for a test: `manage.py up` on a temporary data directory, looked after by its supervisor."""

import http.client
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings

from tests import boot

MANAGE = Path(settings.BASE_DIR) / "manage.py"
READY_SECONDS = 60.0


def eventually(ask: Callable[[], object], *, seconds: float, what: str) -> object:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {seconds:g} s", pytrace=False)


def free_port() -> int:
    """A port below those that outgoing connections are given, so that nobody takes it by chance."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


PUBLIC_HOST = "chat.example.org"


def production(database: str, folder: Path) -> dict[str, str]:
    """The environment of an operator's own production behind TLS, with strong secrets, on this database of the run."""
    return boot.addresses(database) | {
        "CORDON_PRODUCTION": "1",
        "CORDON_DATA_DIR": str(folder / "data"),
        "CORDON_KMS_KEYFILE": str(folder / "kms.key"),
        "CORDON_DEPLOYMENT_ID": "production",
        "CORDON_SECRET_KEY": secrets.token_urlsafe(48),
        "CORDON_WALL_KEY": secrets.token_urlsafe(48),
        "CORDON_PUBLIC_URL": f"https://{PUBLIC_HOST}",
        "CORDON_DATABASE_POOL": "",
    }


Birth = tuple[int, str]
"""A process id and when it began, since ids are used again."""


def living() -> dict[Birth, int]:
    """Every process that runs, and its parent's id. Zombies do not run."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, *rest = (process / "stat").read_text().rpartition(") ")[2].split()
            if state != "Z":
                found[int(process.name), rest[17]] = int(parent)
    return found


def descendants(pid: int) -> set[Birth]:
    parents = living()
    found: set[Birth] = set()
    while more := {one for one, parent in parents.items() if parent in {pid, *(child for child, _ in found)}} - found:
        found |= more
    return found


class Platform:
    """One run of `manage.py up` on a data directory of its own."""

    def __init__(self, data: Path, *, port: int, environ: dict[str, str] | None = None) -> None:
        self.data, self.port = data, port
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
        self.environ = inherited | {"CORDON_DATA_DIR": str(data), "PORT": str(port)} | (environ or {})
        self.log = data.with_name(f"{data.name}-up.log")
        self.began = time.monotonic()
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, MANAGE, "up", "--no-demo"], env=self.environ, stdout=out, stderr=out
            )

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def wait_until_ready(self) -> float:
        eventually(lambda: "ready: " in self.printed or self.process.poll(), seconds=READY_SECONDS, what="ready")
        assert self.process.poll() is None, self.printed
        return time.monotonic() - self.began

    def pid(self, name: str) -> int | None:
        services = json.loads((self.data / "processes.json").read_text())["services"]
        return next(service["pid"] for service in services if service["name"] == name)

    def get(self, path: str) -> int:
        """The status of the answer; 0 if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return 0

    def manage(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(MANAGE), *arguments, **environ)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Another process of the same deployment, by the same Python."""
        command = [sys.executable, *arguments]
        env = self.environ | environ
        return subprocess.run(command, cwd=MANAGE.parent, env=env, capture_output=True, text=True, check=False)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)


@contextmanager
def running(data: Path, *, port: int) -> Iterator[Platform]:
    platform = Platform(data, port=port)
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        if platform.process.poll() is None:
            platform.stop(signal.SIGTERM)
