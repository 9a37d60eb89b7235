"""Who gets into a room, who leaves it, and in which role: nobody without meeting what guards it (PO-9, PO-10)."""

import pytest

from accounts.actions import assign_role
from accounts.models import Role
from audit.events import Event
from policy import pep
from policy.catalogue import Action, RoomRole
from rooms import frames
from rooms.actions.members import add_member, join_room, leave_room, remove_member, set_member_role
from rooms.actions.rooms import set_requirement
from rooms.models import Membership, RoomKind
from rooms.reads import list_members
from tenancy.actor import new_id
from tenancy.errors import Conflict, NotFound
from tests.asserts import assert_audited, assert_denied, assert_refused
from tests.world import CLEARED, World


def membership(world: World, username: str, room: str) -> Membership:
    with world.inside():
        return Membership.objects.get(user_id=world.people[username].id, room_id=world.rooms[room].id)


@pytest.fixture
def harbour(olympus: World) -> World:
    """A public room that eve is not in yet."""
    olympus.room("harbour", kind=RoomKind.PUBLIC)
    return olympus


def test_everybody_may_enter_a_public_room(harbour):
    eve = harbour.actor("eve")

    join_room(eve, room_id=harbour.rooms["harbour"].id)

    assert membership(harbour, "eve", "harbour").role == "member"
    assert_audited(harbour, Event.MEMBER_ADDED, eve, harbour.rooms["harbour"].id, source="manual")
    assert harbour.says("eve", "harbour", "Here.")


def test_who_is_in_already_does_not_enter_twice(olympus):
    with assert_refused(olympus, Conflict, field="user"):
        join_room(olympus.actor("eve"), room_id=olympus.rooms["lobby"].id)


def test_a_private_room_is_not_there_to_be_entered(olympus):
    with assert_denied(olympus, Action.MEMBER_JOIN, code="not_found"):
        join_room(olympus.actor("eve"), room_id=olympus.rooms["titan"].id)


def test_a_public_room_that_is_guarded_is_entered_by_who_qualifies(olympus):
    olympus.room("gate", kind=RoomKind.PUBLIC, requirement="clearance >= SECRET")

    join_room(olympus.actor("grace"), room_id=olympus.rooms["gate"].id)

    with assert_denied(olympus, Action.MEMBER_JOIN, code="not_found", reason="requirement_unmet"):
        join_room(olympus.actor("eve"), room_id=olympus.rooms["gate"].id)


def test_an_owner_adds_who_qualifies(olympus):
    ada, linus = olympus.actor("ada"), olympus.person("linus", CLEARED)

    add_member(ada, room_id=olympus.rooms["titan"].id, user_id=linus.id, role=RoomRole.READER)

    assert membership(olympus, "linus", "titan").role == "reader"
    line = assert_audited(olympus, Event.MEMBER_ADDED, ada, olympus.rooms["titan"].id, user_id=linus.id)
    assert line.data["decision_id"]


def test_an_owner_cannot_add_who_does_not_qualify(olympus):
    ada, eve = olympus.actor("ada"), olympus.people["eve"]

    with assert_denied(olympus, Action.MEMBER_HOLD, event=Event.MEMBER_REFUSED, reason="requirement_unmet") as refused:
        add_member(ada, room_id=olympus.rooms["titan"].id, user_id=eve.id)

    line = assert_audited(olympus, Event.MEMBER_REFUSED, ada, olympus.rooms["titan"].id, outcome="refused")
    assert line.data["user_id"] == str(eve.id)
    assert line.data["decision_id"] == str(refused.decision.id)


def test_the_platform_itself_cannot_add_who_does_not_qualify(olympus):
    """No door is above add-time validation: imports, links of groups, jobs (PO-10)."""
    with assert_denied(olympus, Action.MEMBER_HOLD, event=Event.MEMBER_REFUSED):
        add_member(olympus.system, room_id=olympus.rooms["titan"].id, user_id=olympus.people["eve"].id)


def test_a_member_adds_nobody(olympus):
    linus = olympus.person("linus", CLEARED)

    with assert_denied(olympus, Action.MEMBER_ADD, reason="role_missing"):
        add_member(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, user_id=linus.id)


def test_who_may_add_people_everywhere_cannot_let_themselves_in(olympus):
    """Somebody else has to open a private room for them."""
    linus = olympus.person("linus", CLEARED)
    with olympus.inside():
        owner = Role.objects.get(system="owner").id
    assign_role(olympus.system, role_id=owner, user_id=linus.id)
    actor = olympus.actor("linus")

    with assert_denied(olympus, Action.MEMBER_ADD, reason="about_oneself"):
        add_member(actor, room_id=olympus.rooms["titan"].id, user_id=linus.id)


def test_nobody_is_added_who_does_not_exist_or_is_deactivated(olympus):
    with assert_refused(olympus, NotFound, field="user"):
        add_member(olympus.actor("ada"), room_id=olympus.rooms["titan"].id, user_id=new_id())


def test_one_source_does_not_take_away_what_another_gives(olympus):
    """SG-5: the source is kept beside the membership."""
    titan, grace = olympus.rooms["titan"].id, olympus.people["grace"].id

    add_member(olympus.system, room_id=titan, user_id=grace, source="group")

    assert membership(olympus, "grace", "titan").sources == ["group", "manual"]
    with assert_refused(olympus, Conflict, field="user"):
        add_member(olympus.system, room_id=titan, user_id=grace, source="group")


def test_who_leaves_is_gone_and_may_come_back_by_the_same_way_as_everybody(olympus):
    grace = olympus.actor("grace")

    leave_room(grace, room_id=olympus.rooms["titan"].id)

    assert membership(olympus, "grace", "titan").state == "removed"
    assert_audited(olympus, Event.MEMBER_LEFT, grace, olympus.rooms["titan"].id)
    with assert_denied(olympus, Action.MESSAGE_POST, code="not_found"):
        olympus.says("grace", "titan", "Still here?")
    olympus.joins("grace", "titan")
    assert membership(olympus, "grace", "titan").state == "active"


def test_the_last_owner_of_a_room_stays(olympus):
    ada, titan = olympus.actor("ada"), olympus.rooms["titan"].id

    with assert_refused(olympus, Conflict, field="user"):
        leave_room(ada, room_id=titan)
    with assert_refused(olympus, Conflict, field="user"):
        remove_member(olympus.system, room_id=titan, user_id=ada.id)
    with assert_refused(olympus, Conflict, field="user"):
        set_member_role(ada, room_id=titan, user_id=ada.id, role=RoomRole.MEMBER)

    set_member_role(ada, room_id=titan, user_id=olympus.people["grace"].id, role=RoomRole.OWNER)
    leave_room(ada, room_id=titan)
    assert membership(olympus, "ada", "titan").state == "removed"


def test_an_owner_puts_somebody_out(olympus):
    ada, grace = olympus.actor("ada"), olympus.people["grace"]

    remove_member(ada, room_id=olympus.rooms["titan"].id, user_id=grace.id)

    assert membership(olympus, "grace", "titan").state == "removed"
    assert_audited(olympus, Event.MEMBER_REMOVED, ada, olympus.rooms["titan"].id, user_id=grace.id, source="manual")
    with assert_refused(olympus, NotFound, field="user"):
        remove_member(ada, room_id=olympus.rooms["titan"].id, user_id=grace.id)


def test_a_member_puts_nobody_out(olympus):
    with assert_denied(olympus, Action.MEMBER_REMOVE):
        remove_member(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, user_id=olympus.people["ada"].id)


def test_a_reader_reads_and_does_not_post(olympus):
    olympus.person("linus", CLEARED)
    olympus.joins("linus", "titan", role=RoomRole.READER)
    olympus.actor("linus")

    with assert_denied(olympus, Action.MESSAGE_POST, reason="role_missing"):
        olympus.says("linus", "titan", "A question.")


def test_an_owner_gives_another_role(olympus):
    ada, grace = olympus.actor("ada"), olympus.people["grace"]

    set_member_role(ada, room_id=olympus.rooms["titan"].id, user_id=grace.id, role=RoomRole.READER)

    assert_audited(olympus, Event.MEMBER_ROLE_CHANGED, ada, olympus.rooms["titan"].id, user_id=grace.id, role="reader")
    with assert_denied(olympus, Action.MESSAGE_POST):
        olympus.says("grace", "titan", "Still mine?")


def test_a_moderator_cannot_make_themselves_an_owner(olympus):
    titan, grace = olympus.rooms["titan"].id, olympus.people["grace"].id
    set_member_role(olympus.actor("ada"), room_id=titan, user_id=grace, role=RoomRole.MODERATOR)

    with assert_denied(olympus, Action.MEMBER_SET_ROLE):
        set_member_role(olympus.actor("grace"), room_id=titan, user_id=grace, role=RoomRole.OWNER)


def test_the_role_of_who_is_not_there_cannot_be_changed(olympus):
    with assert_refused(olympus, NotFound, field="user"):
        set_member_role(
            olympus.actor("ada"),
            room_id=olympus.rooms["titan"].id,
            user_id=olympus.people["eve"].id,
            role=RoomRole.OWNER,
        )


@pytest.mark.parametrize(("reader", "shown"), [("ada", {"ada", "grace", "eve"}), ("eve", {"ada", "eve"})])
def test_who_is_suspended_is_for_those_to_know_who_keep_the_room(olympus, reader, shown):
    room = olympus.own_room("eve", "grace")
    olympus.knows("eve", CLEARED)
    set_requirement(olympus.system, room_id=room.id, requirement="clearance >= SECRET")
    olympus.knows("grace", {"clearance": "CONFIDENTIAL"})

    with pep.reading(olympus.actor(reader)):
        listed = list_members(olympus.actor(reader), frames.ListMembers(id="1", room=room.id))

    assert {one["person"]["username"] for one in listed["members"]} == shown


def test_a_suspended_member_cannot_be_let_in_by_hand(olympus):
    """What policy has taken, a person does not give back."""
    olympus.knows("grace", {"clearance": "SECRET"})

    with assert_denied(olympus, Action.MEMBER_HOLD, event=Event.MEMBER_REFUSED):
        add_member(olympus.actor("ada"), room_id=olympus.rooms["titan"].id, user_id=olympus.people["grace"].id)

    assert membership(olympus, "grace", "titan").state == "suspended"
