import pytest
from django.db import OperationalError

from chatapp import health
from keys.kms import Health, kms


@pytest.fixture(autouse=True)
def _ask_again():
    health.migrations_are_applied.cache_clear()
    health._kms_health.cache_clear()


def test_the_process_says_that_it_lives_without_asking_anybody(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_a_whole_platform_is_ready(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "valkey": "ok", "migrations": "ok", "keys": "ok"}


@pytest.mark.django_db
def test_what_fails_is_named_and_its_reason_is_kept_to_the_log(client, monkeypatch, caplog):
    def gone() -> None:
        raise OperationalError("password authentication failed for user cordon_app")

    monkeypatch.setitem(health.PROBES, "database", gone)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": "failing", "valkey": "ok", "migrations": "ok", "keys": "ok"}
    assert "password authentication failed" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [0o644, None])
def test_a_platform_that_cannot_seal_is_not_ready(client, settings, tmp_path, caplog, mode):
    keyfile = settings.KMS_KEYFILE = tmp_path / "key"
    settings.DATA_DIR = tmp_path / "data"
    kms.cache_clear()
    kms()
    keyfile.chmod(mode) if mode else keyfile.unlink()

    answer = client.get("/readyz")
    kms.cache_clear()

    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "valkey": "ok", "migrations": "ok", "keys": "failing"}
    assert ("chmod 600" if mode else "Put it back") in caplog.text


def test_the_key_service_is_asked_once_for_many_probes(monkeypatch):
    asked = []

    class Counting:
        def health(self):
            asked.append(1)
            return Health(healthy=True)

    monkeypatch.setattr(health, "kms", Counting)
    monkeypatch.setattr(health.time, "monotonic", lambda: 1000.0)

    for _probe in range(20):
        health.keys_can_be_had()

    assert asked == [1]


@pytest.mark.django_db
def test_an_unmigrated_database_is_not_ready(client, monkeypatch):
    monkeypatch.setattr("chatapp.health.MigrationExecutor.migration_plan", lambda *_: ["one"])

    answer = client.get("/readyz")

    assert answer.json()["migrations"] == "failing"


@pytest.mark.django_db
def test_figures_are_read_on_loopback(client):
    client.get("/healthz")

    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert 'cordon_http_requests_total{method="GET",status="200"}' in answer.content.decode()
    assert "cordon_audit_unsealed_seconds 0.0" in answer.content.decode()


@pytest.mark.django_db
def test_figures_are_given_while_the_database_is_away(client, monkeypatch):
    def gone():
        raise OperationalError("connection refused")

    monkeypatch.setattr("chatapp.metrics.audit_lag", gone)

    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert "cordon_audit_unsealed_seconds NaN" in answer.content.decode()


@pytest.mark.parametrize(
    "request_from",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "headers": {"X-Forwarded-For": "192.0.2.7"}},
        {"REMOTE_ADDR": "127.0.0.1", "headers": {"Authorization": "Bearer wrong"}, "production": True},
    ],
)
def test_figures_are_never_public(client, settings, request_from):
    settings.METRICS_TOKEN = "the-right-one" if request_from.pop("production", False) else ""

    assert client.get("/metrics", **request_from).status_code == 404


@pytest.mark.django_db
def test_production_gives_figures_for_the_token_alone(client, settings):
    settings.PRODUCTION = True
    settings.METRICS_TOKEN = "the-right-one"

    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer the-right-one"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_changed_there(client, path):
    assert client.post(path).status_code == 405
