"""A workspace is as closed to tasks, commands and sockets that are about another one as it is in SQL (AD-1)."""

import io
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command

from audit.events import Event
from rooms.frames import Close
from rooms.models import Membership
from rooms.tasks import reconcile, reconcile_all
from tests.asserts import recorded, unchanged
from tests.sockets import connect
from tests.tenancy.test_http import at


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture(scope="module")
def pluto(committed):
    return committed("pluto")


def link_for(username: str, **options: str) -> str:
    printed = io.StringIO()
    call_command("login_link", username, **options, stdout=printed)
    return urlsplit(printed.getvalue().strip()).path


def test_a_link_opens_only_the_workspace_that_it_was_made_for(olympus, pluto):
    """Made by the command, for one of two people of the same name."""
    path = link_for("grace", workspace="pluto")

    with unchanged(olympus):
        refused = at(olympus).post(path)
    opened = at(pluto).post(path)

    assert "cordon_session" not in refused.cookies
    assert "cordon_session" in opened.cookies
    assert recorded(olympus, Event.LOGIN_LINK_ISSUED) == []
    assert len(recorded(pluto, Event.LOGIN_LINK_ISSUED)) == 1


def test_a_command_finds_nobody_in_a_workspace_that_they_are_not_in(olympus, pluto):
    olympus.person("linus")

    with pytest.raises(CommandError, match="nobody"):
        link_for("linus", workspace="pluto")


def test_a_task_reaches_no_row_of_another_workspace(olympus, pluto):
    with pluto.inside():
        theirs = [str(one) for one in Membership.objects.values_list("id", flat=True)]

    with unchanged(olympus, pluto):
        assert reconcile(str(olympus.id), theirs, "test") == 0


def test_the_sweep_visits_every_workspace_in_its_own_scope(olympus, pluto):
    for world in (olympus, pluto):
        with world.inside():
            Membership.objects.filter(user_id=world.people["grace"].id).update(state="suspended")

    reconcile_all()

    for world in (olympus, pluto):
        assert {one.actor_id for one in recorded(world, Event.MEMBER_RESTORED)} == {world.system.id}
        with world.inside():
            assert not Membership.objects.filter(state="suspended").exists()


async def test_a_socket_does_not_open_with_the_session_of_another_workspace(server, olympus, pluto):
    token = await sync_to_async(olympus.token)("ada")

    async with connect(server, pluto, "ada", token=token) as stranger:
        assert await stranger.closed() == Close.NOT_SIGNED_IN
