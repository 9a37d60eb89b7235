"""Units and scopes: the outermost bracket of a door, and the workspace that it is for."""

import pytest
from django.db import connection, transaction

from audit.events import Event
from audit.log import NoLedger, record
from policy import pep
from policy.catalogue import Action
from policy.pep import Ungoverned
from policy.types import AccessDenied, Question, Resource
from rooms.access import room_resource, visible_rooms
from rooms.models import Room
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import current_workspace_id, within
from tests.asserts import decided, recorded


def setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(current_setting('app.workspace', true), '')")
        return cursor.fetchone()[0]


def test_a_unit_inside_a_unit_is_the_same_unit(olympus):
    grace = olympus.actor("grace")

    with pep.unit(olympus.id):
        with pep.unit(olympus.id), pytest.raises(AccessDenied), pep.reading(grace):
            pep.enforce(grace, Action.AUDIT_VIEW, Resource("log"))
        assert decided(olympus, Action.AUDIT_VIEW) == []

    assert len(decided(olympus, Action.AUDIT_VIEW)) == 1


def test_a_unit_of_another_workspace_cannot_be_opened_inside(olympus, pluto):
    with pep.unit(olympus.id), pytest.raises(OutsideWorkspace), pep.unit(pluto.id):
        pytest.fail("a second workspace was opened")


def test_a_scope_of_another_workspace_cannot_be_opened_inside(olympus, pluto):
    with within(olympus.id), pytest.raises(OutsideWorkspace), within(pluto.id):
        pytest.fail("a second workspace was opened")


def test_an_action_of_another_workspace_is_refused_inside_a_scope(olympus, pluto):
    with within(olympus.id), pytest.raises(OutsideWorkspace):
        pluto.says("ada", "lobby", "Hello?")

    assert current_workspace_id() is None


def test_a_scope_inside_its_own_scope_leaves_the_setting_as_it_was(olympus):
    with within(olympus.id):
        held = setting()
        with within(olympus.id):
            assert setting() == held
        assert setting() == held


def test_the_setting_ends_with_the_scope(olympus):
    with within(olympus.id):
        assert setting().startswith(str(olympus.id))

    assert setting() == ""
    assert current_workspace_id() is None


def test_the_setting_does_not_outlive_an_error(olympus):
    with pytest.raises(ZeroDivisionError), within(olympus.id):
        raise ZeroDivisionError

    assert setting() == ""
    with pytest.raises(OutsideWorkspace):
        Room.objects.count()


def test_the_setting_ends_inside_the_transaction_of_somebody_else(olympus):
    with transaction.atomic():
        with within(olympus.id):
            assert Room.objects.count() == 2
        assert setting() == ""


def test_nothing_is_decided_outside_an_action_or_a_reading_scope(olympus):
    grace = olympus.actor("grace")

    with pytest.raises(Ungoverned):
        pep.decide(grace, Action.WORKSPACE_VIEW, Resource("workspace", olympus.id))
    with pep.unit(olympus.id), pytest.raises(Ungoverned):
        pep.decide(grace, Action.WORKSPACE_VIEW, Resource("workspace", olympus.id))


def test_nothing_is_recorded_outside_an_action(olympus):
    with pytest.raises(NoLedger):
        record(Event.CONSOLE_PAGE_OPENED, olympus.actor("grace"), page="home")


def test_what_a_reader_is_permitted_is_on_record_when_the_scope_closes(olympus):
    grace = olympus.actor("grace")

    with pep.reading(grace):
        assert len(visible_rooms(grace)) == 2
        assert decided(olympus, Action.MESSAGE_READ) == []

    assert [one.outcome for one in decided(olympus, Action.MESSAGE_READ)] == ["permit", "permit"]


def test_a_reader_who_is_refused_leaves_the_refusal_and_no_permit(olympus):
    def read(username, *rooms):
        with pep.reading(olympus.actor(username)):
            for room in rooms:
                pep.enforce(olympus.actor(username), Action.MESSAGE_READ, room_resource(olympus.rooms[room].id))

    with pytest.raises(AccessDenied):
        read("eve", "lobby", "titan")

    assert [one.outcome for one in decided(olympus, Action.MESSAGE_READ)] == ["deny"]


def test_what_is_only_shown_is_not_on_record(olympus):
    eve = olympus.actor("eve")
    before = len(recorded(olympus))

    with olympus.inside():
        assert not pep.permitted(eve, Action.MESSAGE_READ, room_resource(olympus.rooms["titan"].id))

    assert len(recorded(olympus)) == before


def test_a_batch_is_answered_in_its_own_order(olympus):
    grace, eve = olympus.actor("grace"), olympus.actor("eve")
    titan, lobby = (room_resource(olympus.rooms[name].id) for name in ("titan", "lobby"))
    asked = [
        Question(grace, Action.MESSAGE_READ, titan),
        Question(eve, Action.MESSAGE_READ, titan),
        Question(eve, Action.MESSAGE_READ, lobby),
        Question(grace, Action.ROOM_ARCHIVE, titan),
    ]

    with pep.reading(grace):
        answers = pep.decide_many(asked)

    assert [answer.question for answer in answers] == asked
    assert [answer.effect for answer in answers] == ["permit", "deny", "permit", "deny"]


@pytest.mark.django_db(transaction=True)
def test_a_job_of_the_platform_opens_its_unit_outside_every_transaction():
    from tests.world import furnish  # noqa: PLC0415 - this test alone commits

    olympus = furnish("olympus")

    with transaction.atomic(), pytest.raises(Ungoverned), pep.as_system(olympus.id, cause="test"):
        pytest.fail("the unit was opened")
    with pep.as_system(olympus.id, cause="test") as actor:
        assert actor.workspace_id == olympus.id
