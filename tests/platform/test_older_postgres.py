"""An external PostgreSQL may be as old as 15: the schema stands there, and so does the wall (R17)."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from chatapp import embedded
from chatapp.deployment import Deployment
from chatapp.wall import gaps
from tests import boot, parts

pytestmark = pytest.mark.slow

FAST = {"fsync": "off", "full_page_writes": "off"}


def debians_fifteen() -> Path:
    return Path(parts.need(parts.POSTGRES_15)).parent


def the_wheels_sixteen() -> Path:
    return embedded.postgres_binaries().parents[1] / "pginstall" / "bin"


@pytest.fixture(params=[debians_fifteen, the_wheels_sixteen])
def older(request, tmp_path, monkeypatch):
    monkeypatch.setenv("CORDON_POSTGRES_BIN", str(request.param()))
    deployment = Deployment(tmp_path / "data")
    server = embedded.start_postgres(deployment, options=FAST)
    yield deployment
    server.stop()


def test_the_schema_and_the_wall_stand_there(older):
    environ = os.environ | boot.addresses(boot.DATABASE) | older.services() | {"VALKEY_URL": os.environ["VALKEY_URL"]}

    done = subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", "prepare"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    with psycopg.connect(older.database_url("app")) as connection:
        assert connection.info.server_version < 180000
        assert gaps(connection) == []
        assert connection.execute("select count(*) from rooms_room").fetchone() == (0,)
