"""Each system check finds its weakness and says nothing about good settings."""

import secrets
from types import SimpleNamespace

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connections

from chatapp import checks

STRONG = "Zx91-Wq_77-Lm02-Pp55-Rt66-Yy31-Aa12-Bb23-Cc34-Dd45-Ee56"


def database(**changes):
    return {"HOST": "/run/postgresql", "USER": "cordon_app", "PASSWORD": STRONG, "OPTIONS": {}} | changes


@pytest.fixture
def production(settings, tmp_path, monkeypatch):
    """A production that has nothing to hide."""
    keyfile = tmp_path / "kms.key"
    keyfile.touch(mode=0o600)
    strong = SimpleNamespace(
        PRODUCTION=True,
        DEBUG=False,
        SECRET_KEY=STRONG,
        WALL_KEY=STRONG[::-1].encode(),
        METRICS_TOKEN="",
        ALLOWED_HOSTS=[".chat.example.org"],
        SHARED_ORIGIN=False,
        TRUSTED_PROXIES=("10.0.0.1",),
        HTTPS=True,
        DATABASES={"default": database()},
        VALKEY_URL=f"rediss://:{STRONG}@valkey.example.org:6379/0",
        KMS_KEYFILE=keyfile,
        DATA_DIR=tmp_path / "data",
        BASE_DIR=settings.BASE_DIR,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"],
    )
    monkeypatch.setattr("chatapp.checks.settings", strong)
    return strong


def found() -> set[str]:
    return {message.id for message in run_checks() if str(message.id).startswith("cordon.")}


def test_a_strong_production_is_not_refused(production):
    assert found() == set()


def test_weak_settings_are_nobodys_business_outside_production(production):
    production.PRODUCTION = False
    production.DEBUG = True
    production.SECRET_KEY = "short"

    assert found() == set()


@pytest.mark.parametrize(
    ("check", "name", "value"),
    [
        ("cordon.E001", "DEBUG", True),
        ("cordon.E002", "SECRET_KEY", "short"),
        ("cordon.E002", "SECRET_KEY", "django-insecure-" + STRONG),
        ("cordon.E002", "SECRET_KEY", "a" * 80),
        ("cordon.E002", "SECRET_KEY", "abcdefghij" * 6),
        ("cordon.E002", "SECRET_KEY", "k8Zq1mP0xT" * 5 + "k8Z"),
        ("cordon.E002", "SECRET_KEY", "".join(map(chr, range(48, 110)))),
        ("cordon.E002", "SECRET_KEY", "-".join(f"abcdefghij{one}" for one in range(6))),
        ("cordon.E003", "WALL_KEY", b"0123456789abcdef" * 3),
        ("cordon.E003", "WALL_KEY", b"short"),
        ("cordon.E003", "WALL_KEY", STRONG.encode()),
        ("cordon.E004", "METRICS_TOKEN", "short"),
        ("cordon.E005", "ALLOWED_HOSTS", ["*"]),
        ("cordon.E005", "ALLOWED_HOSTS", []),
        ("cordon.E006", "SHARED_ORIGIN", True),
        ("cordon.E007", "TRUSTED_PROXIES", ("10.0.0.1/32", "0.0.0.0/0")),
        ("cordon.E007", "TRUSTED_PROXIES", ("::/0",)),
        ("cordon.E007", "TRUSTED_PROXIES", ("0.0.0.0/1", "128.0.0.0/1")),
        ("cordon.E007", "TRUSTED_PROXIES", ("0.0.0.0/1",)),
        ("cordon.E007", "TRUSTED_PROXIES", ("16.0.0.0/12", "16.16.0.0/12")),
        ("cordon.E007", "TRUSTED_PROXIES", ("2000::/3",)),
        ("cordon.E018", "ALLOWED_HOSTS", ["chat.example.org", ".org"]),
        ("cordon.E018", "ALLOWED_HOSTS", ["."]),
        ("cordon.E008", "HTTPS", False),
        ("cordon.E009", "DATABASES", {"default": database(HOST="db.example.org")}),
        ("cordon.E009", "DATABASES", {"default": database(HOST="db.example.org", OPTIONS={"sslmode": "require"})}),
        ("cordon.E009", "DATABASES", {"default": database(HOST="", OPTIONS={"hostaddr": "192.0.2.7"})}),
        ("cordon.E009", "DATABASES", {"default": database(OPTIONS={"hostaddr": "192.0.2.7"})}),
        ("cordon.E009", "DATABASES", {"default": database(HOST="/run/postgresql,db.example.org")}),
        ("cordon.E019", "VALKEY_URL", f"rediss://:{STRONG}@valkey.example.org/0?ssl_cert_reqs=none"),
        (
            "cordon.E019",
            "VALKEY_URL",
            f"rediss://:{STRONG}@valkey.example.org?ssl_cert_reqs=none&ssl_cert_reqs=required",
        ),
        ("cordon.E019", "VALKEY_URL", f"rediss://:{STRONG}@valkey.example.org/0?ssl_check_hostname=False"),
        ("cordon.E010", "VALKEY_URL", f"redis://:{STRONG}@valkey.example.org:6379/0"),
        ("cordon.E011", "DATABASES", {"default": database(PASSWORD="")}),
        ("cordon.E011", "DATABASES", {"default": database(PASSWORD="cordon_app")}),
        ("cordon.E011", "DATABASES", {"default": database(), "sealer": database(PASSWORD="changeme")}),
        ("cordon.E012", "VALKEY_URL", "rediss://valkey.example.org:6379/0"),
        ("cordon.E015", "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]),
    ],
)
def test_a_weakness_is_found(production, check, name, value):
    setattr(production, name, value)

    assert found() == {check}


def test_a_verified_connection_and_a_client_certificate_are_strong(production):
    options = {"sslmode": "verify-full", "sslcert": "/etc/cordon/app.crt"}
    production.DATABASES = {"default": database(HOST="db.example.org", PASSWORD="", OPTIONS=options)}

    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", ("10.0.0.0/8", "172.16.0.0/12", "104.16.0.0/12", "fd00::/8", "2a06:98c0::/29")),
        ("DATABASES", {"default": database(HOST="", OPTIONS={"hostaddr": "127.0.0.1"})}),
        ("VALKEY_URL", f"rediss://:{STRONG}@valkey.example.org/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem"),
        ("ALLOWED_HOSTS", [".example.org"]),
    ],
)
def test_what_is_wide_or_plain_with_reason_is_no_finding(production, name, value):
    setattr(production, name, value)

    assert found() == set()


def test_random_secrets_of_the_least_length_are_strong():
    random = [(made(length), length) for length in (16, 32, 50) for made in (hexadecimal, base64) for _ in range(200)]

    assert [secret for secret, shortest in random if checks._is_repetitive(secret, shortest)] == []


def hexadecimal(length: int) -> str:
    return secrets.token_hex(length // 2)


def base64(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]


def test_a_key_file_among_the_data_is_found(production):
    production.KMS_KEYFILE = production.DATA_DIR / "kms.key"

    assert found() == {"cordon.E013"}


def test_a_key_file_that_others_can_read_is_found(production):
    production.KMS_KEYFILE.chmod(0o640)

    assert found() == {"cordon.E014"}


def test_each_weakness_comes_with_a_hint(production):
    production.DEBUG = True
    production.SECRET_KEY = production.VALKEY_URL = ""
    production.ALLOWED_HOSTS = ["*"]

    assert all(message.hint for message in run_checks() if str(message.id).startswith("cordon."))


def test_a_weak_production_does_not_start(production):
    production.DEBUG = True

    with pytest.raises(CommandError, match=r"cordon\.E001"):
        call_command("check")


@pytest.mark.django_db(databases=["default", "owner"])
def test_requests_that_run_as_another_role_than_the_app_are_found(production, monkeypatch):
    monkeypatch.setattr("chatapp.checks.connections", {"default": connections["owner"]})

    messages = run_checks(databases=["default"])

    assert [message.id for message in messages if str(message.id).startswith("cordon.")] == ["cordon.E017"]


@pytest.mark.django_db
def test_a_standing_wall_is_no_finding(production):
    assert not [one for one in run_checks(databases=["default"]) if str(one.id).startswith("cordon.")]
