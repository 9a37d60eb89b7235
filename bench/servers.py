"""A deployment of its own in a directory of its own: PostgreSQL with fsync on, Valkey, and the web process under test.

Nothing here touches a server that was running before; everything ends with the bench, even by SIGKILL.
"""

import contextlib
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

import psycopg

from bench.figures import CEILING, NAIVE, PRODUCT
from chatapp.children import Child
from chatapp.deployment import Deployment
from chatapp.embedded import start_postgres, start_valkey
from chatapp.env import BASE_DIR

MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))
NO_POOL = "0"
WEB_POOL = "16"


@dataclass(slots=True)
class Server:
    """Something that answers on a port of loopback; `pids` are the process trees whose CPU counts."""

    name: str
    port: int
    pids: list[int]
    memory_pid: int
    sealer_pid: int = 0


@dataclass(slots=True)
class Site:
    """PostgreSQL and Valkey of one run, and what is started beside them."""

    deployment: Deployment
    services: list[int]

    @property
    def root(self) -> Path:
        return self.deployment.root

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        own = self.deployment.identity() | self.deployment.services()
        common = {"CORDON_DATA_DIR": str(self.root), "PYTHONUNBUFFERED": "1", "CORDON_DATABASE_POOL": NO_POOL}
        return kept | own | common | more

    @contextmanager
    def _running(self, name: str, *command: str, **environment: str) -> Iterator[Child]:
        log = self.deployment.log / f"{name}.log"
        child = Child(name, command, env=self.environment(**environment), log=log, grace=10.0)
        try:
            yield child
        finally:
            child.stop()

    @contextmanager
    def web(self) -> Iterator[Server]:
        """The product's own web process and its sealer."""
        port = free_port()
        environment = {"CORDON_DATABASE_POOL": WEB_POOL, "PORT": str(port)}
        with (
            self._running("sealer", *MANAGE, "sealer") as sealer,
            self._running("web", sys.executable, "-m", "bench.web", "--port", str(port), **environment) as web,
        ):
            wait_for(port, web)
            pids = [web.process.pid, sealer.process.pid, *self.services]
            yield Server(PRODUCT, port, pids, web.process.pid, sealer.process.pid)

    @contextmanager
    def ceiling(self) -> Iterator[Server]:
        port = free_port()
        with self._running("ceiling", sys.executable, "-m", "bench.ceiling", str(port)) as child:
            wait_for(port, child)
            yield Server(CEILING, port, [child.process.pid], child.process.pid)

    @contextmanager
    def naive(self) -> Iterator[Server]:
        port, url = free_port(), self._database_of_the_naive()
        command = (sys.executable, "-m", "bench.naive", str(port))
        with self._running("naive", *command, NAIVE_DATABASE_URL=url) as child:
            wait_for(port, child)
            yield Server(NAIVE, port, [child.process.pid, *self.services], child.process.pid)

    def _database_of_the_naive(self) -> str:
        with psycopg.connect(self.deployment.database_url("postgres", "postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = 'naive'").fetchone():
                connection.execute("create database naive")
        return self.deployment.database_url("postgres", "naive")


@contextmanager
def site(root: Path, *, keep: bool) -> Iterator[Site]:
    """PostgreSQL and Valkey for one directory, prepared; stopped at the end, and removed unless kept."""
    deployment = Deployment(root)
    started: list[Child] = []
    try:
        started += (start_postgres(deployment), start_valkey(deployment))
        here = Site(deployment, [child.process.pid for child in started])
        run([*MANAGE, "prepare"], env=here.environment(), check=True, stdout=sys.stderr)
        yield here
    finally:
        for child in reversed(started):
            child.stop()
        shutil.rmtree(deployment.sockets, ignore_errors=True)
        if not keep:
            shutil.rmtree(root, ignore_errors=True)
            deployment.default_kms_keyfile.unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int, child: Child, *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and child.ended is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{child.name} does not answer, see {child.log}\n{child.log.read_text()[-2000:]}")
