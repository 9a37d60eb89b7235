"""Explain agrees with the decision, shows values only to who may see them, and is itself on record (PO-13, R12)."""

import pytest

from accounts.models import Session
from policy.catalogue import Action, Flag
from policy.pep import preview
from policy.types import Question
from rooms.access import room_resource
from rooms.admin.explain import _as
from tests.console.conftest import Console
from tests.world import World

EXPLAIN = "/console/explain/"
ASKED = [Action.MESSAGE_READ, Action.MESSAGE_POST, Action.MEMBER_HOLD, Action.MEMBER_KEEP, Action.ROOM_ARCHIVE]
VERDICTS = {"permit": "Permitted:", "deny": "Denied:", "indeterminate": "Can&#x27;t be checked:"}


def explained(console: Console, who: str, person: str, action: Action, room: str, **more: str) -> str:
    room_id = str(console.world.rooms[room].id)
    return console.text(who, EXPLAIN, person=person, action=action.value, room=room_id, **more)


def decided(world: World, person: str, action: Action, room: str) -> str:
    with world.inside():
        actor = _as(world.actor("ada"), world.people[person].id, None)
        return preview([Question(actor, action, room_resource(world.rooms[room].id))])[0].effect.value


@pytest.mark.parametrize("person", ["ada", "grace", "eve"])
@pytest.mark.parametrize("room", ["lobby", "titan"])
def test_the_explanation_agrees_with_the_decision(console: Console, person: str, room: str):
    for action in ASKED:
        text = explained(console, "ada", person, action, room)

        assert VERDICTS[decided(console.world, person, action, room)] in text, action


def test_a_condition_that_fails_is_marked_with_source_and_remedy(console: Console):
    text = explained(console, "ada", "eve", Action.MEMBER_HOLD, "titan")

    assert "Denied: Eve may not be taken in as a member in titan" in text
    assert "<code>clearance &gt;= SECRET</code>" in text
    assert "not on record" in text
    assert "manual, " in text
    assert "Needed: Clearance is SECRET or higher" in text
    assert "You do not meet what this room requires." in text


def test_an_unknown_fact_is_no_decision_about_the_person(console: Console):
    with console.world.inside():
        from accounts.models import FactSync  # noqa: PLC0415

        FactSync.objects.filter(user=console.world.people["grace"]).delete()

    text = explained(console, "ada", "grace", Action.MEMBER_KEEP, "titan")

    assert "Can&#x27;t be checked: whether Grace may stay a member in titan" in text
    assert "the source has never told anything about this person" in text
    assert "Must be known: Clearance is SECRET or higher" in text


def test_values_are_hidden_from_who_may_not_see_facts(console: Console):
    auditor = console.flagged("hedy", Flag.VIEW_AUDIT)
    console.world.knows("grace", {"clearance": "CUI", "program": ["TITAN"]})

    text = explained(console, auditor, "grace", Action.MEMBER_KEEP, "titan")

    assert "The values themselves are hidden; which conditions they meet is shown." in text
    assert ">CUI<" not in text
    assert console.decided("account:facts:view", "permit", auditor) == 0


def test_seeing_values_takes_meeting_what_guards_the_room(console: Console):
    officer = console.flagged("hedy", Flag.MANAGE_POLICY, Flag.VIEW_FACTS)
    console.world.knows("grace", {"clearance": "CUI", "program": ["TITAN"]})
    assert ">CUI<" not in explained(console, officer, "grace", Action.MEMBER_KEEP, "titan")

    console.world.knows("hedy", {"clearance": "SECRET", "program": ["TITAN"]})

    assert ">CUI<" in explained(console, officer, "grace", Action.MEMBER_KEEP, "titan")
    assert console.decided("account:facts:view", "permit", officer) == 1


def test_the_tree_withholds_what_the_operator_does_not_hold(console: Console):
    console.world.knows("ada", {"clearance": "CUI", "program": ["TITAN"]})
    console.world.knows("grace", {"clearance": "SECRET", "program": ["APOLLO", "TITAN"]})

    console.world.room("vault", kind="public", requirement="clearance >= UNCLASSIFIED and program any_of {TITAN}")
    text = explained(console, "ada", "grace", Action.MEMBER_KEEP, "vault")

    assert ">withheld<" in text
    assert ">TITAN, withheld<" in text
    assert 'class="val">SECRET<' not in text
    assert "APOLLO" not in text


def test_the_look_itself_is_on_record(console: Console):
    explained(console, "ada", "eve", Action.MESSAGE_READ, "titan")

    looks = console.entries(store="decision", kind="policy:access:explain", target_type="user")
    assert [entry.target_id for entry in looks] == [console.world.people["eve"].id]


def test_a_refused_decision_leads_to_its_explanation(console: Console):
    console.get("eve", "/console/keys/")
    world = console.world
    refused = console.entries(store="decision", outcome="deny", actor_id=world.people["eve"].id)[0]

    listing = console.text("ada", "/console/decisions/", effect="deny")
    text = console.text(
        "ada", EXPLAIN, person=str(world.people["eve"].id), action=refused.kind, decision=str(refused.id)
    )

    assert f"decision={refused.id}" in listing
    assert "As it was decided" in text
    assert str(refused.id) in text
    assert "Denied: Eve may not enter the console" in text


def test_circumstances_are_those_of_the_chosen_session(console: Console):
    world = console.world
    session = console.rows(Session, user=world.people["grace"])[0]

    with_it = explained(console, "ada", "grace", Action.MESSAGE_READ, "titan", session=str(session.id))
    without = explained(console, "ada", "grace", Action.MESSAGE_READ, "titan")

    assert "Asked without a session" not in with_it
    assert "Asked without a session" in without


def test_a_person_that_is_not_here_is_told_on_the_field(console: Console):
    text = console.text("ada", EXPLAIN, person="nobody", action="room:message:read")

    assert "Nobody has this user name" in text
