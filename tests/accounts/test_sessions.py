"""What a session is worth, and when it is worth nothing (ID-9)."""

from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import sessions, tokens
from accounts.access import sessions_of
from accounts.actions import end_session, revoke_session, step_up, sweep_sessions
from accounts.models import Device, Session
from accounts.sealing import open_origins
from audit.events import Event
from policy.pep import reading
from policy.signals import access_changed
from tenancy.errors import NotFound, NotSignedIn
from tenancy.models import Workspace
from tenancy.scoping import within
from tests.accounts.conftest import HERE, PASSWORD
from tests.accounts.records import entries, epoch_of, latest, refused
from tests.statements import sent


def alive(world, token):
    with within(world.id):
        return sessions.find(world.id, token) is not None


def limits(world, **minutes_and_hours):
    with within(world.id):
        Workspace.objects.filter(id=world.id).update(**minutes_and_hours)


def test_a_token_is_kept_as_a_hash_and_where_it_came_from_is_sealed(olympus, grace):
    actor, token = olympus.signed_in(grace)

    with within(olympus.id):
        row = Session.objects.get(id=actor.environment.session_id)
        assert bytes(row.token_hash) == tokens.hashed(token)
        assert HERE.address.encode() not in bytes(row.origin)
        assert open_origins([row])[row.id].address == HERE.address
    assert epoch_of(olympus, "session", row.id) == 1


@pytest.mark.parametrize("token", ["", "crd_", "x" * 53, "crd_" + "A" * 49])
def test_a_text_that_is_no_token_asks_the_database_nothing(olympus, token, django_assert_num_queries):
    with within(olympus.id), django_assert_num_queries(0):
        assert sessions.find(olympus.id, token) is None


def test_a_well_formed_token_that_nobody_was_given_is_nobodys(olympus):
    assert tokens.well_formed(tokens.new_token())
    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.actor_for_token(olympus.id, tokens.new_token(), HERE)


def test_a_token_of_one_workspace_is_worth_nothing_in_another(olympus, vulcan, grace):
    _, token = olympus.signed_in(grace)

    assert alive(olympus, token)
    assert not alive(vulcan, token)


def use(world, token) -> None:
    with within(world.id):
        sessions.note_use(sessions.find(world.id, token))


def last_used(actor):
    with within(actor.workspace_id):
        return Session.objects.get(id=actor.environment.session_id).last_used_at


def test_a_session_that_rests_too_long_is_over(olympus, grace, clock):
    limits(olympus, session_idle_minutes=10)
    _, token = olympus.signed_in(grace)

    clock.forward(minutes=9, seconds=50)
    assert alive(olympus, token)
    clock.forward(minutes=1)
    assert not alive(olympus, token)


def test_use_keeps_a_session_awake_but_not_beyond_its_last_hour(olympus, grace, clock):
    limits(olympus, session_idle_minutes=10, session_max_hours=1)
    _, token = olympus.signed_in(grace)

    for _ in range(11):
        clock.forward(minutes=5)
        use(olympus, token)
    clock.forward(minutes=6)

    assert not alive(olympus, token)


def test_use_is_noted_once_a_minute(olympus, grace, clock):
    actor, token = olympus.signed_in(grace)

    first = last_used(actor)
    clock.forward(seconds=30)
    use(olympus, token)
    assert last_used(actor) == first
    clock.forward(seconds=31)
    use(olympus, token)
    assert last_used(actor) > first


def test_to_be_known_again_is_no_use(olympus, grace, clock):
    actor, token = olympus.signed_in(grace)
    first = last_used(actor)

    clock.forward(minutes=5)
    with within(olympus.id):
        sessions.actor_for_token(olympus.id, token, HERE)
        sessions.refresh(actor)

    assert last_used(actor) == first


def test_a_revoked_session_is_refused_at_the_next_use_of_socket_and_token(olympus, grace):
    actor, token = olympus.signed_in(grace)
    heard = []
    listener = lambda **news: heard.append((news["kind"], news["keys"]))  # noqa: E731
    access_changed.connect(listener)

    revoke_session(actor, session_id=actor.environment.session_id)

    access_changed.disconnect(listener)
    assert not alive(olympus, token)
    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.refresh(actor)
    assert heard == [("session", [actor.environment.session_id])]
    assert epoch_of(olympus, "session", actor.environment.session_id) == 2
    assert latest(olympus.id, Event.SESSION_REVOKED).data["user_id"] == str(grace.id)


def test_an_action_in_a_dead_session_is_refused(olympus, grace):
    actor, _ = olympus.signed_in(grace)
    end_session(actor)

    with refused(olympus, "session_ended"):
        end_session(actor)


def test_signing_out_ends_only_this_session(olympus, grace):
    here, here_token = olympus.signed_in(grace)
    _, there_token = olympus.signed_in(grace)

    end_session(here)

    assert not alive(olympus, here_token)
    assert alive(olympus, there_token)
    assert latest(olympus.id, Event.LOGGED_OUT).target_id == here.environment.session_id


def test_nobody_ends_a_session_of_somebody_else_but_who_manages_users(olympus, grace):
    actor, token = olympus.signed_in(grace)
    eve, boss = olympus.person("eve"), olympus.person("boss", "administrator")

    with refused(olympus):
        revoke_session(olympus.acting(eve), session_id=actor.environment.session_id)
    assert alive(olympus, token)

    revoke_session(olympus.acting(boss), session_id=actor.environment.session_id)
    assert not alive(olympus, token)


def test_a_session_of_another_workspace_does_not_exist(olympus, vulcan, grace):
    actor, token = olympus.signed_in(grace)
    there = vulcan.person("boss", "owner")

    with pytest.raises(NotFound):
        revoke_session(vulcan.acting(there), session_id=actor.environment.session_id)

    assert alive(olympus, token)


def test_people_see_their_own_sessions_and_managers_see_all(olympus, grace):
    here, _ = olympus.signed_in(grace)
    olympus.signed_in(grace, "link")
    eve, boss = olympus.person("eve"), olympus.person("boss", "administrator")

    with reading(here):
        mine = sessions_of(here, grace.id)
    with reading(olympus.acting(boss)):
        seen = sessions_of(olympus.acting(boss), grace.id)
    with refused(olympus), reading(olympus.acting(eve)):
        sessions_of(olympus.acting(eve), grace.id)

    assert {one.methods for one in mine} == {("password",), ("link",)}
    assert {one.address for one in mine} == {HERE.address}
    assert seen == mine


def test_confirming_gives_a_new_token_and_voids_the_old_one(olympus, grace):
    actor, old = olympus.signed_in(grace)

    answer = step_up(actor, password=PASSWORD)

    assert not alive(olympus, old)
    with within(olympus.id):
        fresh = sessions.actor_for_token(olympus.id, answer.issued.token, HERE)
        assert sessions.refresh(actor).environment.step_up_at == fresh.environment.step_up_at is not None
    assert fresh.environment.session_id == actor.environment.session_id
    assert epoch_of(olympus, "session", actor.environment.session_id) == 2
    assert latest(olympus.id, Event.STEP_UP_SUCCEEDED).data == {"method": "password", "strength": 1}


def test_a_wrong_confirmation_changes_nothing_and_counts_towards_the_lock(olympus, grace):
    actor, token = olympus.signed_in(grace)

    answers = [step_up(actor, password="wrong").refusal for _ in range(5)]

    assert answers == ["wrong"] * 5
    assert step_up(actor, password=PASSWORD).refusal == "locked"
    assert alive(olympus, token)
    with within(olympus.id):
        assert Session.objects.get(id=actor.environment.session_id).step_up_at is None
    assert latest(olympus.id, Event.STEP_UP_FAILED).outcome == "refused"
    assert len(entries(olympus.id, Event.LOCKOUT_STARTED)) == 1


def test_sessions_that_ran_out_are_swept_and_recorded_once(olympus, grace, clock):
    limits(olympus, session_idle_minutes=10, session_max_hours=1)
    idle, _ = olympus.signed_in(grace)
    clock.forward(minutes=55)
    awake, _ = olympus.signed_in(grace)
    clock.forward(minutes=6)

    assert sweep_sessions(olympus.system) == 1
    assert sweep_sessions(olympus.system) == 0

    (swept,) = entries(olympus.id, Event.SESSION_EXPIRED)
    assert swept.target_id == idle.environment.session_id
    assert swept.data["cause"] == "expired"
    with within(olympus.id):
        assert Session.objects.get(id=awake.environment.session_id).revoked_at is None


def test_nobody_but_the_platform_sweeps(olympus, ada):
    with refused(olympus):
        sweep_sessions(olympus.acting(ada))


def test_refreshing_many_actors_is_one_query(olympus, grace):
    actors = [olympus.signed_in(grace)[0] for _ in range(5)]
    job = olympus.acting(grace)

    with within(olympus.id), sent() as queries:
        assert sessions.refresh_many([*actors, job]) == [*actors, job]

    assert len(queries) == 1


def test_a_session_is_judged_by_what_stands_in_its_row_and_those_around_it(olympus, grace):
    known = olympus.signed_in(grace)[0].environment.session_id
    with within(olympus.id):
        device = Device.objects.create(
            workspace_id=olympus.id, user=grace, token_hash=b"d" * 32, compliant=True, posture_at=timezone.now()
        )
        Session.objects.filter(id=known).update(device=device, step_up_at=timezone.now(), end_reason="told")
    bare = olympus.signed_in(grace)[0].environment.session_id

    with within(olympus.id):
        found = sessions.by_ids([known, bare])
        rows = {row.id: row for row in Session.objects.select_related("user", "workspace", "device")}

        for one in (known, bare):
            for names, judged, row in (
                (sessions._OF_SESSION, found[one], rows[one]),
                (sessions._OF_USER, found[one].user, rows[one].user),
                (sessions._OF_WORKSPACE, found[one].workspace, rows[one].workspace),
                (sessions._OF_DEVICE if one == known else (), found[one].device, rows[one].device),
            ):
                assert [getattr(judged, name) for name in names] == [getattr(row, name) for name in names]
    assert found[bare].device is None
    assert "token_hash" in found[known].get_deferred_fields()


def test_one_dead_session_fails_the_batch(olympus, grace):
    first, second = olympus.signed_in(grace)[0], olympus.signed_in(grace)[0]
    end_session(second)

    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.refresh_many([first, second])


def test_a_made_up_session_is_no_session(olympus, grace):
    actor, _ = olympus.signed_in(grace)
    forged = replace(actor, environment=replace(actor.environment, session_id=olympus.id))

    with within(olympus.id), pytest.raises(NotSignedIn):
        sessions.refresh(forged)


def test_a_session_serves_only_its_own_user(olympus, grace):
    eve = olympus.person("eve")
    hers, _ = olympus.signed_in(grace)
    stolen = replace(olympus.acting(eve), environment=hers.environment)

    with refused(olympus, "session_ended"):
        end_session(stolen)
