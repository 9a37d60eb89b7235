"""On which host names a workspace answers: each belongs to one workspace, and only the platform gives them."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.addressing import addressed, url_of
from audit.events import Event
from chatapp import doctor
from lifecycle.actions import create_workspace, newborn_actor, set_hosts
from policy.types import AccessDenied
from tenancy.actor import new_id
from tenancy.errors import Conflict, Invalid
from tenancy.scoping import within, workspace_for_host, workspace_for_slug
from tests.asserts import assert_audited, recorded, unchanged
from tests.world import World

CHAT, TALK = "chat.example.org", "talk.example.org"


@pytest.fixture(autouse=True)
def _production(settings):
    settings.PRODUCTION, settings.PUBLIC_URL = True, "https://example.org"
    settings.ALLOWED_HOSTS = ["example.org", ".example.org"]


def hosts_of(world: World) -> list[str]:
    with world.inside():
        return world.workspace.hosts


def test_a_workspace_answers_on_its_names_and_links_show_the_first(olympus):
    assert addressed(CHAT, "/") is None

    set_hosts(olympus.system, hosts=[" Chat.Example.ORG. ", TALK, CHAT])

    assert hosts_of(olympus) == [CHAT, TALK]
    assert addressed(CHAT, "/").workspace_id == addressed(f"{TALK}:443", "/").workspace_id == olympus.id
    assert url_of(olympus.workspace, "/login/") == f"https://{CHAT}/login/"
    assert_audited(olympus, Event.WORKSPACE_HOSTS_SET, olympus.system, olympus.id, hosts=[CHAT, TALK])


def test_new_names_take_the_place_of_the_old_ones(olympus, pluto):
    set_hosts(olympus.system, hosts=[CHAT])

    set_hosts(olympus.system, hosts=[TALK])
    set_hosts(pluto.system, hosts=[CHAT])

    assert workspace_for_host(TALK) == olympus.id
    assert workspace_for_host(CHAT) == pluto.id


def test_the_name_of_another_workspace_is_refused(olympus, pluto):
    set_hosts(olympus.system, hosts=[CHAT])

    with unchanged(pluto), pytest.raises(Conflict) as taken:
        set_hosts(pluto.system, hosts=[TALK, CHAT])

    assert taken.value.field == "hosts"
    assert (hosts_of(pluto), workspace_for_host(CHAT)) == ([], olympus.id)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "chat",
        "chat.example.org:443",
        "https://chat.example.org",
        "chat.example.org/x",
        "*.example.org",
        ".example.org",
        "-a.example.org",
        "a..example.org",
        "ä.example.org",
        "192.0.2.7",
        "[::1]",
        "pluto.localhost",
        f"{'a' * 64}.example.org",
        f"{'a.' * 125}example.org",
        "chat.example.net",
    ],
)
def test_what_is_no_name_of_this_deployment_is_refused(olympus, name):
    with unchanged(olympus), pytest.raises(Invalid) as odd:
        set_hosts(olympus.system, hosts=[name])

    assert (odd.value.field, hosts_of(olympus)) == ("hosts", [])


def test_not_even_the_owner_of_a_workspace_gives_it_a_name(olympus):
    with pytest.raises(AccessDenied):
        set_hosts(olympus.actor("ada"), hosts=[CHAT])

    assert hosts_of(olympus) == []
    assert recorded(olympus, Event.ACCESS_DENIED)[-1].outcome == "refused"


def test_a_workspace_can_be_born_with_its_names(db):
    workspace = create_workspace(newborn_actor(cause="test"), slug="vulcan", name="Vulcan", owner="ada", hosts=[CHAT])

    assert workspace_for_host(CHAT) == workspace.id


def test_a_workspace_whose_name_is_taken_is_not_born(olympus):
    set_hosts(olympus.system, hosts=[CHAT])

    with pytest.raises(Conflict):
        create_workspace(newborn_actor(cause="test"), slug="vulcan", name="Vulcan", owner="ada", hosts=[CHAT])

    assert workspace_for_slug("vulcan") is None


INSERT = "insert into tenancy_workspacehost (id, place, workspace_id, name) values (%(new)s, 0, "
FOREIGN = {
    "taken twice": INSERT + "%(mine)s, %(name)s)",
    "given away": INSERT + "%(theirs)s, 'x.example.org')",
    "moved": "update tenancy_workspacehost set workspace_id = %(mine)s",
    "renamed": "update tenancy_workspacehost set name = %(name)s",
    "not a name": INSERT + "%(mine)s, 'CHAT.example.org')",
    "the address of a workspace": "update tenancy_workspace set slug = 'pluto'",
    "its state": "update tenancy_workspace set state = 'active'",
    "the workspace itself": "delete from tenancy_workspace",
}


@pytest.mark.parametrize("how", FOREIGN)
def test_a_statement_smuggled_into_sql_takes_no_name(olympus, pluto, how):
    set_hosts(pluto.system, hosts=[CHAT])
    values = {"new": new_id(), "mine": olympus.id, "theirs": pluto.id, "name": CHAT}

    with within(olympus.id), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOREIGN[how], values)

    assert workspace_for_host(CHAT) == pluto.id


def test_the_names_of_another_workspace_can_neither_be_seen_nor_deleted(olympus, pluto):
    set_hosts(pluto.system, hosts=[CHAT])

    with within(olympus.id), connection.cursor() as cursor:
        cursor.execute("delete from tenancy_workspacehost")
        assert cursor.rowcount == 0
        cursor.execute("select count(*) from tenancy_workspacehost")
        assert cursor.fetchone() == (0,)

    assert workspace_for_host(CHAT) == pluto.id


def test_without_a_name_nobody_is_sent_to_a_workspace_in_production(olympus):
    with pytest.raises(Conflict) as nowhere:
        url_of(olympus.workspace, "/login/")

    assert nowhere.value.remedy.startswith("manage.py set_hosts olympus ")


def test_doctor_names_an_active_workspace_without_a_host(olympus, pluto):
    set_hosts(pluto.system, hosts=[CHAT])

    (found,) = doctor.workspaces()

    assert (found.well, found.detail) == (False, "olympus has no host name: nobody reaches it")
    assert found.fix.startswith("manage.py set_hosts olympus ")


def test_doctor_is_content_where_each_has_one(olympus):
    set_hosts(olympus.system, hosts=[CHAT])

    (found,) = doctor.workspaces()

    assert found.well


def test_doctor_misses_the_first_workspace(db):
    (found,) = doctor.workspaces()

    assert (found.well, found.detail) == (False, "there is none yet")


@pytest.mark.django_db(transaction=True)
def test_the_commands_set_names_and_the_link_leads_to_one(capsys):
    with pytest.raises(CommandError, match="--host"):
        call_command("create_workspace", "vulcan", "--name", "Vulcan", "--owner", "ada")
    call_command("create_workspace", "vulcan", "--name", "Vulcan", "--owner", "ada", "--host", CHAT)
    call_command("login_link", "ada", "--workspace", "vulcan")
    call_command("set_hosts", "vulcan", TALK)

    printed = capsys.readouterr().out
    assert f"Workspace vulcan is ready and answers on {CHAT}." in printed
    assert "manage.py login_link ada --workspace vulcan" in printed
    assert f"https://{CHAT}/login/" in printed
    assert f"Workspace vulcan answers on {TALK}." in printed
    assert (workspace_for_host(CHAT), workspace_for_host(TALK)) == (None, workspace_for_slug("vulcan"))
    with pytest.raises(CommandError, match="There is no workspace mars"):
        call_command("set_hosts", "mars", CHAT)
