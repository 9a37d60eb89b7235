"""Opening, changing, guarding and archiving rooms: each has its power, each is on record (SG-1, PO-2)."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from accounts.actions import assign_role, create_role, unassign_role
from accounts.models import Role, RoleAssignment
from audit.events import Event
from policy.catalogue import Action, Flag, RoomRole
from policy.types import AccessDenied
from rooms.actions.rooms import archive_room, create_room, set_requirement, unarchive_room, update_room
from rooms.models import Membership, MembershipState, RequirementVersion, Room, RoomKind
from rooms.sealing import room_name, room_topic
from tenancy.actor import Actor
from tenancy.errors import Conflict, Invalid
from tests.asserts import assert_audited, assert_denied, assert_refused, assert_sealed, recorded, unchanged
from tests.policy.sets import decree, rule
from tests.world import GUARD, World, furnish


def row(world: World, room: str) -> Room:
    with world.inside():
        return Room.objects.get(id=world.rooms[room].id)


@pytest.fixture
def guest(olympus: World) -> World:
    """eve may do nothing but talk where she is."""
    with olympus.inside():
        held = RoleAssignment.objects.filter(user_id=olympus.people["eve"].id).values_list("role_id", flat=True)
        roles = list(held)
    for role_id in roles:
        unassign_role(olympus.system, role_id=role_id, user_id=olympus.people["eve"].id)
    return olympus


def test_who_opens_a_room_owns_it(olympus):
    grace = olympus.actor("grace")

    room = create_room(grace, kind=RoomKind.PRIVATE, name="Pad  39B", topic="Fuelling")

    assert_audited(olympus, Event.ROOM_CREATED, grace, room.id, room_kind="private", marking="SECRET")
    with olympus.inside():
        assert Membership.objects.get(room_id=room.id).role == "owner"
        assert room_name(Room.objects.get(id=room.id)) == "Pad 39B"


def test_name_and_topic_rest_sealed(olympus):
    made = create_room(olympus.actor("grace"), kind=RoomKind.PRIVATE, name="Pad 39B", topic="Fuelling")

    with olympus.inside():
        room = Room.objects.get(id=made.id)
        assert_sealed(room.name_sealed, "Pad 39B", lambda: room_name(room))
        assert_sealed(room.topic_sealed, "Fuelling", lambda: room_topic(room))


def test_without_the_power_no_room_is_opened(guest):
    with assert_denied(guest, Action.ROOM_CREATE, reason="role_missing"):
        create_room(guest.actor("eve"), kind=RoomKind.PUBLIC, name="mine")


def test_a_public_name_is_there_once_however_it_is_written(olympus):
    create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name="Flight Dynamics")

    with assert_refused(olympus, Conflict, field="name"):
        create_room(olympus.actor("eve"), kind=RoomKind.PUBLIC, name="flight  DYNAMICS")


@pytest.mark.parametrize("mark", ["\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef", "\u180b", "\u180f"], ids=ascii)
def test_what_shows_nothing_makes_no_other_name(olympus, mark):
    create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name="Orbit \u2764")

    with assert_refused(olympus, Conflict, field="name"):
        create_room(olympus.actor("eve"), kind=RoomKind.PUBLIC, name=f"Or{mark}bit \u2764{mark}")


def test_that_a_private_name_is_taken_is_told_to_nobody(olympus):
    """It would tell that the room exists (R11)."""
    create_room(olympus.actor("grace"), kind=RoomKind.PRIVATE, name="Black Brant")

    assert create_room(olympus.actor("eve"), kind=RoomKind.PRIVATE, name="Black Brant")


@pytest.mark.parametrize("name", ["", "   ", "\t\n", "\ufe0f", "\ufe00 \ufe00"], ids=ascii)
def test_a_room_needs_a_name(olympus, name):
    with assert_refused(olympus, Invalid, field="name"):
        create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name=name)


def test_a_room_may_hold_no_more_than_its_workspace(olympus):
    assert create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name="low", marking="CUI").marking == "CUI"
    with assert_refused(olympus, Invalid, field="marking"):
        create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name="high", marking="TOP_SECRET")
    with assert_refused(olympus, Invalid, field="marking"):
        create_room(olympus.actor("grace"), kind=RoomKind.PUBLIC, name="odd", marking="COSMIC")


def test_nobody_opens_a_room_that_would_not_let_them_in(olympus):
    with assert_denied(olympus, Action.MEMBER_HOLD, event=Event.MEMBER_REFUSED):
        create_room(olympus.actor("eve"), kind=RoomKind.PRIVATE, name="above me", requirement=GUARD)

    with olympus.inside():
        assert Room.objects.count() == 2


def test_an_owner_gives_another_name_and_topic(olympus):
    ada = olympus.actor("ada")

    update_room(ada, room_id=olympus.rooms["titan"].id, name="Titan II", topic="Second stage")

    room = row(olympus, "titan")
    with olympus.inside():
        assert (room_name(room), room_topic(room)) == ("Titan II", "Second stage")
    assert_audited(olympus, Event.ROOM_CHANGED, ada, room.id, changed=["name", "topic"])


def test_what_is_called_the_same_again_has_not_changed(olympus):
    with unchanged(olympus):
        update_room(olympus.actor("ada"), room_id=olympus.rooms["titan"].id, name="titan")

    assert recorded(olympus, Event.ROOM_CHANGED) == []


def test_a_member_cannot_rename_a_room(olympus):
    with assert_denied(olympus, Action.ROOM_UPDATE, reason="role_missing"):
        update_room(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, name="Mine")


def test_for_who_is_outside_there_is_nothing_to_rename(olympus):
    with assert_denied(olympus, Action.ROOM_UPDATE, code="not_found"):
        update_room(olympus.actor("eve"), room_id=olympus.rooms["titan"].id, name="Mine")


def test_a_custom_role_brings_its_one_power_and_no_other(olympus):
    role = create_role(olympus.system, name="Renamer", flags=[Flag.EDIT_ROOMS])
    assign_role(olympus.system, role_id=role.id, user_id=olympus.people["grace"].id)

    update_room(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, name="By role")

    with assert_denied(olympus, Action.ROOM_ARCHIVE):
        archive_room(olympus.actor("grace"), room_id=olympus.rooms["titan"].id)


def test_a_power_over_all_rooms_opens_none_that_is_guarded(olympus):
    """The role gate and the attribute gate must both open: nobody is above policy."""
    with olympus.inside():
        owner = Role.objects.get(system="owner").id
    assign_role(olympus.system, role_id=owner, user_id=olympus.people["eve"].id)

    with assert_denied(olympus, Action.ROOM_UPDATE, code="not_found", reason="requirement_unmet"):
        update_room(olympus.actor("eve"), room_id=olympus.rooms["titan"].id, name="Mine")


def test_an_archived_room_can_be_read_and_not_written_to(olympus):
    ada = olympus.actor("ada")
    said = olympus.says("grace", "titan", "Before.")

    archive_room(ada, room_id=olympus.rooms["titan"].id)

    assert_audited(olympus, Event.ROOM_ARCHIVED, ada, olympus.rooms["titan"].id)
    with assert_refused(olympus, Conflict, field="room"):
        olympus.says("grace", "titan", "After.")
    assert said.seq == row(olympus, "titan").last_seq


def test_an_archived_room_is_opened_again(olympus):
    ada, titan = olympus.actor("ada"), olympus.rooms["titan"].id
    archive_room(ada, room_id=titan)
    with assert_refused(olympus, Conflict, field="room"):
        archive_room(ada, room_id=titan)

    unarchive_room(ada, room_id=titan)

    assert_audited(olympus, Event.ROOM_UNARCHIVED, ada, titan)
    assert olympus.says("grace", "titan", "Again.")
    with assert_refused(olympus, Conflict, field="room"):
        unarchive_room(ada, room_id=titan)


@pytest.mark.parametrize(
    ("verb", "action"), [(archive_room, Action.ROOM_ARCHIVE), (unarchive_room, Action.ROOM_UNARCHIVE)]
)
def test_who_only_talks_there_cannot_close_or_open_it(olympus, verb, action):
    with assert_denied(olympus, action):
        verb(olympus.actor("grace"), room_id=olympus.rooms["titan"].id)


def test_a_requirement_takes_effect_at_once_on_who_is_there(olympus):
    set_requirement(olympus.actor("ada"), room_id=olympus.rooms["lobby"].id, requirement=GUARD)

    with olympus.inside():
        states = dict(
            Membership.objects.filter(room_id=olympus.rooms["lobby"].id).values_list("user__username", "state")
        )
    assert states == {"ada": "active", "grace": "active", "eve": "suspended"}
    assert_audited(olympus, Event.REQUIREMENT_CHANGED, olympus.actor("ada"), olympus.rooms["lobby"].id, version=1)


def test_every_requirement_that_a_room_had_is_kept(olympus):
    titan = olympus.rooms["titan"].id
    set_requirement(olympus.system, room_id=titan, requirement="clearance >= CONFIDENTIAL")
    set_requirement(olympus.system, room_id=titan, requirement="")

    with olympus.inside():
        versions = RequirementVersion.objects.filter(room_id=titan).order_by("version")
        assert [one.requirement for one in versions][1:] == ["clearance >= CONFIDENTIAL", ""]
        assert not row(olympus, "titan").requirement_hash


@pytest.mark.parametrize("text", ["clearance >=", "clearance >= COSMIC", "shoe_size > 40", "clearance >= SECRET or"])
def test_a_requirement_that_makes_no_sense_is_refused_with_its_place(olympus, text):
    with assert_refused(olympus, Invalid, field="requirement"):
        set_requirement(olympus.system, room_id=olympus.rooms["titan"].id, requirement=text)


def test_a_requirement_by_a_name_that_nobody_knows_is_refused(olympus):
    with assert_refused(olympus, Invalid, field="named_requirements"):
        set_requirement(olympus.system, room_id=olympus.rooms["titan"].id, requirement="", named=["nowhere"])


def test_the_owner_of_a_room_does_not_set_what_guards_it(olympus):
    mine = create_room(olympus.actor("grace"), kind=RoomKind.PRIVATE, name="mine")

    with assert_denied(olympus, Action.REQUIREMENT_SET):
        set_requirement(olympus.actor("grace"), room_id=mine.id, requirement="clearance >= CUI")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_a_public_room_of_one_name_at_once_one_is_told_so():
    olympus = furnish("olympus")
    barrier = Barrier(2)

    def open_as(username):
        try:
            barrier.wait()
            return create_room(olympus.actor(username), kind=RoomKind.PUBLIC, name="Apollo")
        except Conflict as taken:
            return taken.field
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(open_as, ["grace", "eve"]))

    assert sum(isinstance(one, Room) for one in outcomes) == 1
    assert "name" in outcomes


def test_a_refused_room_leaves_no_key_and_no_epoch(olympus):
    with unchanged(olympus), pytest.raises(AccessDenied):
        create_room(olympus.actor("eve"), kind=RoomKind.PRIVATE, name="above me", requirement=GUARD)


def moderator(world: World, room: str) -> Actor:
    world.joins("grace", room, role=RoomRole.MODERATOR)
    return world.actor("grace")


def test_a_name_that_moves_rules_is_given_by_who_manages_policy(olympus):
    olympus.room("sealed orders")
    grace = moderator(olympus, "sealed orders")
    sealed = olympus.rooms["sealed orders"].id
    hidden = rule("hide", "redact", "room:message:deliver", scope={"names": ["sealed*"], "markings": ["SECRET"]})
    decree(olympus, hidden)

    for_grace = partial(update_room, grace, room_id=sealed)
    with assert_denied(olympus, Action.ROOM_UPDATE, reason="name_moves_rules"):
        for_grace(name="Orders")
    for_grace(name="Sealed letters")
    update_room(olympus.actor("ada"), room_id=sealed, name="Orders")
    with assert_denied(olympus, Action.ROOM_UPDATE, reason="name_moves_rules"):
        for_grace(name="SEALED again")
    with assert_denied(olympus, Action.ROOM_UPDATE, reason="name_moves_rules"):
        for_grace(name="Sea\ufe00led again")

    with olympus.inside():
        assert room_name(Room.objects.get(id=sealed)) == "Orders"


def test_a_new_name_voids_what_was_decided_under_the_old_one(olympus):
    olympus.room("orders")
    olympus.joins("grace", "orders")
    room_id = olympus.rooms["orders"].id
    decree(olympus, rule("closed", "deny", "room:*", condition="program any_of {TITAN}", scope={"names": ["sealed*"]}))
    olympus.says("grace", "orders", "Under a lease.")

    update_room(olympus.actor("ada"), room_id=room_id, name="Sealed orders")

    with assert_denied(olympus, Action.MESSAGE_POST):
        olympus.says("grace", "orders", "No more.")
    with olympus.inside():
        standing = Membership.objects.get(room_id=room_id, user=olympus.people["grace"])
    assert standing.state != MembershipState.ACTIVE


@pytest.mark.parametrize(
    "text", ["n\x00ul", "lob\u200bby", "\u202eybbol", "\ue000", "\u3164", "two\u00adparts"], ids=ascii
)
def test_names_and_topics_hide_nothing(olympus, text):
    ada, titan = olympus.actor("ada"), olympus.rooms["titan"].id

    with assert_refused(olympus, Invalid, field="name"):
        create_room(ada, kind=RoomKind.PRIVATE, name=text)
    with assert_refused(olympus, Invalid, field="topic"):
        create_room(ada, kind=RoomKind.PRIVATE, name="Orders", topic=text)
    with assert_refused(olympus, Invalid, field="name"):
        update_room(ada, room_id=titan, name=text)
    with assert_refused(olympus, Invalid, field="topic"):
        update_room(ada, room_id=titan, topic=text)


def test_a_name_has_one_spelling(olympus):
    room = create_room(olympus.actor("ada"), kind=RoomKind.PRIVATE, name="Cafe\u0301", topic="Two\r\nlines")

    with olympus.inside():
        assert (room_name(room), room_topic(room)) == ("Café", "Two\nlines")
