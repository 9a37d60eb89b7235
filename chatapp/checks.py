"""System checks that refuse to start production with weak settings. Outside production they say nothing.

Django prints id, finding and hint of each. `serve`, the worker and beat run them before they begin.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.utils.module_loading import import_string

from chatapp.env import is_loopback
from chatapp.wall import gaps

_SHORTEST_SECRET = 50
_SHORTEST_WALL_KEY = 32
_SHORTEST_PASSWORD = 16
_FEWEST_CHARACTERS = 10
_LEAST_TOLD = 0.7  # of the shortest length, in bytes after compression; random hexadecimal digits give 0.9 or more
_MOST_IN_ORDER = 0.75
_WIDEST_FOUR, _WIDEST_SIX = 12, 24  # what the largest content networks publish as their own
_OWN_FOUR = (IPv4Network("10.0.0.0/8"), IPv4Network("100.64.0.0/10"), IPv4Network("127.0.0.0/8"))
_OWN_SIX = (IPv6Network("fc00::/7"), IPv6Network("fe80::/10"))
_OWN_NAMES = frozenset({"internal", "intranet", "private", "corp", "home", "lan", "local"})
"""Top levels that no registry gives away (RFC 6762 appendix G, ICANN's .internal)."""
_GUESSED = frozenset({"postgres", "password", "cordon", "changeme", "change-me", "secret", "insecure", "default"})

_Check = Callable[..., list[CheckMessage]]


def in_production(check: Callable[[], Iterator[Error]]) -> _Check:
    """Registers a check that is silent outside production."""

    @register(Tags.security)
    def checked(**_options: object) -> list[CheckMessage]:
        return list(check()) if settings.PRODUCTION else []

    return checked


@in_production
def debug_is_off() -> Iterator[Error]:
    if settings.DEBUG:
        yield Error(
            "DEBUG shows settings and data to whoever provokes an error.", hint="Unset CORDON_DEBUG.", id="cordon.E001"
        )


@in_production
def keys_are_long() -> Iterator[Error]:
    if _is_weak(settings.SECRET_KEY, _SHORTEST_SECRET):
        yield Error(
            "CORDON_SECRET_KEY is short or guessable.",
            hint=f"Give it at least {_SHORTEST_SECRET} random characters: openssl rand -base64 48",
            id="cordon.E002",
        )
    wall_key = settings.WALL_KEY.decode(errors="replace")
    if _is_weak(wall_key, _SHORTEST_WALL_KEY) or wall_key == settings.SECRET_KEY:
        yield Error(
            "CORDON_WALL_KEY is short, guessable or the same as CORDON_SECRET_KEY.",
            hint=f"Give it at least {_SHORTEST_WALL_KEY} random characters of its own: openssl rand -base64 48",
            id="cordon.E003",
        )
    if settings.METRICS_TOKEN and _is_weak(settings.METRICS_TOKEN, _SHORTEST_PASSWORD):
        yield Error(
            "CORDON_METRICS_TOKEN is short or guessable.",
            hint=f"Give it at least {_SHORTEST_PASSWORD} random characters, or unset it to close /metrics.",
            id="cordon.E004",
        )


@in_production
def hosts_are_named() -> Iterator[Error]:
    hosts = settings.ALLOWED_HOSTS
    if not hosts or "*" in hosts:
        yield Error(
            "Every host name is answered, so that a forged Host header chooses the workspace.",
            hint="Name the hosts in CORDON_ALLOWED_HOSTS, for example .chat.example.org",
            id="cordon.E005",
        )
    if settings.SHARED_ORIGIN:
        yield Error(
            "Workspaces share one origin, so that a script of one reaches the others.",
            hint="Unset CORDON_SHARED_ORIGIN; give each workspace a host name of its own.",
            id="cordon.E006",
        )
    if wide := [host for host in hosts if _is_top_level(host)]:
        yield Error(
            f"A whole top level of names is answered: {', '.join(wide)}.",
            hint="Name the hosts in CORDON_ALLOWED_HOSTS, for example .chat.example.org",
            id="cordon.E018",
        )
    if _are_too_wide(settings.TRUSTED_PROXIES):
        yield Error(
            "Half the internet, or everybody, is believed about the address of the client.",
            hint="Name the addresses of your proxies in CORDON_TRUSTED_PROXIES.",
            id="cordon.E007",
        )


@in_production
def transport_is_encrypted() -> Iterator[Error]:
    if not settings.HTTPS:
        yield Error(
            "The public address is plain HTTP: sessions can be read on the way.",
            hint="Set CORDON_PUBLIC_URL=https://.. and put a TLS proxy in front.",
            id="cordon.E008",
        )
    for alias, database in settings.DATABASES.items():
        options = database["OPTIONS"]
        remote = any(_is_remote(host) for host in _hosts(database["HOST"], options.get("hostaddr", "")))
        if remote and options.get("sslmode") not in {"verify-full", "verify-ca"}:
            yield Error(
                f"The connection {alias} to PostgreSQL does not verify the server.",
                hint="Add ?sslmode=verify-full&sslrootcert=.. to its address.",
                id="cordon.E009",
            )
    valkey = urlsplit(settings.VALKEY_URL)
    if valkey.scheme == "redis" and _is_remote(valkey.hostname or ""):
        yield Error("The connection to Valkey is not encrypted.", hint="Use rediss:// in VALKEY_URL.", id="cordon.E010")
    if valkey.scheme == "rediss" and _is_unverified(valkey.query) and _is_remote(valkey.hostname or ""):
        yield Error(
            "The connection to Valkey does not verify the server.",
            hint="Take ssl_cert_reqs and ssl_check_hostname out of VALKEY_URL; name its authority by ssl_ca_certs=..",
            id="cordon.E019",
        )


@in_production
def services_have_passwords() -> Iterator[Error]:
    for alias, database in settings.DATABASES.items():
        by_certificate = "sslcert" in database["OPTIONS"]
        if not by_certificate and _is_weak(database["PASSWORD"], _SHORTEST_PASSWORD, database["USER"]):
            yield Error(
                f"The database role {database['USER']} ({alias}) has a password that is missing, short or guessable.",
                hint=f"Give it at least {_SHORTEST_PASSWORD} random characters, or a client certificate (sslcert).",
                id="cordon.E011",
            )
    if _is_weak(urlsplit(settings.VALKEY_URL).password or "", _SHORTEST_PASSWORD):
        yield Error(
            "Valkey has a password that is missing, short or guessable.",
            hint=f"Set requirepass to at least {_SHORTEST_PASSWORD} random characters and put it in VALKEY_URL.",
            id="cordon.E012",
        )


@in_production
def key_file_is_apart_and_private() -> Iterator[Error]:
    keyfile = Path(settings.KMS_KEYFILE)
    if keyfile.is_relative_to(settings.DATA_DIR) or keyfile.is_relative_to(settings.BASE_DIR):
        yield Error(
            "The key file lies inside the data or the program directory: one stolen copy holds data and keys.",
            hint="Move it elsewhere and name it in CORDON_KMS_KEYFILE.",
            id="cordon.E013",
        )
    if keyfile.exists() and keyfile.stat().st_mode & 0o077:
        yield Error(
            f"The key file {keyfile} can be read by other accounts.", hint=f"chmod 600 {keyfile}", id="cordon.E014"
        )


@in_production
def passwords_are_kept_by_argon2id() -> Iterator[Error]:
    first = import_string(settings.PASSWORD_HASHERS[0])
    if not issubclass(first, Argon2PasswordHasher):
        yield Error(
            "New passwords are not kept by Argon2id.",
            hint="Put an Argon2id hasher first in PASSWORD_HASHERS.",
            id="cordon.E015",
        )


@register(Tags.database)
def the_wall_stands(databases: Sequence[str] | None = None, **_options: object) -> list[CheckMessage]:
    """Asked of the app role only, so that a migration as the owner may mend what is found here."""
    return list(_wall_errors()) if settings.PRODUCTION and "default" in (databases or ()) else []


def _wall_errors() -> Iterator[Error]:
    yield from (
        Error(f"{gap.place} {gap.fault}.", hint=gap.fix, id="cordon.E016") for gap in gaps(connections["default"])
    )
    with connections["default"].cursor() as cursor:
        cursor.execute("select current_user")
        (role,) = cursor.fetchone()
    if role != "cordon_app":
        yield Error(
            f"Requests run as the database role {role}.",
            hint="DATABASE_URL must name cordon_app, which row-level security binds.",
            id="cordon.E017",
        )


def _is_top_level(pattern: str) -> bool:
    name = pattern.strip(".")
    return pattern.startswith(".") and "." not in name and name not in _OWN_NAMES and not is_loopback(pattern)


def _are_too_wide(networks: Sequence[str]) -> bool:
    """Whether these networks together hold more of the internet than proxies stand in, be it in pieces."""
    known = [ip_network(one) for one in networks]
    four = collapse_addresses(one for one in known if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in known if isinstance(one, IPv6Network))
    return any(one.prefixlen < _WIDEST_FOUR and not any(map(one.subnet_of, _OWN_FOUR)) for one in four) or any(
        one.prefixlen < _WIDEST_SIX and not any(map(one.subnet_of, _OWN_SIX)) for one in six
    )


def _is_weak(secret: str, shortest: int, *guesses: str) -> bool:
    plain = secret.lower()
    known = plain in _GUESSED or plain in guesses or plain.startswith(("django-insecure", "insecure"))
    few = len(secret) < shortest or len(set(secret)) < _FEWEST_CHARACTERS
    return known or few or _is_repetitive(secret, shortest)


def _is_repetitive(secret: str, shortest: int) -> bool:
    """Whether it says less than its length: a word over and over, letters in their order, much that is the same."""
    longest = min(shortest - 1, len(secret) // 2)
    over_and_over = any(secret.startswith(secret[period:]) for period in range(1, longest + 1))
    steps = [abs(ord(after) - ord(before)) for before, after in pairwise(secret)]
    in_order = sum(step <= 1 for step in steps) > len(steps) * _MOST_IN_ORDER
    return over_and_over or in_order or len(zlib.compress(secret.encode(), 9)) < shortest * _LEAST_TOLD


def _hosts(*lists: str) -> Iterator[str]:
    """Each host of values that may name several; packets go to `hostaddr`, if it is given."""
    return (host for several in lists for host in str(several or "").split(","))


def _is_unverified(query: str) -> bool:
    """Whether the address itself asks not to look at the certificate, or not at the name in it."""
    asked = parse_qsl(query.lower())
    return any(
        (name == "ssl_cert_reqs" and value not in {"required", "cert_required"})
        or (name == "ssl_check_hostname" and value not in {"true", "1", "yes"})
        for name, value in asked
    )


def _is_remote(host: str) -> bool:
    """Whether packets leave this machine. A path is a UNIX socket."""
    return bool(host) and not host.startswith(("/", "@")) and not is_loopback(host)
