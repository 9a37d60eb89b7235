import io
import json
import os
import subprocess
import sys
import time

import pytest
from django.core.management import call_command
from django.db import OperationalError, connections

from chatapp import doctor, health, heartbeats
from chatapp.wall import Gap
from keys.kms import kms
from tests import boot
from tests.supervised import MANAGE

pytestmark = pytest.mark.django_db(databases=["default", *boot.ALIASES])


def finding(examination, *, name: str) -> doctor.Finding:
    (found,) = [one for one in examination() if one.name == name]
    return found


def report(*arguments: str) -> tuple[int, str]:
    printed = io.StringIO()
    try:
        call_command("doctor", *arguments, stdout=printed)
    except SystemExit as left:
        return left.code, printed.getvalue()
    return 0, printed.getvalue()


def test_a_sound_database_is_well():
    looks = (doctor.database, doctor.roles, doctor.wall, doctor.migrations, doctor.valkey, doctor.settings_checks)

    assert [one for look in looks for one in look() if not one.well] == []


def test_clocks_that_agree_are_well():
    assert {one.detail.split()[0]: one.well for one in doctor.clock()} == {"PostgreSQL": True, "Valkey": True}


def test_an_old_database_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "OLDEST_POSTGRES", 99)

    found = finding(doctor.database, name="database")

    assert (found.well, found.fix) == (False, "Use 99 or newer.")


def test_an_address_with_the_wrong_role_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "connections", {"sealer": connections["owner"]})

    found = finding(doctor.roles, name="roles")

    assert (found.well, found.detail) == (False, "sealer is cordon_owner")
    assert "cordon_sealer" in found.fix


def test_each_gap_in_the_wall_is_a_finding(monkeypatch):
    monkeypatch.setattr(doctor, "gaps", lambda _: [Gap("rooms_room", "is open", "REVOKE ..")])

    found = finding(doctor.wall, name="wall")

    assert (found.well, found.detail, found.fix) == (False, "rooms_room is open", "REVOKE ..")


def test_waiting_migrations_are_found(monkeypatch):
    health.migrations_are_applied.cache_clear()
    monkeypatch.setattr("chatapp.health.MigrationExecutor.migration_plan", lambda *_: ["one"])

    found = finding(doctor.migrations, name="migrations")

    assert (found.well, found.fix) == (False, "manage.py prepare")


def test_a_valkey_that_forgets_is_found():
    with boot.valkey() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        found = finding(doctor.valkey, name="valkey")
        client.config_set("maxmemory-policy", "noeviction")

    assert found.well is False
    assert "allkeys-lru" in found.detail


def test_missing_workers_and_a_silent_beat_are_found():
    assert finding(doctor.workers, name="worker").well is False
    assert finding(doctor.workers, name="beat").detail == "no scheduled task has run yet"


def test_a_beat_that_has_stopped_is_found(time_machine):
    heartbeats.leave("worker")
    time_machine.move_to(time.time() + heartbeats.STALE_SECONDS + 30, tick=False)

    found = finding(doctor.workers, name="beat")

    assert found.well is False
    assert found.detail in {"last scheduled task 90 s ago", "last scheduled task 91 s ago"}


def test_a_fresh_heartbeat_is_well():
    heartbeats.leave("worker")

    assert finding(doctor.workers, name="beat").well is True


def test_a_sealer_that_never_ran_is_found():
    found = finding(doctor.sealer, name="sealer")

    assert found.well is False
    assert "manage.py sealer" in found.fix


def test_a_clock_that_is_off_is_found(time_machine):
    time_machine.move_to(time.time() + 3600)

    found = list(doctor.clock())

    assert [one.well for one in found] == [False, False]
    assert "-3600" in found[0].detail
    assert "NTP" in found[0].fix


def test_an_ailing_key_service_is_found(settings, tmp_path, monkeypatch):
    class Ailing:
        def health(self):
            return type(
                "Health", (), {"healthy": False, "finding": "the key file is not there", "remedy": "put it back"}
            )

    monkeypatch.setattr(doctor, "kms", Ailing)

    found = finding(doctor.key_service, name="kms")

    assert (found.well, found.detail, found.fix) == (False, "the key file is not there", "put it back")


@pytest.fixture
def sealed_data(settings, tmp_path):
    """A data directory that was sealed with a key file of its own."""
    settings.KMS_KEYFILE, settings.DATA_DIR = tmp_path / "key", tmp_path / "data"
    kms.cache_clear()
    kms()
    yield tmp_path
    kms.cache_clear()


def test_a_lost_key_file_comes_with_its_own_remedy(sealed_data, settings, monkeypatch):
    settings.KMS_KEYFILE.unlink()
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"kms": doctor.key_service})

    (found,) = doctor.examine()

    assert (found.well, found.detail) == (False, f"The key file {settings.KMS_KEYFILE} is not there.")
    assert found.fix == "Put it back from its own backup. See docs/runbooks/keys.md."
    assert not settings.KMS_KEYFILE.exists()


def test_a_key_file_that_was_never_made_is_not_made_by_looking(sealed_data, settings, monkeypatch):
    settings.DATA_DIR, settings.KMS_KEYFILE = sealed_data / "unused", sealed_data / "unused.kms-key"
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"kms": doctor.key_service})

    (found,) = doctor.examine()

    assert found.well is False
    assert "manage.py prepare" in found.fix
    assert not settings.KMS_KEYFILE.exists()
    assert not settings.DATA_DIR.exists()


def test_looking_at_a_directory_that_nobody_uses_makes_nothing(tmp_path):
    environ = {"PATH": os.environ["PATH"], "CORDON_DATA_DIR": str(tmp_path / "var")}

    done = subprocess.run(
        [sys.executable, MANAGE, "doctor"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "make run" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_static_files_that_were_not_collected_are_found(settings):
    settings.PRODUCTION = True

    found = finding(doctor.static_files, name="static")

    assert (found.well, found.fix) == (False, "manage.py prepare")


def test_packages_that_differ_from_the_lock_are_found(monkeypatch):
    monkeypatch.setattr("chatapp.doctor.importlib.metadata.version", lambda _name: "0.0.1")

    found = finding(doctor.packages, name="packages")

    assert (found.well, found.fix) == (False, "make install")
    assert "0.0.1 for" in found.detail


def test_missing_extras_are_named_and_are_no_failure(monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "requirements-ldap.txt").write_text("ldap-of-dreams==3.4.4 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(doctor, "BASE_DIR", tmp_path)

    assert [(one.well, one.detail) for one in doctor.packages()] == [
        (True, "as locked"),
        (True, "optional, not installed: ldap"),
    ]


def test_a_process_that_was_brought_back_is_told(settings, tmp_path):
    services = [
        {"name": "sealer", "pid": 7, "restarts": 2, "last_status": -9},
        {"name": "beat", "pid": None, "restarts": 5, "last_status": 1},
    ]
    (tmp_path / "processes.json").write_text(json.dumps({"supervisor": os.getpid(), "services": services}))
    settings.DATA_DIR = tmp_path

    sealer, beat = doctor.processes()

    assert (sealer.well, sealer.detail) == (True, "sealer runs, brought back 2 times, last exit status -9")
    assert (beat.well, beat.fix) == (False, f"See {tmp_path / 'log' / 'beat.log'}")


def test_a_supervisor_that_died_is_found(settings, tmp_path):
    (tmp_path / "processes.json").write_text(json.dumps({"supervisor": 2**22 + 1, "services": []}))
    settings.DATA_DIR = tmp_path

    (found,) = doctor.processes()

    assert (found.well, found.fix) == (False, "Start it: make run")


def test_what_cannot_be_looked_at_is_a_finding_with_a_fix(monkeypatch):
    def gone():
        raise OperationalError("connection refused\nis the server running?")

    monkeypatch.setattr(doctor, "EXAMINATIONS", {"database": gone})

    (found,) = doctor.examine()

    assert (found.well, found.detail) == (False, "connection refused")
    assert "make run" in found.fix


def test_the_command_fails_if_anything_is_not_well(monkeypatch):
    sick = doctor.Finding("clock", well=False, detail="an hour off", fix="NTP")
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"clock": lambda: [sick]})

    status, text = report()

    assert status == 1
    assert "FAIL clock" in text
    assert "fix: NTP" in text


def test_the_command_succeeds_if_all_is_well(monkeypatch):
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"clock": lambda: [doctor.Finding("clock", well=True, detail="right")]})

    assert report() == (0, "ok   clock      right\n")


def test_the_report_is_also_given_as_json(monkeypatch):
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"clock": lambda: [doctor.Finding("clock", well=True, detail="right")]})

    _status, text = report("--json")

    assert json.loads(text) == [{"name": "clock", "well": True, "detail": "right", "fix": ""}]


def test_no_finding_holds_a_secret():
    text = json.dumps(doctor.as_json(doctor.examine()))

    assert not [name for name, secret in boot.DEPLOYMENT.secrets.items() if secret in text]
