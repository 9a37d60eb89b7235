"""The first start may be cut short at any moment: the next one makes a whole platform of the same data directory."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from chatapp.children import CannotStart
from chatapp.deployment import Deployment
from chatapp.embedded import start_postgres
from tests.supervised import Platform, descendants, eventually, free_port, living, running

pytestmark = pytest.mark.slow

ORPHAN_SECONDS = 5.0


def initdb_has_begun(platform: Platform) -> bool:
    return any(platform.data.glob("postgres*/PG_VERSION"))


def postgres_starts(platform: Platform) -> bool:
    return (platform.data / "postgres" / "postmaster.pid").exists()


def migrations_run(platform: Platform) -> bool:
    return "PostgreSQL and Valkey answer" in platform.printed


MOMENTS = [
    (initdb_has_begun, signal.SIGINT),
    (initdb_has_begun, signal.SIGKILL),
    (postgres_starts, signal.SIGKILL),
    (migrations_run, signal.SIGKILL),
]
"""Cut short while processes start is told in the life of a platform: it starts again after being killed."""


def cut_short(data: Path, moment: Callable[[Platform], bool], number: signal.Signals) -> None:
    """Start on this directory and end it at that moment; nothing of it lives on."""
    platform = Platform(data, port=free_port())
    try:
        eventually(lambda: moment(platform) or platform.process.poll() is not None, seconds=40, what=moment.__name__)
        assert platform.process.poll() is None, platform.printed
        family = descendants(platform.process.pid)
        platform.stop(number)
    finally:
        platform.process.kill()

    assert family
    eventually(lambda: not family & living().keys(), seconds=ORPHAN_SECONDS, what="the end of all children")


def test_a_first_start_that_was_cut_short_again_and_again_is_made_good_by_the_next(tmp_path):
    data = tmp_path / "private" / "data"
    data.mkdir(parents=True, mode=0o700)
    (data / "postgres-draft-left").mkdir()
    (data / "secrets.draft").write_text('{"secret_key": "ha')

    for moment, number in MOMENTS:
        cut_short(data, moment, number)

    with running(data, port=free_port()) as platform:
        assert platform.get("/readyz") == 200

    assert [one.name for one in data.parent.iterdir() if one.name.startswith(".")] == []
    assert [one.name for one in data.iterdir() if "draft" in one.name or one.name.startswith(".")] == []


@pytest.mark.parametrize("made", [[], ["global/pg_control", "base/1"]])
def test_a_cluster_that_was_half_made_in_its_place_is_named_with_what_to_do(tmp_path, made):
    deployment = Deployment(tmp_path / "data")
    deployment.root.mkdir(mode=0o700)
    for part in made:
        (deployment.postgres_data / part).mkdir(parents=True)
    deployment.postgres_data.mkdir(parents=True, exist_ok=True)
    (deployment.postgres_data / "PG_VERSION").write_text("18\n")

    with pytest.raises(CannotStart, match=r"base/5 is missing.*Move it away"):
        start_postgres(deployment)
