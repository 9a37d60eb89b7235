"""What `manage.py doctor` looks at. Each examination gives findings; a finding that is not well says what mends it."""

import importlib.metadata
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import redis
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import ERROR, run_checks
from django.db import connection, connections

from audit import health as audit_health
from chatapp import health, heartbeats, metrics
from chatapp.celery import app as celery_app
from chatapp.deployment import Deployment
from chatapp.env import BASE_DIR
from chatapp.wall import gaps
from keys.kms import LOCAL, kms
from keys.local_kms import LocalKms
from tenancy.errors import DomainError
from tenancy.models import Workspace
from tenancy.scoping import active_workspaces, within

OLDEST_POSTGRES = 15
LARGEST_LAG_SECONDS = 10.0
LARGEST_SKEW_SECONDS = 2.0
QUIET_ROUND_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fix` is empty if it is well."""

    name: str
    well: bool
    detail: str
    fix: str = ""


Examination = Callable[[], Iterable[Finding]]


def examine() -> list[Finding]:
    """Look at everything; what cannot be looked at is a finding too."""
    return [finding for name, examination in EXAMINATIONS.items() for finding in _safely(name, examination)]


def _safely(name: str, examination: Examination) -> list[Finding]:
    try:
        return list(examination())
    except Exception as error:  # noqa: BLE001 - the patient may be in any state
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = error.remedy if isinstance(error, DomainError) else ""
        return [Finding(name, well=False, detail=line, fix=remedy or _WHEN_IT_FAILS.get(name, "See the logs."))]


def database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int / 10000, current_user")
        version, user = cursor.fetchone()
    if version < OLDEST_POSTGRES:
        yield Finding("database", well=False, detail=f"PostgreSQL {version}", fix=f"Use {OLDEST_POSTGRES} or newer.")
    else:
        yield Finding("database", well=True, detail=f"PostgreSQL {version} answers as {user}")


def migrations() -> Iterator[Finding]:
    try:
        health.migrations_are_applied()
    except health.NotPrepared as late:
        yield Finding("migrations", well=False, detail=str(late), fix="manage.py prepare")
    else:
        yield Finding("migrations", well=True, detail="all applied")


def wall() -> Iterator[Finding]:
    found = gaps(connection)
    for gap in found:
        yield Finding("wall", well=False, detail=f"{gap.place} {gap.fault}", fix=gap.fix)
    if not found:
        yield Finding("wall", well=True, detail="roles, grants and row-level security hold")


def record() -> Iterator[Finding]:
    """Nobody may change what was recorded: the triggers, walls and grants of its tables stand."""
    found = audit_health.weakened_guards()
    for weak in found:
        yield Finding("record", well=False, detail=weak, fix="manage.py prepare, then find out who weakened it.")
    if not found:
        yield Finding("record", well=True, detail="append-only triggers, walls and grants stand")


def roles() -> Iterator[Finding]:
    """Every address that this account was given logs in as the role it is meant for."""
    for alias in connections:
        expected = "cordon_app" if alias == "default" else f"cordon_{alias}"
        with connections[alias].cursor() as cursor:
            cursor.execute("select current_user")
            (role,) = cursor.fetchone()
        fix = "" if role == expected else f"Let the address of {alias} name {expected}."
        yield Finding("roles", well=not fix, detail=f"{alias} is {role}", fix=fix)


def workspaces() -> Iterator[Finding]:
    """In production nobody reaches a workspace that has no host name (R26)."""
    active = active_workspaces()
    homeless = list(_homeless(active)) if settings.PRODUCTION else []
    for slug in homeless:
        fix = f"manage.py set_hosts {slug} {urlsplit(settings.PUBLIC_URL).hostname}, or a name below it"
        yield Finding("workspaces", well=False, detail=f"{slug} has no host name: nobody reaches it", fix=fix)
    if not active:
        fix = "Make the first one: manage.py create_workspace"
        yield Finding("workspaces", well=not settings.PRODUCTION, detail="there is none yet", fix=fix)
    elif not homeless:
        yield Finding("workspaces", well=True, detail=f"{len(active)} active, each can be reached")


def _homeless(active: Iterable[UUID]) -> Iterator[str]:
    for workspace_id in active:
        with within(workspace_id):
            workspace = Workspace.objects.get(id=workspace_id)
            if not workspace.hosts:
                yield workspace.slug


def valkey() -> Iterator[Finding]:
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.ping()
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        fix = "CONFIG SET maxmemory-policy noeviction"
        yield Finding("valkey", well=False, detail=f"forgets by {policy}: queued tasks can vanish", fix=fix)
    else:
        yield Finding("valkey", well=True, detail="answers and forgets nothing")


def workers() -> Iterator[Finding]:
    answers = celery_app.control.inspect(timeout=1.5).ping() or {}
    fix = "" if answers else "Start one: celery -A chatapp worker"
    yield Finding("worker", well=bool(answers), detail=f"{len(answers)} answering", fix=fix)
    age = heartbeats.age("worker")
    late = age is None or age > heartbeats.STALE_SECONDS
    detail = "no scheduled task has run yet" if age is None else f"last scheduled task {age:.0f} s ago"
    yield Finding("beat", well=not late, detail=detail, fix="Start one: celery -A chatapp beat" if late else "")


def sealer() -> Iterator[Finding]:
    """Unsealed entries, and the age of the last round: an idle sealer still makes one a minute (R24)."""
    unsealed, last_round = metrics.audit_lag()
    well = unsealed <= LARGEST_LAG_SECONDS and last_round is not None and last_round <= QUIET_ROUND_SECONDS
    quiet = "never sealed" if last_round is None else f"sealed {last_round:.0f} s ago"
    detail = f"{quiet}, oldest unsealed entry {unsealed:.0f} s"
    yield Finding("sealer", well=well, detail=detail, fix="" if well else "Start it: manage.py sealer; see its log.")
    for told in audit_health.told_of_logs():
        fix = "manage.py verify_audit says what; keep the database as it is, then docs/audit.md."
        yield Finding("sealer", well=False, detail=told, fix=fix)
    for suspect in audit_health.suspects():
        fix = "manage.py verify_audit, then docs/audit.md: When entries are suspect."
        yield Finding("sealer", well=False, detail=f"in the last 7 days, {suspect}", fix=fix)
    for stopped in audit_health.unsealable():
        fix = "manage.py verify_audit, then docs/audit.md: When nothing is sealed for a log."
        yield Finding("sealer", well=False, detail=stopped, fix=fix)


def clock() -> Iterator[Finding]:
    """Leases, lockouts and records compare times of several machines."""
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("select extract(epoch from clock_timestamp())::float8")
        skews = {"PostgreSQL": cursor.fetchone()[0] - (before + time.time()) / 2}
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        seconds, micros = client.time()
        skews["Valkey"] = seconds + micros / 1e6 - time.time()
    for place, skew in skews.items():
        well = abs(skew) <= LARGEST_SKEW_SECONDS
        fix = "" if well else "Synchronise the clocks of all machines (NTP)."
        yield Finding("clock", well=well, detail=f"{place} differs by {skew:+.1f} s", fix=fix)


def key_service() -> Iterator[Finding]:
    """A key file is only looked at: to make one is for those who begin to seal."""
    if settings.KMS == LOCAL:
        LocalKms(settings.KMS_KEYFILE, data_dir=settings.DATA_DIR).describe()
    state = kms().health()
    if not state.healthy:
        yield Finding("kms", well=False, detail=state.finding, fix=state.remedy)
    else:
        status = kms().describe()
        yield Finding("kms", well=True, detail=f"{status.kind} wraps and unwraps, active key {status.active_kek_id}")


def static_files() -> Iterator[Finding]:
    """Production serves what was collected; elsewhere files are served from where they lie."""
    if not settings.PRODUCTION:
        found = finders.find("admin/css/base.css") is not None
        yield Finding("static", well=found, detail="served from the source", fix="" if found else "make install")
        return
    collected = bool(getattr(staticfiles_storage, "hashed_files", None))
    fix = "" if collected else "manage.py prepare"
    yield Finding("static", well=collected, detail="collected" if collected else "not collected", fix=fix)


def packages() -> Iterator[Finding]:
    """What is installed is what the lock says; of the extras, only those that are there at all are looked at."""
    wrong = list(_differences("requirements.txt"))
    shown = ", ".join(wrong[:5]) + (" .." if len(wrong) > 5 else "")  # noqa: PLR2004 - enough to see what is wrong
    yield Finding("packages", well=not wrong, detail=shown or "as locked", fix="make install" if wrong else "")
    for lock in sorted(BASE_DIR.glob("requirements-*.txt")):
        missing = [] if lock.name == "requirements-dev.txt" else list(_differences(lock.name))
        if missing:
            detail = f"optional, not installed: {lock.stem.removeprefix('requirements-')}"
            yield Finding("packages", well=True, detail=detail)


def _differences(lock: str) -> Iterator[str]:
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+) \\$", (BASE_DIR / lock).read_text(), re.MULTILINE):
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            yield f"{name} {installed} for {version}"


def processes() -> Iterator[Finding]:
    """What the supervisor of this data directory says, if one runs: a process that was brought back had died (R44)."""
    note = Deployment(settings.DATA_DIR).processes
    if not note.exists():
        return
    told = json.loads(note.read_text())
    if not Path(f"/proc/{told['supervisor']}").exists():
        yield Finding("processes", well=False, detail="the supervisor has died", fix="Start it: make run")
        return
    for service in told["services"]:
        detail = f"{service['name']} runs" if service["pid"] else f"{service['name']} is down"
        if service["restarts"]:
            detail += f", brought back {service['restarts']} times, last exit status {service['last_status']}"
        log = settings.DATA_DIR / "log" / f"{service['name']}.log"
        down = not service["pid"]
        yield Finding("processes", well=not down, detail=detail, fix=f"See {log}" if down else "")


def settings_checks() -> Iterator[Finding]:
    messages = run_checks(databases=["default"])
    errors = [message for message in messages if message.level >= ERROR and not message.is_silenced()]
    for message in errors:
        yield Finding("settings", well=False, detail=f"{message.id} {message.msg}", fix=message.hint or "See the docs.")
    if not errors:
        yield Finding("settings", well=True, detail="production" if settings.PRODUCTION else "not production")


EXAMINATIONS: dict[str, Examination] = {
    "database": database,
    "roles": roles,
    "migrations": migrations,
    "wall": wall,
    "record": record,
    "workspaces": workspaces,
    "valkey": valkey,
    "worker": workers,
    "sealer": sealer,
    "processes": processes,
    "clock": clock,
    "kms": key_service,
    "static": static_files,
    "packages": packages,
    "settings": settings_checks,
}

_WHEN_IT_FAILS = {
    "database": "Start PostgreSQL (make run), or mend DATABASE_URL.",
    "roles": "Run deploy/roles.sql, set the passwords, mend the addresses.",
    "migrations": "Start PostgreSQL, then: manage.py prepare",
    "wall": "Start PostgreSQL, then: manage.py prepare",
    "record": "Start PostgreSQL, then: manage.py prepare",
    "workspaces": "Start PostgreSQL, then: manage.py prepare",
    "valkey": "Start Valkey (make run), or mend VALKEY_URL.",
    "worker": "Start Valkey (make run), or mend VALKEY_URL.",
    "sealer": "manage.py prepare, then start the sealer: manage.py sealer",
    "clock": "Start PostgreSQL and Valkey (make run).",
    "kms": "See docs/runbooks/keys.md.",
}


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{"name": one.name, "well": one.well, "detail": one.detail, "fix": one.fix} for one in findings]
