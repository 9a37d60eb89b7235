"""No row, no name and no count of another workspace ever stands on a page of the console (AD-1)."""

import pytest
from django.conf import settings

from accounts.actions import create_group, create_role
from policy.actions import draft_policy_set
from policy.language.documents import FORMAT
from tests.console.conftest import Console
from tests.console.pages import PAGES
from tests.world import World

STRANGE = "zeus-only"


@pytest.fixture
def neighbour(pluto: World) -> World:
    """A workspace whose every name is one that nobody in olympus uses."""
    pluto.person(STRANGE)
    pluto.room(STRANGE)
    create_role(pluto.system, name=STRANGE, flags=[])
    create_group(pluto.system, name=STRANGE)
    document = {"format": FORMAT, "requirements": {STRANGE: "clearance >= SECRET"}, "rules": []}
    draft_policy_set(pluto.actor("ada"), document=document, test_cases=[])
    return pluto


def test_no_page_shows_anything_of_another_workspace(console: Console, neighbour: World):
    strange = {STRANGE, str(neighbour.id), *(str(user.id) for user in neighbour.people.values())}

    for path in [*PAGES.values(), "/console/figures/", f"/console/suggest/people/?q={STRANGE[:3]}"]:
        text = console.client("ada").get(path, follow=True).content.decode()
        assert not {one for one in strange if one in text}, path


@pytest.mark.parametrize(
    "path",
    [
        "/console/accounts/user/{person}/change/",
        "/console/accounts/user/{person}/history/",
        "/console/accounts/user/{person}/do/deactivate_user/",
        "/console/rooms/room/{room}/change/",
        "/console/rooms/room/{room}/requirement/",
        "/console/rooms/room/{room}/requirement/preview/",
        "/console/tenancy/workspace/{workspace}/change/",
        "/console/audit/{entry}/",
    ],
)
def test_what_belongs_to_another_workspace_looks_like_what_does_not_exist(
    console: Console, neighbour: World, path: str
):
    entry = Console(neighbour).entries()[0].id
    ids = {
        "person": neighbour.people[STRANGE].id,
        "room": neighbour.rooms[STRANGE].id,
        "workspace": neighbour.id,
        "entry": entry,
    }

    there = console.get("ada", path.format(**ids))
    nowhere = console.get("ada", path.format(**dict.fromkeys(ids, "018f0000-0000-7000-8000-000000000000")))
    changed = console.post("ada", path.format(**ids))

    assert there.status_code == nowhere.status_code
    assert there.status_code in (400, 404)
    assert changed.status_code in (400, 403, 404)
    assert STRANGE not in there.content.decode()


def test_a_session_of_another_workspace_opens_nothing(console: Console, neighbour: World):
    client = console.client("ada")
    client.cookies[settings.SESSION_COOKIE_NAME] = neighbour.token("ada")

    assert client.get("/console/").status_code == 302
