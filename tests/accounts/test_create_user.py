import pytest
from django.db import connection

from accounts.actions import create_user
from accounts.models import FactSync, RoleAssignment, User, UserKind
from accounts.sealing import open_profiles
from audit.events import Event
from tenancy.errors import Conflict, Invalid
from tenancy.scoping import within
from tests.accounts.records import epoch_of, latest, refused


@pytest.mark.parametrize("name", ["\u2800", "Gr\u200bace", "\u3164", "x" * 121])
def test_a_name_that_hides_something_is_refused(olympus, ada, name):
    for names in ({"name": name}, {"name": "Grace", "title": name}):
        with pytest.raises(Invalid) as refusal:
            create_user(olympus.acting(ada), username="grace", **names)
        assert refusal.value.field in names

    with within(olympus.id):
        assert not User.objects.filter(username="grace").exists()
    assert create_user(olympus.acting(ada), username="grace", name=" ").username == "grace"


def test_a_person_is_a_member_with_a_sealed_profile_and_an_epoch(olympus, ada):
    user = create_user(olympus.acting(ada), username="Grace.H", name="Grace Hopper", title="Rear admiral")

    with within(olympus.id):
        assert user.username == "grace.h"
        assert open_profiles([user])[user.id].name == "Grace Hopper"
        assert b"Hopper" not in bytes(User.objects.get(id=user.id).profile)
        roles = RoleAssignment.objects.filter(user=user).values_list("role__system", flat=True)
        assert list(roles) == ["member"]
        assert FactSync.objects.filter(user=user, source__name="manual").exists()
    assert epoch_of(olympus, "subject", user.id) == 1
    assert latest(olympus.id, Event.USER_CREATED).data["user_id"] == str(user.id)


def test_a_placeholder_is_deactivated_and_holds_no_role(olympus):
    user = create_user(olympus.system, username="imported-7", kind=UserKind.PLACEHOLDER)

    with within(olympus.id):
        assert not user.is_active
        assert not RoleAssignment.objects.filter(user=user).exists()


def test_who_does_not_manage_users_creates_none(olympus, grace):
    with refused(olympus):
        create_user(olympus.acting(grace), username="mallory")

    with within(olympus.id):
        assert not User.objects.filter(username="mallory").exists()


def test_user_names_are_unique_whatever_their_case_but_only_within_a_workspace(olympus, vulcan, grace):
    with pytest.raises(Conflict) as taken:
        create_user(olympus.system, username="GRACE")
    other = create_user(vulcan.system, username="grace")

    assert taken.value.field == "username"
    assert other.workspace_id == vulcan.id


@pytest.mark.parametrize("username", ["", "-grace", "gra ce", "grace@home", "grâce", "g" * 65, "grace\n"])
def test_an_odd_user_name_is_refused(olympus, username):
    with pytest.raises(Invalid) as odd:
        create_user(olympus.system, username=username.replace("\n", "\x00"))

    assert odd.value.field == "username"
    assert odd.value.remedy


def test_a_weak_password_is_refused_and_nobody_is_created(olympus):
    with pytest.raises(Invalid) as weak:
        create_user(olympus.system, username="grace", password="password")

    assert weak.value.field == "password"
    with within(olympus.id):
        assert not User.objects.filter(username="grace").exists()


def test_the_database_itself_refuses_two_names_that_differ_by_case(olympus, grace):
    with within(olympus.id), connection.cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = 'accounts_user_username_once'")
        assert "lower" in cursor.fetchone()[0].lower()
