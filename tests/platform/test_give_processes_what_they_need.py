"""A process is told the identity of the deployment and its own database roles, and no other's."""

import pytest

from chatapp import processes
from chatapp.env import DATABASE_VARIABLES

PROGRAMS = {program.name: program for program in (*processes.programs(bind="127.0.0.1", port=1), processes.UPKEEP)}


def databases(name: str) -> set[str]:
    return processes.environment(PROGRAMS[name]).keys() & set(DATABASE_VARIABLES.values())


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_what_serves_people_is_the_app_role_only(name):
    assert databases(name) == {"DATABASE_URL"}


def test_the_sealer_alone_gets_the_sealers_role():
    assert databases("sealer") == {"DATABASE_URL", "CORDON_DATABASE_SEALER_URL"}


def test_the_owner_is_only_there_while_the_database_is_prepared():
    assert databases("upkeep") == {"DATABASE_URL", "CORDON_DATABASE_OWNER_URL"}


def test_all_belong_to_one_deployment():
    identities = [
        {
            name: processes.environment(program)[name]
            for name in ("CORDON_DEPLOYMENT_ID", "CORDON_WALL_KEY", "VALKEY_URL")
        }
        for program in PROGRAMS.values()
    ]

    assert all(identity == identities[0] for identity in identities)


def test_only_the_web_process_keeps_connections_at_hand():
    pools = {name: processes.environment(program)["CORDON_DATABASE_POOL"] for name, program in PROGRAMS.items()}

    assert pools == {"sealer": "0", "web": "16", "worker": "0", "beat": "0", "upkeep": "0"}


def test_what_has_nothing_to_do_with_the_platform_is_not_passed_on(monkeypatch):
    monkeypatch.setenv("SOME_OTHER_SECRET", "hidden")

    assert "SOME_OTHER_SECRET" not in processes.environment(PROGRAMS["web"])


def test_no_secret_stands_on_a_command_line(settings):
    lines = " ".join(word for program in PROGRAMS.values() for word in program.command)

    assert settings.SECRET_KEY not in lines
    assert not [url for url in settings.ENV.databases.values() if url in lines]
