import json
import os

import pytest

from chatapp import env

LONG = "k" * 8 + "Zx91-Wq_77-Lm02-Pp55-Rt66-Yy31-Aa12-Bb23-Cc34"
GIVEN = {
    "CORDON_PRODUCTION": "1",
    "DATABASE_URL": "postgresql://cordon_app:pw@db.example.org/cordon?sslmode=verify-full",
    "VALKEY_URL": "rediss://:pw@valkey.example.org:6379/0",
    "CORDON_SECRET_KEY": LONG,
    "CORDON_WALL_KEY": LONG[::-1],
    "CORDON_DEPLOYMENT_ID": "north-1",
    "CORDON_PUBLIC_URL": "https://chat.example.org",
    "CORDON_KMS_KEYFILE": "/etc/cordon/kms.key",
}


def findings(**changes: str | None) -> list[str]:
    environ = {name: value for name, value in (GIVEN | changes).items() if value is not None}
    with pytest.raises(env.BadEnvironment) as refused:
        env.read(environ)
    return refused.value.findings


def test_a_whole_environment_is_read_with_types():
    found = env.read(GIVEN)

    assert found.production is True
    assert found.embedded is False
    assert found.wall_key == LONG[::-1].encode()
    assert found.allowed_hosts == ("chat.example.org", ".chat.example.org")
    assert found.https is True


def test_production_names_all_that_is_missing_at_once():
    with pytest.raises(env.BadEnvironment) as refused:
        env.read({"CORDON_PRODUCTION": "1"})

    named = {line.split()[0] for line in refused.value.findings}
    assert named == {"DATABASE_URL", "VALKEY_URL", "CORDON_SECRET_KEY", "CORDON_WALL_KEY", "CORDON_DEPLOYMENT_ID"}
    assert all("Set it:" in line for line in refused.value.findings)


def test_missing_and_bad_values_are_told_together():
    lines = findings(CORDON_SECRET_KEY=None, CORDON_DEBUG="perhaps", PORT="eighty")

    assert [line.split()[0] for line in lines] == ["PORT", "CORDON_DEBUG", "CORDON_SECRET_KEY"]


def test_the_text_of_the_refusal_holds_every_finding_and_no_secret():
    with pytest.raises(env.BadEnvironment) as refused:
        env.read(GIVEN | {"VALKEY_URL": "http://:hidden-word@valkey", "DATABASE_URL": "cordon hidden-word"})

    assert "VALKEY_URL cannot be read" in str(refused.value)
    assert "DATABASE_URL cannot be read" in str(refused.value)
    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("CORDON_DATABASE_POOL", "many", "whole number"),
        ("CORDON_DATABASE_POOL", "2000", "from 0 to 200"),
        ("CORDON_PUBLIC_URL", "http://chat.example.org", "use https://chat.example.org"),
        ("CORDON_PUBLIC_URL", "https://chat.example.org/chat", "without a path"),
        ("CORDON_DEPLOYMENT_ID", "North 1", "a-z"),
        ("CORDON_TRUSTED_PROXIES", "not-an-ip", "addresses or networks"),
        ("CORDON_TRUSTED_PROXIES", "10.0.0.1, *", "addresses or networks"),
        ("CORDON_LOG_LEVEL", "loud", "one of info"),
        ("ASGI_SERVER", "gunicorn", "uvicorn, daphne"),
        ("CORDON_DATABASE_OWNER_URL", "mysql//", "postgresql://"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(name, value, remedy):
    (line,) = findings(**{name: value})

    assert line.startswith(name)
    assert remedy in line


def test_plain_http_is_allowed_on_loopback(tmp_path):
    found = env.read({"CORDON_DATA_DIR": str(tmp_path / "data"), "PORT": "8123"})

    assert found.public_url == "http://127.0.0.1:8123"
    assert found.https is False
    assert ".localhost" in found.allowed_hosts


@pytest.mark.parametrize(
    ("supervisor", "given", "port"),
    [(os.getpid(), {}, 8123), (os.getpid(), {"PORT": "8124"}, 8124), (2**22 + 1, {}, 8000)],
    ids=["one that runs", "one that runs, and a port", "one that is gone"],
)
def test_people_reach_the_platform_where_it_is_served_now(tmp_path, supervisor, given, port):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "processes.json").write_text(json.dumps({"supervisor": supervisor, "port": 8123}))

    found = env.read({"CORDON_DATA_DIR": str(tmp_path / "data")} | given)

    assert found.public_url == f"http://127.0.0.1:{port}"


def test_outside_production_only_loopback_is_public(tmp_path):
    with pytest.raises(env.BadEnvironment) as refused:
        env.read({"CORDON_DATA_DIR": str(tmp_path / "data"), "CORDON_PUBLIC_URL": "https://chat.example.org"})

    (line,) = refused.value.findings
    assert line.startswith("CORDON_PUBLIC_URL")
    assert "CORDON_PRODUCTION=1" in line


def test_proxies_are_read_as_networks():
    found = env.read(GIVEN | {"CORDON_TRUSTED_PROXIES": "10.0.0.1, 192.0.2.9/24,2001:db8::1"})

    assert found.trusted_proxies == ("10.0.0.1/32", "192.0.2.0/24", "2001:db8::1/128")


def test_without_addresses_the_embedded_deployment_stands_in(tmp_path):
    found = env.read({"CORDON_DATA_DIR": str(tmp_path / "data")})

    assert found.embedded is True
    assert set(found.databases) == {"default", "owner", "platform", "sealer", "pruner", "auditor"}
    assert found.kms_keyfile == tmp_path / "data.kms-key"


def test_the_embedded_deployment_is_the_same_one_the_next_time(tmp_path):
    environ = {"CORDON_DATA_DIR": str(tmp_path / "data")}

    assert env.read(environ) == env.read(environ)


def test_the_secrets_of_a_deployment_are_private_and_differ(tmp_path):
    found = env.read({"CORDON_DATA_DIR": str(tmp_path / "data")})

    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert len({found.secret_key, found.wall_key.decode(), *found.databases.values(), found.valkey_url}) == 9


def test_one_address_alone_is_not_half_replaced(tmp_path):
    environ = {"CORDON_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": GIVEN["DATABASE_URL"]}

    with pytest.raises(env.BadEnvironment) as refused:
        env.read(environ)

    assert [line.split()[0] for line in refused.value.findings] == ["VALKEY_URL"]


def test_the_broker_is_reached_at_the_same_database_number():
    found = env.read(GIVEN | {"VALKEY_URL": "unix://:pw@/run/valkey.sock?db=3"})

    assert found.celery_url == "redis+socket://:pw@/run/valkey.sock?virtual_host=3"
