"""What the kernel is told of many subjects at once, and at what cost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actions import (
    Assertion,
    add_group_member,
    create_group,
    deactivate_user,
    register_device,
    set_facts,
    step_up,
    update_device_posture,
)
from accounts.attributes import DirectorySource
from accounts.models import Fact, FactSource, Session
from audit.events import Event
from keys import envelope
from lifecycle.defaults import POSTURE_FRESH_MINUTES
from policy.catalogue import Flag
from policy.language.values import Unknown
from tenancy.actor import new_id
from tenancy.errors import NotFound
from tenancy.scoping import within
from tests.accounts.conftest import PASSWORD
from tests.accounts.records import epoch_of, latest, refused
from tests.statements import sent


def told(world, *actors):
    with within(world.id):
        answer = DirectorySource().subjects(actors)
    return [answer[actor.key] for actor in actors]


def with_device(world, user):
    actor, _ = world.signed_in(user)
    device = register_device(actor, name="Console 7").device
    with within(world.id):
        Session.objects.filter(id=actor.environment.session_id).update(device=device)
    return actor, device


def test_the_platform_and_a_visitor_need_no_account(olympus):
    system, visitor = told(olympus, olympus.system, olympus.anonymous)

    assert (system.active, visitor.active) == (True, True)
    assert system.flags == visitor.flags == frozenset()


def test_somebody_unknown_or_deactivated_is_not_active(olympus, vulcan, grace):
    deactivate_user(olympus.system, user_id=grace.id)
    foreign = olympus.acting(vulcan.person("hopper"))

    gone, stranger = told(olympus, olympus.acting(grace), foreign)

    assert (gone.active, stranger.active) == (False, False)
    assert stranger.flags == frozenset()


def test_circumstances_are_those_of_the_session_as_it_is_now(olympus, grace, clock):
    actor, _ = olympus.signed_in(grace)
    (before,) = told(olympus, actor)

    step_up(actor, password=PASSWORD)
    clock.forward(seconds=42)
    (after,) = told(olympus, actor)

    assert "step_up_age" not in before.environment
    assert after.environment["step_up_age"] in (42, 43)
    assert after.environment["mfa_methods"] == ["password"]
    assert (after.environment["address"], after.environment["network"]) == ("10.1.2.3", "private")
    assert (before.session_live, after.session_live) == (True, True)
    assert "device_id" not in after.environment


def test_the_posture_of_a_device_is_unknown_until_told_and_again_when_it_is_old(olympus, grace, clock):
    actor, device = with_device(olympus, grace)
    (silent,) = told(olympus, actor)

    update_device_posture(olympus.system, device_id=device.id, compliant=True)
    (good,) = told(olympus, actor)
    clock.forward(minutes=POSTURE_FRESH_MINUTES + 1)
    with within(olympus.id):
        Session.objects.update(last_used_at=good.environment["time"] + timedelta(days=1))
    (old,) = told(olympus, actor)

    assert silent.environment["device_compliant"] is Unknown.NEVER_SYNCED
    assert good.environment["device_compliant"] is True
    assert good.environment["device_id"] == str(device.id)
    assert old.environment["device_compliant"] is Unknown.STALE_SOURCE


def test_a_change_of_posture_is_recorded_and_felt(olympus, grace):
    actor, device = with_device(olympus, grace)
    before = epoch_of(olympus, "subject", grace.id)

    update_device_posture(olympus.system, device_id=device.id, compliant=False)

    assert told(olympus, actor)[0].environment["device_compliant"] is False
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    assert latest(olympus.id, Event.DEVICE_CHANGED).data["changed"] == ["compliant"]


def test_nobody_vouches_for_their_own_device(olympus):
    boss = olympus.person("boss", "administrator")
    actor, device = with_device(olympus, boss)

    with refused(olympus, "about_oneself"):
        update_device_posture(actor, device_id=device.id, compliant=True)

    assert told(olympus, actor)[0].environment["device_compliant"] is Unknown.NEVER_SYNCED


def test_a_device_of_another_workspace_does_not_exist(olympus, vulcan, grace):
    _, device = with_device(olympus, grace)

    with pytest.raises(NotFound):
        update_device_posture(vulcan.system, device_id=device.id, compliant=True)


def test_a_broken_fact_is_unknown_and_hides_no_other(olympus, grace):
    set_facts(
        olympus.system,
        user_id=grace.id,
        source="manual",
        facts={"clearance": Assertion("secret"), "nationality": Assertion("USA")},
    )
    with within(olympus.id):
        row = Fact.objects.get(attribute="clearance")
        Fact.objects.filter(id=row.id).update(value=bytes(row.value)[:-1] + b"\0")

    (state,) = told(olympus, olympus.acting(grace))

    assert state.facts["clearance"] is Unknown.UNAVAILABLE
    assert state.facts["nationality"] == "USA"


def test_a_session_in_the_name_of_somebody_else_is_dead(olympus, grace):
    eve = olympus.person("eve")
    hers, _ = olympus.signed_in(grace)
    stolen = replace(olympus.acting(eve), environment=hers.environment)
    made_up = replace(olympus.acting(eve), environment=replace(hers.environment, session_id=new_id()))

    states = told(olympus, stolen, made_up)

    assert [state.session_live for state in states] == [False, False]


def test_a_batch_costs_as_many_queries_as_one(olympus):
    group = create_group(olympus.system, name="Everybody")
    people = [olympus.person(f"person-{number}", "auditor", password=None) for number in range(12)]
    for person in people:
        add_group_member(olympus.system, group_id=group.id, user_id=person.id)
        set_facts(olympus.system, user_id=person.id, source="manual", facts={"clearance": Assertion("secret")})
    actors = [olympus.signed_in(person)[0] for person in people]

    with within(olympus.id), sent() as queries:
        answer = DirectorySource().subjects(actors)

    assert len(queries) == 6
    assert len(answer) == 12
    assert all(state.facts["clearance"] == "SECRET" for state in answer.values())
    assert all(Flag.VIEW_AUDIT in state.flags for state in answer.values())
    assert all(state.facts["group"] == ["Everybody"] for state in answer.values())


def test_keys_that_are_not_in_memory_cost_a_query_or_two_for_all(olympus):
    people = [olympus.person(f"person-{number}", password=None) for number in range(6)]
    for person in people:
        set_facts(olympus.system, user_id=person.id, source="manual", facts={"clearance": Assertion("secret")})
    envelope.purge(olympus.id)

    with within(olympus.id), CaptureQueriesContext(connection) as queries:
        DirectorySource().subjects([olympus.acting(person) for person in people])

    assert 1 <= len([query for query in queries if "keys_" in query["sql"]]) <= 3


def test_sources_are_those_of_the_workspace(olympus, vulcan):
    with within(vulcan.id):
        assert set(FactSource.objects.values_list("name", flat=True)) == {"manual", "posture"}
        assert not FactSource.objects.filter(workspace_id=olympus.id).exists()
