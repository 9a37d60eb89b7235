import pytest

from accounts import sessions
from accounts.access import own_profile
from accounts.actions import (
    create_role,
    deactivate_user,
    reactivate_user,
    set_password,
    step_up,
    update_profile,
    update_user,
)
from accounts.models import User, UserKind
from accounts.passwords import verified
from audit.events import Event
from policy.pep import reading
from policy.signals import access_changed
from tenancy.errors import Conflict, Invalid, NotFound, NotSignedIn
from tenancy.scoping import within
from tests.accounts.conftest import HERE, PASSWORD
from tests.accounts.records import entries, epoch_of, latest, refused

NEW = "a longer sentence than before"


def test_an_administrator_corrects_a_name(olympus, grace):
    boss = olympus.person("boss", "administrator")

    update_user(olympus.acting(boss), user_id=grace.id, name="Grace H.", username="ghopper")

    with within(olympus.id):
        assert User.objects.get(id=grace.id).username == "ghopper"
    assert latest(olympus.id, Event.USER_CHANGED).data["changed"] == ["username", "name"]


def test_nothing_is_recorded_where_nothing_changed(olympus, grace):
    before = len(entries(olympus.id, Event.USER_CHANGED))

    update_user(olympus.system, user_id=grace.id, name="Grace")

    assert len(entries(olympus.id, Event.USER_CHANGED)) == before


def test_a_member_changes_no_other_account(olympus, grace):
    eve = olympus.person("eve")

    with refused(olympus):
        update_user(olympus.acting(eve), user_id=grace.id, name="Eve")

    with within(olympus.id):
        assert User.objects.get(id=grace.id).profile_revision == 1


def test_an_administrator_does_not_touch_an_owner(olympus, ada):
    boss = olympus.person("boss", "administrator")

    for change in (
        lambda: set_password(olympus.acting(boss), user_id=ada.id, password=NEW),
        lambda: deactivate_user(olympus.acting(boss), user_id=ada.id),
        lambda: update_user(olympus.acting(boss), user_id=ada.id, username="not-ada"),
    ):
        with refused(olympus, "beyond_own_powers"):
            change()

    with within(olympus.id):
        kept = User.objects.get(id=ada.id)
        assert (kept.is_active, kept.username, kept.has_usable_password()) == (True, "ada", False)


def test_people_change_their_own_profile_and_settings(olympus, grace):
    actor, _ = olympus.signed_in(grace)

    update_profile(actor, name="Amazing Grace", settings={"theme": "dark", "enter_sends": False})

    with reading(actor):
        profile = own_profile(actor)
    assert (profile.name, profile.settings) == ("Amazing Grace", {"theme": "dark", "enter_sends": False})
    assert latest(olympus.id, Event.USER_CHANGED).data["changed"] == ["name", "settings"]


@pytest.mark.parametrize(
    "settings", [{"theme": "neon"}, {"colour": "red"}, {"theme": ["dark"]}, {"enter_sends": "yes"}]
)
def test_a_setting_that_does_not_exist_is_refused(olympus, grace, settings):
    actor, _ = olympus.signed_in(grace)

    with pytest.raises(Invalid) as refusal:
        update_profile(actor, settings=settings)

    assert refusal.value.field.startswith("settings.")


def test_a_deactivated_person_is_out_at_once(olympus, grace):
    actor, token = olympus.signed_in(grace)
    before = epoch_of(olympus, "subject", grace.id)
    heard = []
    listener = lambda **news: heard.append((news["kind"], news["keys"], news["reason"]))  # noqa: E731
    access_changed.connect(listener)

    deactivate_user(olympus.system, user_id=grace.id)

    access_changed.disconnect(listener)
    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.actor_for_token(olympus.id, token, HERE)
    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.refresh(actor)
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    assert ("subject", [grace.id], "user_deactivated") in heard
    assert ("session", [actor.environment.session_id], "session_deactivated") in heard
    assert latest(olympus.id, Event.USER_DEACTIVATED).target_id == grace.id
    assert latest(olympus.id, Event.SESSION_REVOKED).data["cause"] == "deactivated"


def test_a_reactivated_person_needs_to_sign_in_again(olympus, grace):
    _, token = olympus.signed_in(grace)
    deactivate_user(olympus.system, user_id=grace.id)

    reactivate_user(olympus.system, user_id=grace.id)

    with within(olympus.id):
        assert User.objects.get(id=grace.id).is_active
        assert sessions.find(olympus.id, token) is None


def test_a_placeholder_cannot_be_brought_to_life(olympus):
    ghost = olympus.person("ghost", password=None)
    with within(olympus.id):
        User.objects.filter(id=ghost.id).update(kind=UserKind.PLACEHOLDER, state="deactivated")

    with pytest.raises(Conflict):
        reactivate_user(olympus.system, user_id=ghost.id)
    with pytest.raises(Conflict):
        set_password(olympus.system, user_id=ghost.id, password=NEW)


def test_the_last_owner_stays(olympus, ada):
    with pytest.raises(Conflict) as last:
        deactivate_user(olympus.system, user_id=ada.id)

    assert "owner" in last.value.message
    with within(olympus.id):
        assert User.objects.get(id=ada.id).is_active


def test_an_owner_goes_where_another_one_stays(olympus, ada):
    olympus.person("lovelace", "owner")

    deactivate_user(olympus.system, user_id=ada.id)

    with within(olympus.id):
        assert not User.objects.get(id=ada.id).is_active


def test_a_deactivated_owner_does_not_count(olympus, ada):
    other = olympus.person("lovelace", "owner")
    deactivate_user(olympus.system, user_id=other.id)

    with pytest.raises(Conflict):
        deactivate_user(olympus.system, user_id=ada.id)


def test_a_new_password_ends_every_other_session(olympus, grace):
    here, here_token = olympus.signed_in(grace)
    _, there_token = olympus.signed_in(grace)

    set_password(here, user_id=grace.id, password=NEW)

    with within(olympus.id):
        assert verified(User.objects.get(id=grace.id), NEW)
        assert sessions.find(olympus.id, here_token) is not None
        assert sessions.find(olympus.id, there_token) is None
    assert latest(olympus.id, Event.PASSWORD_CHANGED).data == {"user_id": str(grace.id)}


def test_ones_own_password_needs_a_fresh_proof(olympus, grace, clock):
    actor, _ = olympus.signed_in(grace)
    clock.forward(seconds=301)

    with refused(olympus, "step_up_required"):
        set_password(actor, user_id=grace.id, password=NEW)
    step_up(actor, password=PASSWORD)
    set_password(actor, user_id=grace.id, password=NEW)

    with within(olympus.id):
        assert verified(User.objects.get(id=grace.id), NEW)


def test_nobody_acts_on_people_of_another_workspace(olympus, vulcan, grace):
    there = vulcan.person("boss", "owner")

    for change in (update_user, deactivate_user, reactivate_user):
        with pytest.raises(NotFound):
            change(vulcan.acting(there), user_id=grace.id)

    with within(olympus.id):
        assert User.objects.get(id=grace.id).is_active


def test_powers_are_those_of_all_roles_together(olympus):
    both = olympus.person("both", "auditor")
    create_role(olympus.system, name="Door keepers", flags=["manage_users"])

    with refused(olympus):
        update_user(olympus.acting(both), user_id=both.id, name="Both")
