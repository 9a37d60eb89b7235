"""Typed reading of the environment: every missing or bad value is named at once, each with its remedy.

Without DATABASE_URL and VALKEY_URL the embedded deployment in CORDON_DATA_DIR stands in for them. Nothing stands in
for anything when CORDON_PRODUCTION=1.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from chatapp.deployment import ROLES, Deployment

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DATABASE_VARIABLES = {"default": "DATABASE_URL"} | {
    role: f"CORDON_DATABASE_{role.upper()}_URL" for role in ROLES if role != "app"
}
IDENTITY = frozenset({"CORDON_SECRET_KEY", "CORDON_WALL_KEY", "CORDON_DEPLOYMENT_ID"})

_MAKE_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
_MAKE_ID = "python -c 'import secrets; print(secrets.token_hex(6))', and keep it for ever"
_APP_URL = "DATABASE_URL=postgresql://cordon_app:PASSWORD@HOST/DATABASE, with the roles of deploy/roles.sql"
_FIELDS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


class BadEnvironment(SystemExit):
    """The platform cannot start with this environment; the text lists all findings."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        listed = "\n".join(f"  - {line}" for line in findings)
        super().__init__(f"The environment is not fit to start Cordon:\n{listed}")


@dataclass(frozen=True, slots=True)
class Env:
    """What the operator decided, checked. Field names are the variables without `CORDON_`."""

    production: bool
    debug: bool
    data_dir: Path
    embedded: bool
    databases: Mapping[str, str]
    valkey_url: str
    database_pool: int
    sockets_per_address: int
    secret_key: str
    wall_key: bytes
    deployment_id: str
    kms_keyfile: Path
    port: int
    public_url: str
    allowed_hosts: tuple[str, ...]
    shared_origin: bool
    trusted_proxies: tuple[str, ...]
    metrics_token: str
    log_level: str
    asgi_server: str

    def django_databases(self) -> dict[str, dict[str, Any]]:
        """The value of DATABASES. Only the app role's connections are pooled."""
        return {
            alias: _django_database(url, self.database_pool if alias == "default" else 0)
            for alias, url in self.databases.items()
        }

    def identity(self) -> dict[str, str]:
        """The variables that make another process part of this deployment; no database is among them."""
        return {
            "VALKEY_URL": self.valkey_url,
            "CORDON_SECRET_KEY": self.secret_key,
            "CORDON_WALL_KEY": self.wall_key.decode(),
            "CORDON_DEPLOYMENT_ID": self.deployment_id,
            "CORDON_DATA_DIR": str(self.data_dir),
            "CORDON_KMS_KEYFILE": str(self.kms_keyfile),
        }

    @property
    def celery_url(self) -> str:
        """The broker's address in Celery's spelling: a socket path carries its database number by another name."""
        return self.valkey_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


def _django_database(url: str, pool_size: int) -> dict[str, Any]:
    given: dict[str, Any] = conninfo_to_dict(url)
    named = {name: given.pop(key, "") for name, key in _FIELDS.items()}
    pool = {"pool": {"min_size": 2, "max_size": pool_size, "timeout": 10}} if pool_size else {}
    return {"ENGINE": "django.db.backends.postgresql", **named, "ATOMIC_REQUESTS": False, "OPTIONS": given | pool}


def read(environ: Mapping[str, str] = os.environ, *, deployment: type[Deployment] = Deployment) -> Env:
    """The environment as the settings need it. Raises BadEnvironment with all findings."""
    return _Reader(environ, deployment).read()


class _Reader:
    """Takes value after value and keeps what is wrong with them, so that the operator hears of everything at once."""

    def __init__(self, environ: Mapping[str, str], deployment: type[Deployment]) -> None:
        self.findings: list[str] = []
        self.deployment = deployment
        self.given = {name: value for name, value in environ.items() if value}
        self.production = self.flag("CORDON_PRODUCTION")
        self.data_dir = Path(self.given.get("CORDON_DATA_DIR", BASE_DIR / "var")).resolve()
        self.embedded = not self.production and not {"DATABASE_URL", "VALKEY_URL"} & self.given.keys()
        self.values = self.stand_ins() | self.given

    def stand_ins(self) -> dict[str, str]:
        """What the data directory gives in place of values that nobody set; nothing in production."""
        deployment = self.deployment(self.data_dir)
        keyfile = {"CORDON_KMS_KEYFILE": str(deployment.default_kms_keyfile)}
        if self.embedded:
            return keyfile | deployment.identity() | deployment.services()
        if self.production or self.given.keys() >= IDENTITY:
            return keyfile
        return keyfile | deployment.identity()

    def read(self) -> Env:
        port = self.number("PORT", default=8000, most=65535)
        public_url = self.public_url(port)
        found = Env(
            production=self.production,
            debug=self.flag("CORDON_DEBUG"),
            data_dir=self.data_dir,
            embedded=self.embedded,
            databases=self.databases(),
            valkey_url=self.valkey_url(),
            database_pool=self.number("CORDON_DATABASE_POOL", default=0, most=200),
            sockets_per_address=self.number("CORDON_SOCKETS_PER_ADDRESS", default=200, most=1_000_000),
            secret_key=self.needed("CORDON_SECRET_KEY", _MAKE_KEY),
            wall_key=self.needed("CORDON_WALL_KEY", _MAKE_KEY).encode(),
            deployment_id=self.deployment_id(),
            kms_keyfile=Path(self.values["CORDON_KMS_KEYFILE"]).absolute(),
            port=port,
            public_url=public_url,
            allowed_hosts=self.hosts(public_url),
            shared_origin=self.flag("CORDON_SHARED_ORIGIN"),
            trusted_proxies=self.proxies(),
            metrics_token=self.values.get("CORDON_METRICS_TOKEN", ""),
            log_level=self.one_of("CORDON_LOG_LEVEL", ("info", "debug", "warning", "error")),
            asgi_server=self.one_of("ASGI_SERVER", ("uvicorn", "daphne")),
        )
        if self.findings:
            raise BadEnvironment(self.findings)
        return found

    def needed(self, name: str, remedy: str) -> str:
        value = self.values.get(name, "")
        if not value:
            self.findings.append(f"{name} is missing. Set it: {remedy}")
        return value

    def flag(self, name: str) -> bool:
        value = self.given.get(name, "").strip().lower()
        if value not in _YES_NO:
            self.findings.append(f"{name} is {value!r}. Use 1 or 0.")
        return _YES_NO.get(value, False)

    def number(self, name: str, *, default: int, most: int) -> int:
        value = self.values.get(name, str(default))
        if not value.isdecimal() or int(value) > most:
            self.findings.append(f"{name} is {value!r}. Use a whole number from 0 to {most}.")
            return default
        return int(value)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.values.get(name, allowed[0]).lower()
        if value not in allowed:
            self.findings.append(f"{name} is {value!r}. Use one of {', '.join(allowed)}.")
        return value

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.values.get(name, "").split(",") if item.strip())

    def proxies(self) -> tuple[str, ...]:
        """Networks of the proxies that are believed about their clients; a single address is a network of one."""
        found = []
        for given in self.listed("CORDON_TRUSTED_PROXIES"):
            try:
                found.append(str(ip_network(given, strict=False)))
            except ValueError:
                self.findings.append(
                    f"CORDON_TRUSTED_PROXIES holds {given!r}. Use addresses or networks: 10.0.0.1, 10.0.0.0/24."
                )
        return tuple(found)

    def databases(self) -> dict[str, str]:
        """Connection addresses by alias. Only `default` is always there; a process gets no more than it needs."""
        self.needed("DATABASE_URL", _APP_URL)
        found = {alias: self.values[name] for alias, name in DATABASE_VARIABLES.items() if name in self.values}
        for alias, address in found.items():
            try:
                conninfo_to_dict(address)
            except psycopg.ProgrammingError:
                self.findings.append(
                    f"{DATABASE_VARIABLES[alias]} cannot be read. Use postgresql://ROLE:PASSWORD@HOST/DATABASE."
                )
        return found

    def valkey_url(self) -> str:
        value = self.needed("VALKEY_URL", "VALKEY_URL=rediss://:PASSWORD@HOST:6379/0")
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            self.findings.append("VALKEY_URL cannot be read. Use redis://, rediss:// or unix://.")
        return value

    def deployment_id(self) -> str:
        value = self.needed("CORDON_DEPLOYMENT_ID", _MAKE_ID)
        if value and not re.fullmatch(r"[a-z0-9][a-z0-9-]{2,31}", value):
            self.findings.append(f"CORDON_DEPLOYMENT_ID is {value!r}. Use 3 to 32 of a-z, 0-9 and -.")
        return value

    def public_url(self, port: int) -> str:
        """Where people reach the platform: unless it is told, where it is served now. Plain HTTP is for loopback
        alone (R46).
        """
        served = None if "PORT" in self.given else self.deployment(self.data_dir).served_port()
        value = self.values.get("CORDON_PUBLIC_URL", f"http://127.0.0.1:{served or port}").rstrip("/")
        parts = urlsplit(value)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not host or parts.path:
            self.findings.append(f"CORDON_PUBLIC_URL is {value!r}. Use https://HOST, without a path.")
        elif parts.scheme == "http" and not is_loopback(host):
            self.findings.append(
                f"CORDON_PUBLIC_URL is {value!r}. Plain HTTP is for loopback only; use https://{host}."
            )
        elif not self.production and not is_loopback(host):
            self.findings.append(
                f"CORDON_PUBLIC_URL is {value!r}. Only production is reached over the network: set CORDON_PRODUCTION=1."
            )
        return value

    def hosts(self, public_url: str) -> tuple[str, ...]:
        """Host names that are answered: those given, else the public one and what lies below it."""
        given = self.listed("CORDON_ALLOWED_HOSTS")
        host = urlsplit(public_url).hostname or ""
        if given or not host:
            return given
        if is_loopback(host):
            return ("127.0.0.1", "localhost", ".localhost", "[::1]")
        return (host, f".{host}") if "." in host else (host,)


def is_loopback(host: str) -> bool:
    """Whether browsers resolve this name to their own machine, whatever a name server says (RFC 6761 §6.3)."""
    return host in LOOPBACK or host.endswith(".localhost")
