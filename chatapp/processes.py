"""The processes of the platform: what each runs, and the addresses and secrets that it needs, no others."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from chatapp.env import DATABASE_VARIABLES

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "DJANGO_SETTINGS_MODULE", "PORT", "ASGI_SERVER")

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
WEB = "web"


@dataclass(frozen=True, slots=True)
class Program:
    """One long-running process. `aliases` names the database connections that it gets."""

    name: str
    command: tuple[str, ...]
    aliases: tuple[str, ...] = ("default",)
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals | None = None
    grace: float = 15.0
    database_pool: int = 0


def programs(*, bind: str, port: int) -> list[Program]:
    """In the order of their start, web before what nobody waits for; they are stopped in the opposite order."""
    celery = (sys.executable, "-m", "celery", "-A", "chatapp", "--quiet")
    schedule = str(settings.DATA_DIR / "beat-schedule")
    quiet = ("--loglevel", "INFO", "--without-gossip", "--without-mingle")
    return [
        Program("sealer", (*MANAGE, "sealer"), aliases=("default", "sealer")),
        Program(WEB, (*MANAGE, "serve", "--bind", bind, "--port", str(port)), database_pool=16, grace=10.0),
        Program(
            "worker",
            (*celery, "worker", "--concurrency", "2", *quiet),
            orphaned=signal.SIGKILL,  # without its broker it would try for ever; unfinished tasks are taken up again
            grace=30.0,
        ),
        Program("beat", (*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", schedule)),
    ]


UPKEEP = Program("upkeep", (*MANAGE, "prepare"), aliases=("default", "owner"))
"""Run now and then: makes the partitions of the days ahead."""


def environment(program: Program) -> Mapping[str, str]:
    """What the process is told: the operator's choices, the identity of the deployment, and its own databases."""
    env = settings.ENV
    withheld = DATABASE_VARIABLES.values()
    kept = {name: value for name, value in os.environ.items() if _passed_on(name) and name not in withheld}
    addresses = {DATABASE_VARIABLES[alias]: env.databases[alias] for alias in program.aliases if alias in env.databases}
    return (
        kept
        | addresses
        | env.identity()
        | {"CORDON_DATABASE_POOL": str(program.database_pool), "PYTHONUNBUFFERED": "1"}
    )


def _passed_on(name: str) -> bool:
    return name in _INHERITED or name.startswith("CORDON_")
