"""How a workspace comes to be, with everything that it needs from the first moment on."""

import pytest
from django.core.management import CommandError, call_command

from accounts.access import flags_of
from accounts.models import FactSource, Role, User
from accounts.roles import SystemRole
from audit.events import Event
from lifecycle.actions import create_workspace, newborn_actor
from policy.catalogue import Flag
from policy.language.grammar import parse_requirement
from policy.models import AttributeDefinition, Epoch
from policy.snapshot import snapshot
from tenancy.actor import system_actor
from tenancy.errors import Conflict, Invalid
from tenancy.models import Workspace
from tenancy.scoping import within, workspace_for_slug
from tests.accounts.conftest import World
from tests.accounts.records import entries, refused


def create(slug="olympus", name="Olympus", owner="ada"):
    actor = newborn_actor(cause="test")
    workspace = create_workspace(actor, slug=slug, name=name, owner=owner)
    return World(workspace, system_actor(workspace.id, cause="test"))


@pytest.mark.django_db
def test_a_workspace_is_born_complete():
    world = create()

    with within(world.id):
        owner = User.objects.get()
        assert (owner.username, owner.has_usable_password()) == ("ada", False)
        assert flags_of(world.acting(owner)) == frozenset(Flag)
        assert set(Role.objects.values_list("system", flat=True)) == set(SystemRole)
        assert set(FactSource.objects.values_list("name", flat=True)) == {"manual", "posture"}
        assert AttributeDefinition.objects.filter(category="subject", name="clearance").exists()
        assert Epoch.objects.get(kind="policy").key == world.id
        assert snapshot(world.id).markings[-1] == "TOP_SECRET"
        assert world.workspace.ceiling in snapshot(world.id).markings
    assert entries(world.id, Event.WORKSPACE_CREATED)[0].data == {"slug": "olympus"}
    assert workspace_for_slug("olympus") == world.id


@pytest.mark.django_db
def test_its_vocabulary_reads_the_requirement_that_people_write():
    world = create()

    with within(world.id):
        vocabulary = snapshot(world.id).vocabulary
    assert parse_requirement("clearance_level = TOP_SECRET AND project_assignment = OLYMPUS", vocabulary)
    assert parse_requirement(
        "clearance >= SECRET and program any_of {APOLLO} and environment.device_compliant = true", vocabulary
    )


@pytest.mark.django_db
def test_an_address_is_taken_once():
    create()

    with pytest.raises(Conflict) as taken:
        create()

    assert taken.value.field == "slug"


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["", "-a", "a-", "a b", "Ä", "a" * 41, "console", "www"])
def test_an_odd_address_is_refused_and_nothing_is_left_behind(slug):
    with pytest.raises(Invalid) as odd:
        create(slug)

    assert odd.value.field == "slug"
    assert workspace_for_slug(slug) is None


@pytest.mark.django_db
def test_nobody_but_the_platform_creates_workspaces():
    world = create()
    with within(world.id):
        ada = User.objects.get()

    with refused(world):
        create_workspace(world.acting(ada), slug="vulcan", name="Vulcan", owner="ada")
    with pytest.raises(Conflict):
        create_workspace(world.system, slug="vulcan", name="Vulcan", owner="ada")

    assert workspace_for_slug("vulcan") is None


@pytest.mark.django_db
def test_two_workspaces_see_nothing_of_each_other():
    first, second = create(), create("vulcan", "Vulcan")

    for world, other in ((first, second), (second, first)):
        with within(world.id):
            assert Workspace.objects.get().id == world.id
            assert not User.objects.filter(workspace_id=other.id).exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_creates_one_and_says_how_to_get_in(capsys):
    call_command("create_workspace", "olympus", "--name", "Olympus", "--owner", "ada")

    printed = capsys.readouterr().out
    assert "manage.py login_link ada --workspace olympus" in printed
    with pytest.raises(CommandError, match="taken"):
        call_command("create_workspace", "olympus", "--name", "Olympus", "--owner", "ada")
