"""The Celery application and the table of what beat starts. Tasks are found in each package's `tasks` module."""

import io
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, worker_process_init, worker_process_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapp.settings")

app = Celery("chatapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "heartbeat": {"task": "chatapp.tasks.leave_heartbeat", "schedule": 15.0},
    "sweep-accounts": {"task": "accounts.tasks.sweep_accounts", "schedule": 60.0},
    "reconcile-memberships": {"task": "rooms.tasks.reconcile_all", "schedule": 300.0},
    "rotate-keys": {"task": "keys.tasks.rotate_due_keys", "schedule": 3600.0},
    "rewrap-keys": {"task": "keys.tasks.rewrap_keys", "schedule": 86400.0},
}


@celeryd_init.connect
@beat_init.connect
def refuse_weak_settings(**_signal: object) -> None:
    """Neither worker nor beat begins with settings that production refuses, nor with memory that others may read."""
    from django.core.management import call_command  # noqa: PLC0415 - the settings are loaded by now
    from django.core.management.base import SystemCheckError  # noqa: PLC0415

    from keys.hygiene import protect_memory  # noqa: PLC0415

    protect_memory()
    try:
        call_command("check", databases=["default"], stdout=io.StringIO())
    except SystemCheckError as refused:
        raise SystemExit(str(refused)) from None  # any other exception of a signal handler is only logged


_heartbeats: list[Any] = []


@worker_process_init.connect
def begin_heartbeat(**_signal: object) -> None:
    """Each worker process counts what it writes, so that lines which vanish before they are sealed are missed."""
    from audit.heartbeat import Heartbeat  # noqa: PLC0415 - models are loaded by now

    _heartbeats.append(Heartbeat())
    _heartbeats[-1].start()


@worker_process_shutdown.connect
def end_heartbeat(**_signal: object) -> None:
    for heartbeat in _heartbeats:
        heartbeat.stop()
