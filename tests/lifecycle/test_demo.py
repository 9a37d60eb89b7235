"""The demo is a believable week, made by the product's own actions, loaded once and left alone."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.access import all_cards
from accounts.models import Device, Fact, User
from audit.events import Event
from audit.models import AuditEvent
from lifecycle.demo import SIGN_IN_AS, SLUG, people, policy, script
from lifecycle.demo.rooms import PLANS
from lifecycle.demo.staff import assemble, know
from policy import pep
from policy.models import PolicySet
from rooms import delivery, frames, reads, roomlist
from rooms.access import visible_rooms
from rooms.delivery import Sighting
from rooms.models import Membership, Message, Reaction, Room, RoomKind
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.scoping import within, workspace_for_slug
from tests.accounts.records import entries


def demo():
    printed = io.StringIO()
    call_command("demo", stdout=printed)
    return printed.getvalue()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.story)
def test_a_story_is_told_by_people_who_are_in_its_room(plan):
    lines = script.read(plan.story)

    assert lines
    assert {line.author for line in lines} <= set(plan.people)
    assert {username for line in lines for _emoji, username in line.reactions} <= set(plan.people)
    assert all(line.answers is None or line.answers.author for line in lines)


def test_a_story_that_is_not_written_as_it_should_be_is_refused_with_its_line(monkeypatch, tmp_path):
    (tmp_path / "odd.txt").write_text("day 1\n08:00 ada: Fine.\nwhat is this\n")
    monkeypatch.setattr(script, "STORIES", tmp_path)

    with pytest.raises(script.StoryError, match=r"odd.txt:3: what is this"):
        script.read("odd")


def test_times_of_day_in_a_text_move_with_the_story():
    begins = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)

    told = script.on_the_wall("AOS 08:27 at 8:30, lift-off at 16:38:02, ratio 1:25, until 23:00.", begins)

    assert told == "AOS 17:57 at 8:30, lift-off at 02:08:02, ratio 1:25, until 08:30."


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_demo_is_all_that_it_should_be():
    assert demo() == "Northgate JTF is ready.\n"

    workspace_id = workspace_for_slug(SLUG)
    with within(workspace_id):
        _assert_people()
        _assert_policy()
        _assert_rooms()
        _assert_messages()
    _assert_record(workspace_id)
    for username in SIGN_IN_AS:
        _assert_worth_a_look(workspace_id, username)
    _assert_withheld(workspace_id)
    _assert_revoked(workspace_id)
    _assert_no_room_without_a_clearance(workspace_id, "ines", RoomKind.GROUP)
    _assert_no_room_without_a_clearance(workspace_id, "priya", RoomKind.DIRECT)

    with within(workspace_id):
        before = AuditEvent.objects.count(), Message.objects.count()
    assert demo() == "Northgate JTF is here already.\n"
    with within(workspace_id):
        assert (AuditEvent.objects.count(), Message.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_a_demo_that_was_stopped_is_completed(monkeypatch):
    from lifecycle.demo import loader  # noqa: PLC0415

    with monkeypatch.context() as broken:
        broken.setattr(loader, "_talk", lambda _staff: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            demo()

    assert demo() == "Northgate JTF is ready.\n"

    with within(workspace_for_slug(SLUG)):
        assert Room.objects.count() == len(PLANS)


def _assert_people():
    cards = all_cards().values()
    assert len(cards) == 8
    assert {card.name for card in cards} == {person.name for person in people.EVERYBODY}
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert Counter(Device.objects.values_list("compliant", flat=True)) == {True: 6, False: 1, None: 1}
    assert Fact.objects.filter(attribute="clearance").count() == 8


def _assert_policy():
    active = PolicySet.objects.get(state="active")
    names = {active.author_id: "author", active.approver_id: "approver"}
    assert len(names) == 2
    assert {rule["effect"] for rule in active.document["rules"]} == {"deny", "permit", "redact"}
    assert any(rule["mode"] == "log_only" for rule in active.document["rules"])
    assert len(active.test_cases) == len(policy.TEST_CASES)


def _assert_rooms():
    assert Counter(Room.objects.values_list("kind", flat=True)) == {
        RoomKind.PRIVATE: 5, RoomKind.PUBLIC: 3, RoomKind.GROUP: 1, RoomKind.DIRECT: 3
    }  # fmt: skip
    assert Room.objects.exclude(requirement="").count() == 3
    assert Room.objects.filter(named_requirements__len__gt=0).count() == 3
    for room in Room.objects.all():
        rows = list(Message.objects.filter(room=room).order_by("seq").values_list("at", flat=True))
        assert rows == sorted(rows)


def _assert_messages():
    now = timezone.now()
    assert Message.objects.count() > 300
    assert Message.objects.filter(at__gt=now).count() == 0
    assert Message.objects.filter(at__lt=now - timedelta(days=5)).exists()
    assert Message.objects.filter(at__gt=now - timedelta(minutes=30)).exists()
    assert Message.objects.exclude(thread=None).count() > 50
    assert Message.objects.exclude(mentions=[]).count() > 5
    assert Message.objects.exclude(edited_at=None).count() == 1
    assert Message.objects.exclude(deleted_at=None).count() == 1
    assert Reaction.objects.count() > 150


def _assert_record(workspace_id):
    """Everything was done by somebody, and what was brought in says that it was."""
    (approved,) = entries(workspace_id, Event.POLICY_APPROVED)
    (drafted,) = entries(workspace_id, Event.POLICY_DRAFTED)
    assert approved.actor_id != drafted.actor_id
    imported = entries(workspace_id, Event.MESSAGES_IMPORTED)
    with within(workspace_id):
        lived = AuditEvent.objects.filter(kind=Event.MESSAGE_POSTED, store="compliance").count()
        assert sum(entry.data["counts"]["messages"] for entry in imported) + lived == Message.objects.count()


def _actor(workspace_id, username):
    with within(workspace_id):
        user = User.objects.get(username=username)
    return Actor(workspace_id, Subject(user.id, SubjectKind.USER), Environment())


def _rooms(actor):
    with pep.unit(actor.workspace_id), pep.reading(actor):
        held = visible_rooms(actor)
        decisions = {membership.room_id: decision for membership, decision in held}
        views = roomlist.room_views(actor, [membership for membership, _decision in held], decisions)
    return {view["name"] or tuple(sorted(map(str, view["people"]))): view for view in views}


def _assert_worth_a_look(workspace_id, username):
    actor = _actor(workspace_id, username)
    rooms = _rooms(actor)
    assert len(rooms) >= 4
    verdicts = delivery.judge([Sighting(actor, room["id"], room["marking"]) for room in rooms.values()])
    assert not any(verdict.ended for verdict in verdicts.values())
    if username == "maya":
        telemetry = rooms["apollo-telemetry"]
        assert telemetry["favourite"]
        assert (telemetry["unread"], telemetry["mentions"]) == (3, 2)
        assert rooms["launch-weather"]["muted"]
        assert sum(room["unread"] for room in rooms.values()) < 20
    if username == "amara":
        assert rooms["titan-payload"]["access"]["state"] == "step_up"


def _assert_withheld(workspace_id):
    """What is above her clearance, and personnel details, Maya does not see; Amara does."""
    for username, expected in (("maya", {"full", "withheld"}), ("amara", {"full"})):
        actor = _actor(workspace_id, username)
        rooms = _rooms(actor)
        for name in ("apollo-telemetry", "launch-readiness"):
            frame = frames.OpenRoom(id="1", room=rooms[name]["id"], limit=100)
            with pep.unit(workspace_id), pep.reading(actor):
                page = reads.open_room(actor, frame)
            assert {message.view for message in page["messages"]} == expected


def _assert_revoked(workspace_id):
    """Tomás is out of what APOLLO guards, and still in what is open to him."""
    (suspended,) = entries(workspace_id, Event.MEMBER_SUSPENDED)
    with within(workspace_id):
        tomas = User.objects.get(username=people.MOVED_ON)
        held = dict(Membership.objects.filter(user=tomas).values_list("room_id", "state"))
    assert suspended.data["user_id"] == str(tomas.id)
    assert Counter(held.values()) == {"active": 4, "suspended": 1}
    assert "apollo-telemetry" not in {
        name
        for name, view in _rooms(_actor(workspace_id, people.MOVED_ON)).items()
        if view["access"]["state"] == "permitted"
    }


def _assert_no_room_without_a_clearance(workspace_id, username, kind):
    """Whose clearance alone is taken off the record is out of every room: public, private and one of this kind."""
    with within(workspace_id):
        staff = assemble(workspace_id)
        held = Membership.objects.filter(user_id=staff.ids[username])
        kinds = set(held.values_list("room__kind", flat=True))
        assert set(held.values_list("state", flat=True)) == {"active"}
    person = next(one for one in people.STAFF if one.username == username)

    with pep.unit(workspace_id), within(workspace_id):
        know(staff, staff.officer, username, {name: fact for name, fact in person.facts.items() if name != "clearance"})

    with within(workspace_id):
        assert kinds == {RoomKind.PUBLIC, RoomKind.PRIVATE, kind}
        assert set(held.values_list("state", flat=True)) == {"suspended"}
    assert not [
        view for view in _rooms(_actor(workspace_id, username)).values() if view["access"]["state"] == "permitted"
    ]
