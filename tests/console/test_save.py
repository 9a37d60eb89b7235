"""Every save and button is an action: decided, recorded, refused with its reason where one can see it (R34)."""

import pytest

from accounts.actions import add_group_member, assign_role, create_group, create_role
from accounts.models import Fact, Group, Role, Session, User
from audit.models import AuditEvent
from policy.catalogue import Flag
from rooms.models import Membership, Room
from tests.asserts import unchanged
from tests.console.conftest import Console
from tests.world import furnish

USERS, ROLES, ROOMS = "/console/accounts/user/", "/console/accounts/role/", "/console/rooms/room/"


def user_of(console: Console, username: str) -> User:
    return console.rows(User, username=username)[0]


def test_a_new_account_is_one_action(console: Console):
    answer = console.post("ada", f"{USERS}add/", username="Hedy", name="Hedy L.", title="", kind="person", password="")

    hedy = user_of(console, "hedy")
    assert answer.status_code == 302
    assert answer["Location"] == f"{USERS}{hedy.id}/change/"
    assert console.decided("account:user:create", "permit", "ada") == 1
    assert len(console.entries(kind="account:user:created", store="security", target_id=hedy.id)) == 1
    assert "Hedy L." in console.text("ada", USERS)


def test_what_the_action_refuses_stands_on_its_field(console: Console):
    with unchanged(console.world):
        answer = console.post("ada", f"{USERS}add/", username="grace", name="", title="", kind="person", password="")

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "This user name is taken. Choose another one." in text
    assert 'aria-invalid="true"' in text
    assert "Nothing was saved." in text
    assert not console.entries(kind="account:user:created", actor_id=console.world.people["ada"].id)


def test_a_correction_is_one_action(console: Console):
    eve = console.world.people["eve"]

    console.post("ada", f"{USERS}{eve.id}/change/", username="eve", name="Eve Adler", title="Range")

    changed = console.entries(kind="account:user:changed", store="security")
    assert [entry.target_id for entry in changed] == [eve.id]
    assert "Eve Adler" in console.text("ada", f"{USERS}{eve.id}/change/")


def test_saving_the_same_again_changes_and_records_nothing(console: Console):
    eve = console.world.people["eve"]

    console.post("ada", f"{USERS}{eve.id}/change/", username="eve", name="Eve", title="")

    assert user_of(console, "eve").profile_revision == eve.profile_revision
    assert not console.entries(kind="account:user:changed")


def test_a_button_asks_first_and_then_acts(console: Console):
    eve, do = console.world.people["eve"], f"{USERS}{console.world.people['eve'].id}/do/deactivate_user/"

    asked = console.text("ada", do)
    assert "All sessions end now" in asked
    assert user_of(console, "eve").state == "active"
    answer = console.post("ada", do)

    assert answer.status_code == 302
    assert user_of(console, "eve").state == "deactivated"
    assert len(console.entries(kind="account:user:deactivated", store="security", target_id=eve.id)) == 1
    assert console.get("eve", "/console/").status_code == 302


def test_a_session_is_ended_by_a_button(console: Console):
    eve = console.world.people["eve"]
    session = console.rows(Session, user=eve)[0]
    assert console.get("eve", "/console/").status_code == 403

    console.post("ada", f"/console/accounts/session/{session.id}/do/revoke_session/")

    assert console.rows(Session, user=eve)[0].end_reason == "revoked"
    assert console.get("eve", "/console/").status_code == 302


def test_a_button_that_is_not_there_does_nothing(console: Console):
    eve = console.world.people["eve"]

    assert console.post("ada", f"{USERS}{eve.id}/do/delete/").status_code == 404


def test_who_may_see_but_not_change_gets_no_form_and_no_button(console: Console):
    who = console.flagged("hedy", Flag.VIEW_FACTS)
    grace = console.world.people["grace"]

    text = console.text(who, f"{USERS}{grace.id}/change/")
    assert "Deactivate" not in text
    assert 'name="username"' not in text
    with unchanged(console.world):
        answers = [
            console.post(who, f"{USERS}{grace.id}/change/", username="x", name="", title=""),
            console.post(who, f"{USERS}{grace.id}/do/deactivate_user/"),
        ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert console.decided("account:user:update", "deny", who) == 1
    assert console.decided("account:user:deactivate", "deny", who) == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_outlives_the_transaction_that_the_admin_rolls_back():
    console = Console(furnish("olympus"))
    world = console.world
    who = console.flagged("hedy", Flag.MANAGE_ROLES)
    role = create_role(world.system, name="Keepers", flags=[Flag.MANAGE_ENCRYPTION.value])

    answer = console.post(
        who, f"{ROLES}{role.id}/change/", name="Keepers", flags=["manage_encryption", "manage_policy"]
    )

    assert answer.status_code == 403
    assert "beyond_own_powers" in answer.content.decode()
    assert console.rows(Role, id=role.id)[0].flags == ["manage_encryption"]
    refused = console.entries(store="decision", kind="account:role:update", outcome="deny")
    assert len(refused) == 1
    assert str(refused[0].id) in answer.content.decode()
    assert len(console.entries(kind="policy:access:denied", actor_id=world.people[who].id)) == 1


def test_a_system_role_has_no_form(console: Console):
    owner = console.rows(Role, system="owner")[0]

    assert 'name="flags"' not in console.text("ada", f"{ROLES}{owner.id}/change/")
    with unchanged(console.world):
        assert console.post("ada", f"{ROLES}{owner.id}/change/", name="Boss", flags=[]).status_code in (403, 404)


def test_a_role_is_shaped_and_given(console: Console):
    grace = console.world.people["grace"]

    console.post("ada", f"{ROLES}add/", name="Watch", flags=["view_audit"])
    watch = console.rows(Role, name="Watch")[0]
    console.post("ada", f"{ROLES}{watch.id}/do/assign_role/", user_id="grace")

    assert console.get("grace", "/console/audit/").status_code == 200
    text = console.text("ada", ROLES)
    assert "Flags by role" in text
    assert "Cascades" in text
    assert "Archive rooms, Edit rooms, Manage members" in text
    console.post("ada", f"{ROLES}{watch.id}/do/unassign_role/", user_id=str(grace.id))
    assert console.get("grace", "/console/audit/").status_code == 403


def test_a_field_that_names_nobody_says_so(console: Console):
    watch = create_role(console.world.system, name="Watch", flags=[])

    answer = console.post("ada", f"{ROLES}{watch.id}/do/assign_role/", user_id="nobody")

    assert "Nobody has this user name" in answer.content.decode()


def test_groups_are_made_and_filled(console: Console):
    console.post("ada", "/console/accounts/group/add/", name="Flight controllers", kind="public")
    group = console.rows(Group)[0]
    console.post("ada", f"/console/accounts/group/{group.id}/do/add_group_member/", user_id="eve")

    text = console.text("ada", f"/console/accounts/group/{group.id}/change/")

    assert "Flight controllers" in text
    assert "Eve" in text
    console.post("ada", f"/console/accounts/group/{group.id}/do/delete_group/")
    assert not console.rows(Group)


def test_facts_that_are_left_alone_stay_even_if_they_may_not_be_seen(console: Console):
    world = console.world
    with world.inside():
        administrator = Role.objects.get(system="administrator").id
    world.person("hedy")
    assign_role(world.system, role_id=administrator, user_id=world.people["hedy"].id)
    grace = world.people["grace"]
    form = f"{USERS}{grace.id}/do/set_facts/"

    assert "on record, hidden" in console.text("hedy", form)
    console.post("hedy", form, nationality_do="set", nationality_value="XX", program_do="remove")

    assert {fact.attribute for fact in console.rows(Fact, user=grace)} == {"clearance", "nationality"}
    assert world.says("grace", "lobby", "still here").message_id
    titan = world.rooms["titan"].id
    assert console.rows(Membership, user=grace, room_id=titan)[0].state == "suspended"
    assert "TITAN" in console.text("ada", f"{USERS}{world.people['ada'].id}/change/")


def test_values_of_facts_are_shown_to_who_may_see_them_and_to_nobody_else(console: Console):
    grace = console.world.people["grace"]
    seer = console.flagged("hedy", Flag.VIEW_FACTS)
    console.world.knows("hedy", {"clearance": "SECRET", "program": ["TITAN"]})
    keeper = console.flagged("mary", Flag.MANAGE_USERS)
    console.world.knows("mary", {"clearance": "SECRET", "program": ["TITAN"]})

    shown, hidden = (console.text(who, f"{USERS}{grace.id}/change/") for who in (seer, keeper))

    assert "SECRET</td>" in shown
    assert "TITAN</td>" in shown
    assert "SECRET</td>" not in hidden
    assert "TITAN</td>" not in hidden
    assert "Values are shown to holders" in hidden


def test_of_ranks_and_sets_an_operator_sees_what_they_hold_and_the_rest_is_withheld(console: Console):
    world, grace = console.world, console.world.people["grace"]
    seer = console.flagged("hedy", Flag.VIEW_FACTS)
    world.knows("hedy", {"clearance": "CUI", "program": ["TITAN"]})
    world.knows("grace", {"clearance": "SECRET", "program": ["APOLLO", "TITAN"], "nationality": "USA"})

    text = console.text(seer, f"{USERS}{grace.id}/change/")

    assert "TITAN, withheld</td>" in text
    assert "USA</td>" in text
    assert "SECRET</td>" not in text
    assert "APOLLO" not in text


def test_a_form_that_is_saved_leaves_what_is_withheld_as_it_was(console: Console):
    world, grace = console.world, console.world.people["grace"]
    keeper = console.flagged("hedy", Flag.VIEW_FACTS, Flag.MANAGE_USERS)
    world.knows("hedy", {"clearance": "CUI", "program": ["TITAN"]})
    world.knows("grace", {"clearance": "SECRET", "program": ["APOLLO", "TITAN"]})
    form = f"{USERS}{grace.id}/do/set_facts/"
    text = console.text(keeper, form)
    assert "TITAN, withheld" in text
    assert "APOLLO" not in text

    with unchanged(world):
        refused = console.post(keeper, form, clearance_do="set", clearance_value="CUI")
        empty = console.post(keeper, form, program_do="set", program_value=" , ")
    answer = console.post(
        keeper, form, program_do="set", program_value="ZEUS", nationality_do="set", nationality_value="XX"
    )

    assert "withheld from you" in refused.content.decode()
    assert "Give a value" in empty.content.decode()
    assert answer.status_code == 302
    console.post(keeper, form)
    world.knows("ada", {"clearance": "SECRET", "program": ["APOLLO", "TITAN", "ZEUS"]})
    kept = console.text("ada", f"{USERS}{grace.id}/change/")
    assert "SECRET</td>" in kept
    assert "APOLLO, ZEUS</td>" in kept


def test_a_room_is_archived_and_opened_again(console: Console):
    lobby = console.world.rooms["lobby"]

    console.post("ada", f"{ROOMS}{lobby.id}/do/archive_room/")
    assert console.rows(Room, id=lobby.id)[0].state == "archived"
    text = console.text("ada", f"{ROOMS}{lobby.id}/change/")

    assert "Open again" in text
    assert "/do/archive_room/" not in text
    console.post("ada", f"{ROOMS}{lobby.id}/do/unarchive_room/")
    assert len(console.entries(kind="room:room:unarchived", store="security")) == 1


def test_nobody_is_added_to_a_room_whose_requirement_they_do_not_meet(console: Console):
    titan = console.world.rooms["titan"]

    answer = console.post("ada", f"{ROOMS}{titan.id}/do/add_member/", user_id="eve", role="member")

    assert answer.status_code == 403
    assert "requirement_unmet" in answer.content.decode()
    assert not console.rows(Membership, room=titan, user=console.world.people["eve"])
    assert len(console.entries(kind="room:member:refused", store="security")) == 1


def test_changes_of_fields_are_kept_for_each_object(console: Console):
    world = console.world
    role = create_role(world.system, name="Watch", flags=[])
    console.post("ada", f"{ROLES}{role.id}/change/", name="Night watch", flags=["view_audit"])

    text = console.text("ada", f"{ROLES}{role.id}/history/")

    assert "Night watch" in text
    assert "<code>flags</code>" in text
    assert "ada" in text


def test_a_token_of_another_page_is_needed_to_change_anything(console: Console):
    console.client("ada").handler.enforce_csrf_checks = True
    eve = console.world.people["eve"]

    with unchanged(console.world):
        answer = console.post("ada", f"{USERS}{eve.id}/do/deactivate_user/")

    assert answer.status_code == 403


def test_what_is_on_screen_was_recorded(console: Console):
    before = len(console.entries(store="decision", actor_id=console.world.people["ada"].id))

    console.text("ada", USERS)

    fresh = console.entries(store="decision", actor_id=console.world.people["ada"].id)[: -before or None]
    assert {"console:console:enter", "account:user:update"} <= {entry.kind for entry in fresh}
    assert isinstance(fresh[0], AuditEvent)


def test_who_is_in_a_group_is_offered_nothing_about_it_that_would_be_refused(console: Console):
    world = console.world
    manager = console.flagged("hugo", Flag.MANAGE_USERS)
    group = create_group(world.system, name="Flight controllers")
    for who in ("eve", manager):
        add_group_member(world.system, group_id=group.id, user_id=world.people[who].id)
    page = f"/console/accounts/group/{group.id}/change/"

    inside, outside = console.text(manager, page), console.text("ada", page)

    assert "do/delete_group/" not in inside
    assert f"user_id={world.people[manager].id}" not in inside
    assert f"user_id={world.people['eve'].id}" in inside
    assert "do/delete_group/" in outside
    assert f"user_id={world.people[manager].id}" in outside


def test_nobody_is_offered_what_they_may_not_do_to_themselves(console: Console):
    manager = console.flagged("hugo", Flag.MANAGE_USERS)
    own, other = (user_of(console, who).id for who in (manager, "eve"))

    at_home, elsewhere = (
        console.text(manager, f"{USERS}{own}/change/"),
        console.text(manager, f"{USERS}{other}/change/"),
    )

    for button in ("set_facts", "add_group_member"):
        assert f"do/{button}/" not in at_home
        assert f"do/{button}/" in elsewhere


def test_nobody_is_offered_the_account_or_the_role_of_somebody_more_powerful(console: Console):
    manager = console.flagged("hugo", Flag.MANAGE_USERS, Flag.MANAGE_ROLES)
    with console.world.inside():
        owner = Role.objects.get(system="owner").id
        theirs = Role.objects.get(name=f"only {manager}").id
    ada = user_of(console, "ada").id

    page = console.text(manager, f"{USERS}{ada}/change/")
    roles = {role: console.text(manager, f"{ROLES}{role}/change/") for role in (owner, theirs)}

    for button in ("set_password", "deactivate_user"):
        assert f"do/{button}/" not in page
    assert 'name="username"' not in page
    assert f"role_id={owner}" not in page
    assert "do/assign_role/" not in roles[owner]
    assert "do/assign_role/" in roles[theirs]
