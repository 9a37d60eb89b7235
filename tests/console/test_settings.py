"""Settings of the workspace and the state of its keys."""

import pytest

from keys.models import TenantKey
from policy.catalogue import Flag
from tenancy.errors import Conflict, Invalid
from tenancy.models import Workspace
from tests.asserts import unchanged
from tests.console.conftest import Console
from tests.console.pages import PAGES

GIVEN = {
    "name": "Olympus",
    "ceiling": "SECRET",
    "lease_seconds": 60,
    "removal_grace_minutes": 15,
    "session_idle_minutes": 720,
    "session_max_hours": 168,
    "local_accounts": "on",
}


def settings_page(console: Console) -> str:
    return f"/console/tenancy/workspace/{console.world.id}/change/"


def workspace(console: Console) -> Workspace:
    with console.world.inside():
        return Workspace.objects.get(id=console.world.id)


def test_settings_are_one_action_that_voids_older_answers(console: Console):
    console.post("ada", settings_page(console), **{**GIVEN, "lease_seconds": 30, "name": "Olympus Mons"})

    assert (workspace(console).lease_seconds, workspace(console).name) == (30, "Olympus Mons")
    entry = console.entries(kind="workspace:workspace:changed", store="security")[0]
    assert entry.target_id == console.world.id
    assert console.decided("workspace:workspace:update", "permit", "ada") >= 1
    assert "Olympus Mons" in console.text("ada", "/console/")


def test_the_only_list_of_workspaces_is_the_page_of_ones_own(console: Console):
    answer = console.get("ada", PAGES["settings"])

    assert answer["Location"] == settings_page(console)


def test_a_value_out_of_range_is_told_on_its_field(console: Console):
    with unchanged(console.world):
        answer = console.post("ada", settings_page(console), **{**GIVEN, "lease_seconds": 1})

    assert "greater than or equal to 5" in answer.content.decode()


def test_a_ceiling_below_a_room_is_refused(console: Console):
    with unchanged(console.world):
        answer = console.post("ada", settings_page(console), **{**GIVEN, "ceiling": "CUI"})

    assert "2 rooms are marked above CUI." in answer.content.decode()


def test_the_action_checks_what_the_form_did_not(console: Console):
    from lifecycle.actions import update_workspace  # noqa: PLC0415

    with pytest.raises(Invalid):
        update_workspace(console.world.actor("ada"), settings={"lease_seconds": 10**9})
    with pytest.raises(Invalid):
        update_workspace(console.world.actor("ada"), settings={"slug": "mars"})
    with pytest.raises(Conflict):
        update_workspace(console.world.actor("ada"), settings={"ceiling": "UNCLASSIFIED"})


def test_the_tenant_key_is_rotated_by_who_manages_encryption(console: Console):
    keeper = console.flagged("hedy", Flag.MANAGE_ENCRYPTION)
    assert "Rotate the tenant key" in console.text(keeper, "/console/keys/")

    answer = console.post(keeper, "/console/keys/do/rotate_tenant_key/")

    assert answer.status_code == 302
    assert {key.version for key in console.rows(TenantKey)} == {1, 2}
    assert len(console.entries(kind="key:key:rotated", store="security")) == 1


def test_no_page_shows_a_key(console: Console):
    text = console.text("ada", "/console/keys/")

    for key in console.rows(TenantKey):
        assert bytes(key.wrapped).hex() not in text
        assert key.fingerprint in text
