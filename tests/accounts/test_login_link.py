"""Sign-in links: one person, once, within ten minutes."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from accounts import sessions
from accounts.actions import deactivate_user, issue_login_link, use_login_link
from accounts.models import LoginLink, Session
from audit.events import Event
from tenancy.errors import Conflict, NotFound
from tenancy.scoping import within
from tests.accounts.conftest import HERE, make_world
from tests.accounts.records import entries, latest, refused


def use(world, token):
    return use_login_link(world.anonymous, token=token, circumstances=HERE)


def test_a_link_signs_its_person_in_once(olympus, ada):
    link = issue_login_link(olympus.system, user_id=ada.id)

    first, second = use(olympus, link.token), use(olympus, link.token)

    with within(olympus.id):
        assert sessions.actor_for_token(olympus.id, first.issued.token, HERE).id == ada.id
        assert first.issued.session.methods == ["link"]
        assert link.token.encode() not in bytes(LoginLink.objects.get().token_hash)
    assert (second.issued, second.refusal) == (None, "wrong")
    assert latest(olympus.id, Event.LOGIN_LINK_ISSUED).data["user_id"] == str(ada.id)
    assert latest(olympus.id, Event.LOGIN_LINK_USED).target_id == ada.id
    assert latest(olympus.id, Event.LOGIN_LINK_REFUSED).outcome == "refused"


def test_a_link_ends_after_ten_minutes(olympus, ada, clock):
    link = issue_login_link(olympus.system, user_id=ada.id)

    clock.forward(minutes=10, seconds=1)

    assert use(olympus, link.token).refusal == "wrong"


def test_a_link_of_another_workspace_is_no_link(olympus, vulcan, ada):
    link = issue_login_link(olympus.system, user_id=ada.id)

    assert use(vulcan, link.token).refusal == "wrong"
    assert use(olympus, link.token).refusal == ""


def test_who_was_deactivated_meanwhile_stays_out(olympus, grace):
    link = issue_login_link(olympus.system, user_id=grace.id)
    deactivate_user(olympus.system, user_id=grace.id)

    assert use(olympus, link.token).refusal == "wrong"
    with pytest.raises(Conflict):
        issue_login_link(olympus.system, user_id=grace.id)


def test_only_the_platform_makes_links(olympus, ada):
    with refused(olympus):
        issue_login_link(olympus.acting(ada), user_id=ada.id)

    with within(olympus.id):
        assert not LoginLink.objects.exists()


def test_there_is_no_link_for_somebody_of_another_workspace(olympus, vulcan, ada):
    with pytest.raises(NotFound):
        issue_login_link(vulcan.system, user_id=ada.id)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_at_once_one_gets_in():
    world = make_world("race")
    link = issue_login_link(world.system, user_id=world.user("ada").id)
    start, answers = threading.Barrier(4), []

    def come():
        start.wait()
        answers.append(use(world, link.token).refusal)
        connections.close_all()

    people = [threading.Thread(target=come) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(answers) == ["", "wrong", "wrong", "wrong"]
    with within(world.id):
        assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_a_link_that_works(capsys):
    world = make_world("olympus")

    call_command("login_link", "ADA", "--workspace", "olympus")

    printed = capsys.readouterr().out.strip()
    address, _, token = printed.rpartition("/login/")
    assert address.startswith("http://127.0.0.1")
    assert use(world, token).refusal == ""
    (issued,) = entries(world.id, Event.LOGIN_LINK_ISSUED)
    assert issued.actor_id.int == 0


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_is_wrong():
    with pytest.raises(CommandError, match="no workspace yet"):
        call_command("login_link", "ada")
    make_world("olympus")
    with pytest.raises(CommandError, match="no workspace nowhere"):
        call_command("login_link", "ada", "--workspace", "nowhere")
    with pytest.raises(CommandError, match="nobody of the user name eve"):
        call_command("login_link", "eve")
