"""Direct and group messages: the same people have the same conversation, whoever opens it first (SG-1)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier

import pytest
from django.db import connections

from accounts.actions import deactivate_user
from audit.events import Event
from policy.catalogue import Action
from policy.types import AccessDenied
from rooms.actions.members import add_member, leave_room, remove_member
from rooms.actions.rooms import open_direct, update_room
from rooms.models import Membership, Room, RoomKind
from tenancy.actor import anonymous_actor
from tenancy.errors import Invalid, NotFound
from tenancy.models import Workspace
from tests.asserts import assert_audited, assert_denied, assert_refused, unchanged
from tests.policy.sets import decree, rule
from tests.world import World, furnish


def people(world: World, *usernames: str) -> list:
    return [world.people[username].id for username in usernames]


def test_two_people_share_one_conversation(olympus):
    room = open_direct(olympus.actor("grace"), people=people(olympus, "eve"))

    with unchanged(olympus):
        same = open_direct(olympus.actor("eve"), people=people(olympus, "grace"))

    assert same.id == room.id
    assert room.kind == RoomKind.DIRECT
    assert_audited(olympus, Event.ROOM_CREATED, olympus.actor("grace"), room.id, room_kind="direct")
    with olympus.inside():
        assert Membership.objects.filter(room_id=room.id, role="member").count() == 2


def test_more_people_have_another_one(olympus):
    two = open_direct(olympus.actor("grace"), people=people(olympus, "eve"))
    three = open_direct(olympus.actor("grace"), people=people(olympus, "eve", "ada"))

    assert (three.kind, three.id == two.id) == (RoomKind.GROUP, False)


def test_nobody_talks_to_themselves_or_to_a_crowd(olympus):
    grace = olympus.actor("grace")
    for number in range(20):
        olympus.person(f"extra{number}")

    with assert_refused(olympus, Invalid, field="people"):
        open_direct(grace, people=people(olympus, "grace"))
    with assert_refused(olympus, Invalid, field="people"):
        open_direct(grace, people=[user.id for user in olympus.people.values()])


def test_nobody_is_reached_who_has_no_active_account(olympus):
    deactivate_user(olympus.system, user_id=olympus.people["eve"].id)

    with assert_refused(olympus, NotFound, field="people"):
        open_direct(olympus.actor("grace"), people=people(olympus, "eve"))


def test_who_has_not_signed_in_opens_none(olympus):
    with assert_denied(olympus, Action.DIRECT_OPEN):
        open_direct(anonymous_actor(olympus.id), people=people(olympus, "eve", "grace"))


def test_the_people_of_a_conversation_are_fixed(olympus):
    room = open_direct(olympus.actor("grace"), people=people(olympus, "eve"))

    with pytest.raises((Invalid, AccessDenied)):
        add_member(olympus.actor("grace"), room_id=room.id, user_id=olympus.people["ada"].id)
    with assert_refused(olympus, Invalid, field="room"):
        leave_room(olympus.actor("grace"), room_id=room.id)
    with assert_refused(olympus, Invalid, field="room"):
        remove_member(olympus.system, room_id=room.id, user_id=olympus.people["eve"].id)
    with pytest.raises((Invalid, AccessDenied)):
        update_room(olympus.actor("grace"), room_id=room.id, name="Us")


def test_for_everybody_else_it_does_not_exist(olympus):
    room = open_direct(olympus.actor("grace"), people=people(olympus, "eve"))
    olympus.rooms["us"] = room

    with assert_denied(olympus, Action.MESSAGE_POST, code="not_found"):
        olympus.says("ada", "us", "Hello?")


def barred(world: World, username: str) -> None:
    """Policy takes everything from somebody, without a grace."""
    closed = rule(
        "closed", "deny", "room:*", condition=f'department = "{username.upper()}"', scope={"kinds": ["direct"]}
    )
    world.knows(username, {"department": username})
    decree(world, closed)


@pytest.fixture
def graceless(olympus) -> World:
    with olympus.inside():
        Workspace.objects.filter(id=olympus.id).update(removal_grace_minutes=0)
    return olympus


def state_in(world: World, room: Room) -> dict[str, str]:
    with world.inside():
        return dict(Membership.objects.filter(room=room).values_list("user__username", "state"))


@pytest.mark.parametrize("opener", ["grace", "eve"])
def test_whom_policy_had_removed_is_back_when_policy_lets_them(graceless, opener):
    room = open_direct(graceless.actor("grace"), people=people(graceless, "eve"))
    barred(graceless, "grace")
    assert state_in(graceless, room) == {"grace": "removed", "eve": "active"}
    other = "eve" if opener == "grace" else "grace"

    with nullcontext() if opener == "eve" else assert_denied(graceless, Action.MEMBER_HOLD, event=Event.MEMBER_REFUSED):
        open_direct(graceless.actor(opener), people=people(graceless, other))
    assert state_in(graceless, room) == {"grace": "removed", "eve": "active"}
    decree(graceless)
    same = open_direct(graceless.actor(opener), people=people(graceless, other))

    assert same.id == room.id
    assert state_in(graceless, room) == {"grace": "active", "eve": "active"}
    assert_audited(graceless, Event.MEMBER_ADDED, graceless.actor(opener), room.id)


def opened_at_once(world: World) -> tuple:
    """What grace and eve get who open their conversation in the same moment."""
    barrier = Barrier(2)

    def open_with(one, other):
        try:
            barrier.wait()
            return open_direct(world.actor(one), people=people(world, other)).id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        opened = [pool.submit(open_with, "grace", "eve"), pool.submit(open_with, "eve", "grace")]
        return tuple(one.result() for one in opened)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_it_at_once_both_get_the_same():
    olympus = furnish("olympus")

    first, second = opened_at_once(olympus)

    assert first == second
    with olympus.inside():
        assert Room.objects.filter(kind="direct").count() == 1
        assert Membership.objects.filter(room_id=first).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_it_again_at_once_both_get_the_same():
    olympus = furnish("olympus")
    with olympus.inside():
        Workspace.objects.filter(id=olympus.id).update(removal_grace_minutes=0)
    room = open_direct(olympus.actor("grace"), people=people(olympus, "eve"))
    barred(olympus, "grace")
    decree(olympus)

    assert opened_at_once(olympus) == (room.id, room.id)
    assert state_in(olympus, room) == {"grace": "active", "eve": "active"}
