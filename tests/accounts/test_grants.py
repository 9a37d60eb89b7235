"""Grants on one room, by django-guardian (AD-6)."""

import pytest
from django.db import connection

from accounts.actions import add_group_member, create_group, delete_group, give_grant, remove_group_member, take_grant
from accounts.attributes import room_grants
from accounts.models import GroupGrant, UserGrant
from audit.events import Event
from policy.catalogue import RoomRole
from tenancy.actor import new_id
from tenancy.errors import Invalid, NotFound
from tenancy.scoping import within
from tests.accounts.records import epoch_of, latest, refused

rooms = pytest.importorskip("rooms.actions.rooms")


@pytest.fixture
def titan(olympus):
    return rooms.create_room(olympus.system, kind="private", name="titan")


def standing(world, user, room):
    with within(world.id):
        return room_grants([(user.id, room.id)]).get((user.id, room.id))


def test_a_grant_lets_somebody_stand_in_a_room(olympus, titan, grace):
    before = epoch_of(olympus, "subject", grace.id)

    give_grant(olympus.system, room_id=titan.id, role=RoomRole.READER, user_id=grace.id)

    assert standing(olympus, grace, titan) is RoomRole.READER
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    given = latest(olympus.id, Event.GRANT_GIVEN)
    assert given.data == {"user_id": str(grace.id), "power": "stand_as_reader"}
    assert given.target_id == titan.id


def test_the_highest_of_several_grants_counts(olympus, titan, grace):
    group = create_group(olympus.system, name="Flight")
    add_group_member(olympus.system, group_id=group.id, user_id=grace.id)
    give_grant(olympus.system, room_id=titan.id, role=RoomRole.READER, user_id=grace.id)

    give_grant(olympus.system, room_id=titan.id, role=RoomRole.MODERATOR, group_id=group.id)

    assert standing(olympus, grace, titan) is RoomRole.MODERATOR
    remove_group_member(olympus.system, group_id=group.id, user_id=grace.id)
    assert standing(olympus, grace, titan) is RoomRole.READER


def test_a_grant_ends_when_it_is_taken_or_its_group_is_dissolved(olympus, titan, grace):
    group = create_group(olympus.system, name="Flight")
    add_group_member(olympus.system, group_id=group.id, user_id=grace.id)
    give_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER, user_id=grace.id)
    give_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER, group_id=group.id)

    take_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER, user_id=grace.id)
    delete_group(olympus.system, group_id=group.id)

    assert standing(olympus, grace, titan) is None
    assert latest(olympus.id, Event.GRANT_TAKEN).data["power"] == "stand_as_member"
    with pytest.raises(NotFound):
        take_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER, user_id=grace.id)


def test_nobody_grants_to_themselves_or_to_their_group(olympus, titan):
    boss = olympus.person("boss", "administrator")
    group = create_group(olympus.system, name="Flight")
    add_group_member(olympus.system, group_id=group.id, user_id=boss.id)

    with refused(olympus, "about_oneself"):
        give_grant(olympus.acting(boss), room_id=titan.id, role=RoomRole.OWNER, user_id=boss.id)
    with refused(olympus, "about_oneself"):
        give_grant(olympus.acting(boss), room_id=titan.id, role=RoomRole.OWNER, group_id=group.id)

    assert standing(olympus, boss, titan) is None


def test_a_member_grants_nothing(olympus, titan, grace):
    eve = olympus.person("eve")

    with refused(olympus):
        give_grant(olympus.acting(grace), room_id=titan.id, role=RoomRole.MEMBER, user_id=eve.id)

    with within(olympus.id):
        assert not UserGrant.objects.exists()


def test_a_grant_goes_to_exactly_one_holder_and_an_existing_room(olympus, titan, grace):
    group = create_group(olympus.system, name="Flight")

    with pytest.raises(Invalid):
        give_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER)
    with pytest.raises(Invalid):
        give_grant(olympus.system, room_id=titan.id, role=RoomRole.MEMBER, user_id=grace.id, group_id=group.id)
    with pytest.raises(NotFound):
        give_grant(olympus.system, room_id=new_id(), role=RoomRole.MEMBER, user_id=grace.id)


def test_grants_do_not_cross_workspaces(olympus, vulcan, titan, grace):
    there = vulcan.person("grace")

    with pytest.raises(NotFound):
        give_grant(vulcan.system, room_id=titan.id, role=RoomRole.OWNER, user_id=there.id)
    with pytest.raises(NotFound):
        give_grant(olympus.system, room_id=titan.id, role=RoomRole.OWNER, user_id=there.id)
    give_grant(olympus.system, room_id=titan.id, role=RoomRole.OWNER, user_id=grace.id)

    with within(vulcan.id):
        assert not UserGrant.objects.exists()
        assert not GroupGrant.objects.exists()
        assert room_grants([(grace.id, titan.id)]) == {}


def test_guardians_own_tables_do_not_exist(db):
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relname like 'guardian\\_%' or relname like 'auditlog\\_%'")
        assert cursor.fetchall() == []
