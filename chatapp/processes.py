"""The processes of the platform: what each runs, and the addresses and secrets that it needs, no others."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.management import get_commands

from chatapp.env import DATABASE_VARIABLES

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "DJANGO_SETTINGS_MODULE", "PORT", "ASGI_SERVER")


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
    """In the order of their start; they are stopped in the opposite order."""
    schedule = settings.DATA_DIR / "beat-schedule"
    manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
    celery = (sys.executable, "-m", "celery", "-A", "chatapp", "--quiet")
    found = [
        Program(
            "worker",
            (*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"),
            orphaned=signal.SIGQUIT,  # at once: unfinished tasks are taken up again
            grace=30.0,
        ),
        Program("beat", (*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", str(schedule))),
        Program("web", (*manage, "serve", "--bind", bind, "--port", str(port)), database_pool=16, grace=10.0),
    ]
    if "sealer" in get_commands():
        found.insert(0, Program("sealer", (*manage, "sealer"), aliases=("default", "sealer")))
    return found


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
