"""Groups: who is in them, by whose word, and what policy sees of it (SG-2, ID-11)."""

import pytest

from accounts.access import group_member_ids, user_ids_by_username, visible_groups
from accounts.actions import add_group_member, create_group, delete_group, remove_group_member, update_group
from accounts.attributes import DirectorySource
from accounts.models import Group, GroupMembership
from audit.events import Event
from policy.signals import access_changed
from tenancy.errors import Conflict, Invalid, NotFound
from tenancy.scoping import within
from tests.accounts.records import entries, epoch_of, latest, refused


def facts_of(world, user):
    actor = world.acting(user)
    with within(world.id):
        return DirectorySource().subjects([actor])[actor.key].facts


@pytest.fixture
def controllers(olympus):
    return create_group(olympus.system, name="Flight Controllers")


def test_the_name_of_a_group_is_sealed_and_found_by_its_hash(olympus, controllers, grace):
    add_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)

    with within(olympus.id):
        row = Group.objects.get(id=controllers.id)
        assert b"Flight" not in bytes(row.name) + bytes(row.name_hash)
        asked = [(olympus.acting(grace), ["flight  controllers", "FLIGHT CONTROLLERS", "nobody"])]
        assert group_member_ids(asked) == [{"flight  controllers": {grace.id}, "FLIGHT CONTROLLERS": {grace.id}}]


def test_policy_sees_the_names_of_the_groups_that_somebody_is_in(olympus, controllers, grace, ada):
    other = create_group(olympus.system, name="Astronauts")
    for group in (controllers, other):
        add_group_member(olympus.system, group_id=group.id, user_id=grace.id)

    assert set(facts_of(olympus, grace)["group"]) == {"Flight Controllers", "Astronauts"}
    assert "group" not in facts_of(olympus, ada)


def test_sources_stand_side_by_side(olympus, controllers, grace):
    for source in ("manual", "scim"):
        add_group_member(olympus.system, group_id=controllers.id, user_id=grace.id, source=source)

    remove_group_member(olympus.system, group_id=controllers.id, user_id=grace.id, source="scim")

    assert facts_of(olympus, grace)["group"] == ["Flight Controllers"]
    with pytest.raises(NotFound):
        remove_group_member(olympus.system, group_id=controllers.id, user_id=grace.id, source="ldap")
    remove_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)
    assert "group" not in facts_of(olympus, grace)


def test_coming_and_going_voids_older_permits(olympus, controllers, grace):
    before = epoch_of(olympus, "subject", grace.id)
    heard = []
    listener = lambda **news: heard.append(news["reason"])  # noqa: E731
    access_changed.connect(listener)

    add_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)
    update_group(olympus.system, group_id=controllers.id, name="Mission Control")
    remove_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)

    access_changed.disconnect(listener)
    assert heard == ["group_member_added", "group_renamed", "group_member_removed"]
    assert epoch_of(olympus, "subject", grace.id) == before + 3
    assert latest(olympus.id, Event.GROUP_MEMBER_REMOVED).data["source"] == "manual"


def test_a_dissolved_group_is_nobodys(olympus, controllers, grace):
    add_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)
    before = epoch_of(olympus, "subject", grace.id)

    delete_group(olympus.system, group_id=controllers.id)

    assert "group" not in facts_of(olympus, grace)
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    with within(olympus.id):
        assert not GroupMembership.objects.exists()
    assert latest(olympus.id, Event.GROUP_DELETED).target_id == controllers.id


def test_nobody_counts_themselves_in(olympus, controllers):
    boss = olympus.person("boss", "administrator")

    with refused(olympus, "about_oneself"):
        add_group_member(olympus.acting(boss), group_id=controllers.id, user_id=boss.id)
    add_group_member(olympus.system, group_id=controllers.id, user_id=boss.id)
    with refused(olympus, "about_oneself"):
        update_group(olympus.acting(boss), group_id=controllers.id, name="Masters of the Universe")

    assert facts_of(olympus, boss)["group"] == ["Flight Controllers"]


def test_a_member_changes_no_group(olympus, controllers, grace):
    eve = olympus.person("eve")

    with refused(olympus):
        add_group_member(olympus.acting(grace), group_id=controllers.id, user_id=eve.id)
    with refused(olympus):
        create_group(olympus.acting(grace), name="Mine")

    with within(olympus.id):
        assert not GroupMembership.objects.exists()
        assert Group.objects.count() == 1


def test_group_names_are_unique_in_a_workspace_only(olympus, vulcan, controllers):
    with pytest.raises(Conflict):
        create_group(olympus.system, name="flight controllers")
    with pytest.raises(Conflict):
        create_group(olympus.system, name="Flight\ufe00 Controllers")

    assert create_group(vulcan.system, name="Flight Controllers").workspace_id == vulcan.id


@pytest.mark.parametrize(
    "name", ["  ", "\ufe0f", "\u3164 \u3164", "\u2800", "Crew\u2800", "Cr\u200bew", "\U0001d159", "x" * 81]
)
def test_a_group_is_called_what_everybody_can_see(olympus, controllers, name):
    boss = olympus.person("boss", "administrator")

    with pytest.raises(Invalid) as refusal:
        create_group(olympus.acting(boss), name=name)
    with pytest.raises(Invalid):
        update_group(olympus.acting(boss), group_id=controllers.id, name=name)

    assert refusal.value.field == "name"
    with within(olympus.id):
        assert list(visible_groups(olympus.acting(boss)).values()) == ["Flight Controllers"]
    assert entries(olympus.id, Event.GROUP_CHANGED) == []


def test_hidden_and_private_groups_show_to_members_and_managers(olympus, grace):
    kinds = {
        kind: create_group(olympus.system, name=f"The {kind}", kind=kind) for kind in ("public", "private", "hidden")
    }
    boss = olympus.person("boss", "administrator")
    add_group_member(olympus.system, group_id=kinds["hidden"].id, user_id=grace.id)

    with within(olympus.id):
        seen = set(visible_groups(olympus.acting(grace)).values())
        all_seen = set(visible_groups(olympus.acting(boss)).values())

    assert seen == {"The public", "The hidden"}
    assert all_seen == {"The public", "The private", "The hidden"}


def test_a_group_of_another_workspace_does_not_exist(olympus, vulcan, controllers, grace):
    boss = vulcan.person("boss", "owner")

    with pytest.raises(NotFound):
        add_group_member(vulcan.acting(boss), group_id=controllers.id, user_id=boss.id)
    with pytest.raises(NotFound):
        add_group_member(vulcan.acting(boss), group_id=create_group(vulcan.system, name="Ours").id, user_id=grace.id)


def test_names_are_looked_up_as_they_are_written(olympus, grace):
    with within(olympus.id):
        assert user_ids_by_username(["Grace", "grace", "eve"]) == {"Grace": grace.id, "grace": grace.id}


def test_nobody_leaves_a_group_that_a_rule_may_be_about(olympus, controllers):
    boss = olympus.person("boss", "administrator")
    add_group_member(olympus.system, group_id=controllers.id, user_id=boss.id)
    before = epoch_of(olympus, "subject", boss.id)

    with refused(olympus, "about_oneself"):
        remove_group_member(olympus.acting(boss), group_id=controllers.id, user_id=boss.id)

    assert facts_of(olympus, boss)["group"] == ["Flight Controllers"]
    assert epoch_of(olympus, "subject", boss.id) == before
    assert entries(olympus.id, Event.GROUP_MEMBER_REMOVED) == []


def test_nobody_dissolves_a_group_that_they_are_in(olympus, controllers, grace):
    boss = olympus.person("boss", "administrator")
    for user in (boss, grace):
        add_group_member(olympus.system, group_id=controllers.id, user_id=user.id, source="scim")

    with refused(olympus, "about_oneself"):
        delete_group(olympus.acting(boss), group_id=controllers.id)

    assert facts_of(olympus, boss)["group"] == facts_of(olympus, grace)["group"] == ["Flight Controllers"]
    assert entries(olympus.id, Event.GROUP_DELETED) == []


def test_who_is_not_in_a_group_takes_others_out_and_dissolves_it(olympus, controllers, grace):
    boss = olympus.person("boss", "administrator")
    add_group_member(olympus.system, group_id=controllers.id, user_id=grace.id)

    remove_group_member(olympus.acting(boss), group_id=controllers.id, user_id=grace.id)
    delete_group(olympus.acting(boss), group_id=controllers.id)

    with within(olympus.id):
        assert not Group.objects.exists()
