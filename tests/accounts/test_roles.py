"""Roles: what they carry, who may give them, and that a change is felt at once (AD-2 to AD-4)."""

import pytest

from accounts.access import flags_of
from accounts.actions import assign_role, create_role, delete_role, unassign_role, update_role
from accounts.models import Role, RoleAssignment
from accounts.roles import SYSTEM_ROLES, SystemRole
from audit.events import Event
from policy.catalogue import Flag, with_implied
from policy.signals import access_changed
from tenancy.errors import Conflict, Invalid, NotFound
from tenancy.scoping import within
from tests.accounts.records import entries, epoch_of, latest, refused


def powers(world, user):
    with within(world.id):
        return flags_of(world.acting(user))


@pytest.mark.parametrize("system", list(SystemRole))
def test_every_system_role_exists_and_is_locked(olympus, system):
    role = olympus.role(system)

    assert set(role.flags) == {flag.value for flag in SYSTEM_ROLES[system].flags}
    with pytest.raises(Conflict):
        update_role(olympus.system, role_id=role.id, flags=[])
    with pytest.raises(Conflict):
        delete_role(olympus.system, role_id=role.id)
    assert olympus.role(system).flags == role.flags


def test_flags_bring_what_they_imply(olympus, grace):
    role = create_role(olympus.system, name="Caretaker", flags=["delete_rooms", "manage_backups"])

    assign_role(olympus.system, role_id=role.id, user_id=grace.id)

    assert powers(olympus, grace) == with_implied(
        frozenset({Flag.DELETE_ROOMS, Flag.MANAGE_BACKUPS, Flag.CREATE_ROOMS})
    )
    assert {Flag.ARCHIVE_ROOMS, Flag.EDIT_ROOMS, Flag.MANAGE_SUBSCRIBERS, Flag.VIEW_CONSOLE} <= powers(olympus, grace)


def test_a_change_of_a_role_is_felt_by_all_who_hold_it(olympus, grace):
    role = create_role(olympus.system, name="Door keepers", flags=["manage_users"])
    assign_role(olympus.system, role_id=role.id, user_id=grace.id)
    before = epoch_of(olympus, "subject", grace.id)
    heard = []
    listener = lambda **news: heard.append((news["keys"], news["reason"]))  # noqa: E731
    access_changed.connect(listener)

    update_role(olympus.system, role_id=role.id, flags=["view_analytics"])

    access_changed.disconnect(listener)
    assert heard == [([grace.id], "role_changed")]
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    assert Flag.MANAGE_USERS not in powers(olympus, grace)
    changed = latest(olympus.id, Event.ROLE_CHANGED)
    assert (changed.data["changed"], changed.data["flags"]) == (["flags"], ["view_analytics"])


def test_renaming_a_role_changes_nobodys_powers(olympus, grace):
    role = create_role(olympus.system, name="Door keepers", flags=["manage_users"])
    assign_role(olympus.system, role_id=role.id, user_id=grace.id)
    before = epoch_of(olympus, "subject", grace.id)

    update_role(olympus.system, role_id=role.id, name="Gate keepers")

    assert epoch_of(olympus, "subject", grace.id) == before


def test_taking_a_role_takes_its_powers(olympus, grace):
    role = olympus.role("auditor")
    assign_role(olympus.system, role_id=role.id, user_id=grace.id)
    assert Flag.VIEW_AUDIT in powers(olympus, grace)

    unassign_role(olympus.system, role_id=role.id, user_id=grace.id)

    assert Flag.VIEW_AUDIT not in powers(olympus, grace)
    assert latest(olympus.id, Event.ROLE_UNASSIGNED).data == {"role_id": str(role.id), "user_id": str(grace.id)}


def test_a_deleted_role_is_taken_from_everybody(olympus, grace):
    role = create_role(olympus.system, name="Door keepers", flags=["manage_users"])
    assign_role(olympus.system, role_id=role.id, user_id=grace.id)

    delete_role(olympus.system, role_id=role.id)

    assert Flag.MANAGE_USERS not in powers(olympus, grace)
    assert latest(olympus.id, Event.ROLE_DELETED).data["role_id"] == str(role.id)
    assert latest(olympus.id, Event.ROLE_UNASSIGNED).target_id == grace.id


@pytest.mark.parametrize("flags", [["rule_the_world"], ["manage_users", ""]])
def test_a_flag_that_does_not_exist_is_refused(olympus, flags):
    with pytest.raises(Invalid) as unknown:
        create_role(olympus.system, name="Tyrant", flags=flags)

    assert unknown.value.field == "flags"


def test_role_names_are_unique_whatever_their_case(olympus):
    create_role(olympus.system, name="Door keepers", flags=[])

    with pytest.raises(Conflict):
        create_role(olympus.system, name="DOOR KEEPERS", flags=[])
    with pytest.raises(Conflict):
        create_role(olympus.system, name="owner", flags=[])
    with pytest.raises(Invalid):
        create_role(olympus.system, name="Owner\ufe00", flags=[])


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("\U0001f6e1\ufe0f Guard", "only change how another one looks"),
        ("\u2800", "invisible"),
        ("Door\u200bkeepers", "invisible"),
        ("\ufe0f", "can be seen"),
        ("", "can be seen"),
        ("x" * 61, "up to 60 characters"),
    ],
)
def test_a_name_that_no_role_can_have_is_refused_with_the_cause(olympus, name, cause):
    boss = olympus.person("boss", "owner")

    with pytest.raises(Invalid) as refusal:
        create_role(olympus.acting(boss), name=name, flags=[])

    assert cause in refusal.value.message
    assert refusal.value.field == "name"
    with within(olympus.id):
        assert not Role.objects.filter(system="").exists()
    assert create_role(olympus.acting(boss), name="\U0001f6e1 Guard", flags=[]).name == "\U0001f6e1 Guard"


def test_a_member_touches_no_role(olympus, grace):
    mine = olympus.acting(grace)

    with refused(olympus):
        create_role(mine, name="Mine", flags=[])
    with refused(olympus):
        assign_role(mine, role_id=olympus.role("owner").id, user_id=grace.id)

    assert Flag.MANAGE_ROLES not in powers(olympus, grace)


def test_nobody_gives_or_takes_what_they_do_not_hold(olympus, ada, grace):
    boss = olympus.person("boss", "administrator")
    mine = olympus.acting(boss)
    role = create_role(mine, name="Helpers", flags=["manage_users"])

    with refused(olympus, "beyond_own_powers"):
        assign_role(mine, role_id=olympus.role("owner").id, user_id=boss.id)
    with refused(olympus, "beyond_own_powers"):
        unassign_role(mine, role_id=olympus.role("owner").id, user_id=ada.id)
    with refused(olympus, "beyond_own_powers"):
        create_role(mine, name="Spies", flags=["view_audit"])
    with refused(olympus, "beyond_own_powers"):
        update_role(mine, role_id=role.id, flags=["manage_users", "manage_encryption"])

    with within(olympus.id):
        assert set(RoleAssignment.objects.filter(role__system="owner").values_list("user_id", flat=True)) == {ada.id}
        assert Role.objects.get(id=role.id).flags == ["manage_users"]
        assert not Role.objects.filter(name="Spies").exists()


def test_the_last_owner_stays_owner(olympus, ada):
    owner = olympus.role("owner")

    with pytest.raises(Conflict):
        unassign_role(olympus.system, role_id=owner.id, user_id=ada.id)
    olympus.person("lovelace", "owner")
    unassign_role(olympus.system, role_id=owner.id, user_id=ada.id)

    with within(olympus.id):
        assert RoleAssignment.objects.filter(role=owner).count() == 1


def test_holding_a_role_twice_is_holding_it_once(olympus, grace):
    role = olympus.role("auditor")
    assign_role(olympus.system, role_id=role.id, user_id=grace.id)
    before = len(entries(olympus.id, Event.ROLE_ASSIGNED))

    assign_role(olympus.system, role_id=role.id, user_id=grace.id)

    assert len(entries(olympus.id, Event.ROLE_ASSIGNED)) == before


def test_a_role_and_a_person_of_another_workspace_do_not_exist(olympus, vulcan, grace):
    there = vulcan.person("grace")
    boss = vulcan.person("boss", "owner")

    with pytest.raises(NotFound):
        assign_role(vulcan.acting(boss), role_id=olympus.role("owner").id, user_id=there.id)
    with pytest.raises(NotFound):
        assign_role(vulcan.acting(boss), role_id=vulcan.role("owner").id, user_id=grace.id)
    with pytest.raises(NotFound):
        unassign_role(vulcan.acting(boss), role_id=vulcan.role("guest").id, user_id=there.id)
