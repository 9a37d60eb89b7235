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
_SECRET_SUFFIXES = ("_URL", "_KEY", "_TOKEN")


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
    celery = (sys.executable, "-m", "celery", "-A", "chatapp", "--quiet")
    found = [
        Program(
            "worker",
            (*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"),
            orphaned=signal.SIGQUIT,  # at once: unfinished tasks are taken up again
            grace=30.0,
        ),
        Program("beat", (*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", str(schedule))),
        Program("web", _web(bind, port), database_pool=16, grace=10.0),
    ]
    if "sealer" in get_commands():
        sealer = (sys.executable, "manage.py", "sealer")
        found.insert(0, Program("sealer", sealer, aliases=("default", "sealer")))
    return found


def _web(bind: str, port: int) -> tuple[str, ...]:
    listen = ("--bind", bind, "--port", str(port))
    if settings.ASGI_SERVER == "uvicorn":
        return (sys.executable, "manage.py", "serve", *listen)
    proxied = ("--proxy-headers",) if settings.TRUSTED_PROXIES else ()
    named = ("--server-name", "cordon", "--verbosity", "0")
    return (sys.executable, "-m", "daphne", *listen, *named, *proxied, "chatapp.asgi:application")


def environment(program: Program) -> Mapping[str, str]:
    """What the process is told: the operator's plain choices, and of the secrets only its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or (name.startswith("CORDON_") and not name.endswith(_SECRET_SUFFIXES))
    }
    env = settings.ENV
    addresses = {DATABASE_VARIABLES[alias]: env.databases[alias] for alias in program.aliases if alias in env.databases}
    return (
        kept
        | addresses
        | {
            "VALKEY_URL": env.valkey_url,
            "CORDON_SECRET_KEY": env.secret_key,
            "CORDON_WALL_KEY": env.wall_key.decode(),
            "CORDON_METRICS_TOKEN": env.metrics_token,
            "CORDON_DEPLOYMENT_ID": env.deployment_id,
            "CORDON_DATA_DIR": str(env.data_dir),
            "CORDON_KMS_KEYFILE": str(env.kms_keyfile),
            "CORDON_PUBLIC_URL": env.public_url,
            "CORDON_DATABASE_POOL": str(program.database_pool),
            "PYTHONUNBUFFERED": "1",
        }
    )
