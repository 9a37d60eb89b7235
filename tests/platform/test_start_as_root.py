"""PostgreSQL refuses root: it is started in a user namespace, or as `nobody` where namespaces are forbidden."""

import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from chatapp import children, embedded
from chatapp.children import NOBODY_UID, CannotStart, Guise
from chatapp.deployment import Deployment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user needs no guise"),
]

AS_NOBODY = Guise(
    words=("setpriv", f"--reuid={NOBODY_UID}", f"--regid={NOBODY_UID}", "--clear-groups", "--"), owner=NOBODY_UID
)


@pytest.fixture
def deployment():
    """A data directory below one that others may enter."""
    parent = Path(tempfile.mkdtemp(prefix="cordon-root-"))
    parent.chmod(0o711)
    deployment = Deployment(parent / "data")
    yield deployment
    shutil.rmtree(parent)
    shutil.rmtree(deployment.sockets, ignore_errors=True)


def owner_of_the_server(deployment: Deployment) -> int:
    pid = (deployment.postgres_data / "postmaster.pid").read_text().splitlines()[0]
    return Path(f"/proc/{pid}").stat().st_uid


def test_as_nobody_it_owns_its_data_and_answers_twice(deployment, monkeypatch):
    monkeypatch.setattr(embedded, "guise", lambda: AS_NOBODY)

    for _start in range(2):
        server = embedded.start_postgres(deployment)
        with psycopg.connect(deployment.database_url("app")) as connection:
            (role,) = connection.execute("select current_user").fetchone()
        runs_as = owner_of_the_server(deployment)
        server.stop()

        assert (role, runs_as) == ("cordon_app", NOBODY_UID)

    assert deployment.postgres_data.stat().st_uid == NOBODY_UID
    assert (deployment.root / "secrets.json").stat().st_uid == 0
    assert deployment.root.stat().st_mode & 0o777 == 0o711


def test_a_place_that_nobody_can_reach_is_told_with_a_remedy(deployment, monkeypatch):
    monkeypatch.setattr(embedded, "guise", lambda: AS_NOBODY)
    deployment.root.parent.chmod(0o700)

    with pytest.raises(CannotStart, match="such as /srv"):
        embedded.start_postgres(deployment)


def test_in_a_namespace_its_files_stay_roots_own(deployment, monkeypatch):
    namespace = Guise(words=("unshare", "--user", f"--map-user={NOBODY_UID}", f"--map-group={NOBODY_UID}", "--"))
    if not children._works(namespace.words):
        pytest.skip("user namespaces are forbidden here")
    monkeypatch.setattr(embedded, "guise", lambda: namespace)

    server = embedded.start_postgres(deployment)
    server.stop()

    assert deployment.postgres_data.stat().st_uid == 0
    assert deployment.root.stat().st_mode & 0o777 == 0o700
