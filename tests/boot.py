"""Loaded with `-p tests.boot`, before the settings are read: real servers for one run of the tests.

Every process that runs tests has a PostgreSQL and a Valkey of its own, in one temporary directory of the run: an open
transaction of one worker holds back what another may seal, because transaction ids belong to the whole cluster. The
database that tests use is a clone of a migrated template.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg
import redis
from psycopg import sql

from chatapp.deployment import ROLES, Deployment
from chatapp.embedded import grant_roles, start_postgres, start_valkey

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "solo")
DATABASE = f"cordon_{WORKER}"
ALIASES = tuple(role for role in ROLES if role != "app")
TEMPLATE = "cordon_template"
_DIRECTORY = "CORDON_TEST_DIRECTORY"
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_MANAGE = Path(__file__).resolve().parent.parent / "manage.py"


def _boot() -> Deployment:
    """Start the servers, and stop them when this process ends; the first process of the run clears up after all."""
    first = _DIRECTORY not in os.environ
    if first:
        os.environ[_DIRECTORY] = tempfile.mkdtemp(prefix="cordon-test-")
    directory = Path(os.environ[_DIRECTORY])
    deployment = Deployment(directory / WORKER / "data")
    children = [start_postgres(deployment, options=_FAST), start_valkey(deployment)]

    def stop() -> None:
        for child in reversed(children):
            child.stop()
        for data in directory.glob("*/data") if first else ():
            shutil.rmtree(Deployment(data).sockets, ignore_errors=True)
        shutil.rmtree(directory if first else directory / WORKER, ignore_errors=True)

    atexit.register(stop)
    return deployment


def addresses(database: str) -> dict[str, str]:
    """The environment of a process that uses this database of the run."""
    services = {name: _on(database, url) for name, url in DEPLOYMENT.services().items() if name != "VALKEY_URL"}
    return services | {
        "VALKEY_URL": DEPLOYMENT.valkey_url,
        "CORDON_DATABASE_POOL": "0",
        "CORDON_DEPLOYMENT_ID": f"test-{WORKER}",
        "CORDON_DATA_DIR": str(DEPLOYMENT.root),
    }


def _on(database: str, url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def admin(database: str = "postgres") -> psycopg.Connection:
    """The administrator's own connection, which no part of the product has."""
    return psycopg.connect(DEPLOYMENT.database_url("postgres", database), autocommit=True)


def owner() -> psycopg.Connection:
    return psycopg.connect(DEPLOYMENT.database_url("owner", DATABASE), autocommit=True)


def suspend(workspace_id: UUID) -> None:
    """As the operator of a deployment does it; the app role may not."""
    with owner() as connection:
        connection.execute("update tenancy_workspace set state = 'suspended' where id = %s", [workspace_id])


def valkey() -> redis.Redis:
    return redis.Redis.from_url(os.environ["VALKEY_URL"])


def clone(database: str = DATABASE) -> None:
    """A fresh database as `prepare` leaves it; the first caller makes the template."""
    with admin() as connection:
        connection.execute("select pg_advisory_lock(1)")
        if not connection.execute("select 1 from pg_database where datname = %s", [TEMPLATE]).fetchone():
            _make_template(connection)
        for statement in ("drop database if exists {0} with (force)", "create database {0} template {1}"):
            connection.execute(sql.SQL(statement).format(sql.Identifier(database), sql.Identifier(TEMPLATE)))
    with admin(database) as connection:
        grant_roles(connection)


def _make_template(connection: psycopg.Connection) -> None:
    draft = f"{TEMPLATE}_draft"
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(draft)))
    connection.execute(sql.SQL("create database {}").format(sql.Identifier(draft)))
    with admin(draft) as inside:
        grant_roles(inside)
    done = subprocess.run(
        [sys.executable, _MANAGE, "prepare"],
        env=os.environ | addresses(draft),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py prepare failed:\n{done.stdout}{done.stderr}")
    connection.execute(
        sql.SQL("alter database {} rename to {}").format(sql.Identifier(draft), sql.Identifier(TEMPLATE))
    )


DEPLOYMENT = _boot()
os.environ.update(DEPLOYMENT.identity() | addresses(DATABASE))
