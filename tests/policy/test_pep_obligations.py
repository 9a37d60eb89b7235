"""A permit with strings: what the enforcement point must do for it to stand, and what it does when it cannot (PO-4)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from policy import pep
from policy.catalogue import Action
from policy.types import AccessDenied, Decision
from rooms.access import room_resource
from rooms.models import Membership
from tenancy.actor import Actor
from tests.asserts import decided
from tests.policy.sets import decree, rule
from tests.world import World


def owed(name: str, **params: object) -> dict:
    return {"name": name, "params": params}


def confirmed(actor: Actor, seconds_ago: int) -> Actor:
    """The actor, having proven who it is that long ago."""
    moment = timezone.now() - timedelta(seconds=seconds_ago)
    return replace(actor, environment=replace(actor.environment, step_up_at=moment))


def ask(world: World, actor: Actor, action: Action = Action.MESSAGE_READ, **properties: object) -> Decision:
    with pep.reading(actor):
        return pep.decide(actor, action, room_resource(world.rooms["titan"].id, **properties))


@pytest.mark.parametrize(
    "obligation",
    [
        owed("step_up", strength=2),
        owed("watermark"),
        owed("no_download"),
        owed("notify", whom="officer"),
        owed("dual_control"),
    ],
)
def test_an_obligation_that_nobody_here_can_meet_turns_the_permit_into_a_deny(olympus, obligation):
    decree(olympus, rule("strings", "permit", "room:message:read", obligations=[obligation]))

    answer = ask(olympus, olympus.actor("grace"))

    assert answer.effect == "deny"
    assert answer.reasons[0].code == "obligation_unknown"
    assert decided(olympus, Action.MESSAGE_READ)[-1].why[0] == "obligation_unknown"


def test_an_unmet_obligation_never_takes_a_membership_away(olympus):
    decree(olympus, rule("strings", "permit", "room:member:keep", obligations=[owed("watermark")]))

    assert not ask(olympus, olympus.actor("grace"), Action.MEMBER_KEEP).removes
    with olympus.inside():
        assert set(Membership.objects.values_list("state", flat=True)) == {"active"}


@pytest.fixture
def confirming(olympus: World) -> World:
    """titan may be read by who has proven within five minutes that it is them."""
    decree(olympus, rule("confirm", "permit", "room:message:read", obligations=[owed("step_up", max_age=300)]))
    return olympus


def test_without_a_fresh_proof_of_identity_one_is_asked_for_it(confirming):
    answer = ask(confirming, confirming.actor("grace"))

    assert AccessDenied(answer).code == "step_up_required"
    assert dict(answer.reasons[0].params) == {"max_age": "300"}


def test_a_fresh_proof_meets_it_and_its_end_is_the_end_of_the_lease(confirming):
    actor = confirmed(confirming.actor("grace"), seconds_ago=270)

    answer = ask(confirming, actor)

    assert answer.permits
    assert answer.valid_until <= actor.environment.step_up_at + timedelta(seconds=300)


def test_a_proof_that_is_too_old_does_not_meet_it(confirming):
    assert (
        AccessDenied(ask(confirming, confirmed(confirming.actor("grace"), seconds_ago=301))).code == "step_up_required"
    )


def test_a_proof_of_identity_gives_nothing_to_who_may_not_read(confirming):
    assert AccessDenied(ask(confirming, confirmed(confirming.actor("eve"), seconds_ago=1))).code == "not_found"


def test_of_two_demands_the_stricter_one_counts(confirming):
    decree(
        confirming,
        rule("confirm", "permit", "room:message:read", obligations=[owed("step_up", max_age=300)]),
        rule("confirm-soon", "permit", "room:message:*", obligations=[owed("step_up", max_age=60)]),
    )

    assert not ask(confirming, confirmed(confirming.actor("grace"), seconds_ago=120)).permits
    assert ask(confirming, confirmed(confirming.actor("grace"), seconds_ago=30)).permits


def test_to_redact_is_no_refusal(olympus):
    decree(olympus, rule("hide", "redact", "room:message:deliver", condition="clearance < TOP_SECRET"))

    answer = ask(olympus, olympus.actor("grace"), Action.MESSAGE_DELIVER, marking="SECRET")

    assert answer.permits
    assert answer.obligation("redact")
    assert decided(olympus, Action.MESSAGE_DELIVER)[-1].env["obl"] == ["redact"]


def test_who_must_mark_cannot_post_unmarked(olympus):
    decree(olympus, rule("mark", "permit", "room:message:post", obligations=[owed("require_marking")]))

    with pytest.raises(AccessDenied) as refused:
        olympus.says("grace", "titan", "Unmarked.")
    assert refused.value.decision.reasons[0].code == "marking_required"
    assert olympus.says("grace", "titan", "Marked.", marking="SECRET").marking == "SECRET"


def test_who_must_mark_at_least_so_high_cannot_post_below_it(olympus):
    demand = owed("require_marking", marking="SECRET")
    decree(olympus, rule("mark", "permit", "room:message:post", obligations=[demand]))

    with pytest.raises(AccessDenied) as refused:
        olympus.says("grace", "titan", "Marked too low.", marking="UNCLASSIFIED")
    assert dict(refused.value.decision.reasons[0].params) == {"marking": "SECRET"}
    assert olympus.says("grace", "titan", "Marked.", marking="secret").marking == "SECRET"


def test_a_permit_may_be_given_for_a_shorter_time(olympus):
    decree(olympus, rule("short", "permit", "room:message:read", obligations=[owed("expire_after", seconds=5)]))

    answer = ask(olympus, olympus.actor("grace"))

    assert answer.valid_until - answer.decided_at == timedelta(seconds=5)


def test_what_is_only_on_trial_changes_nothing_and_is_on_record(olympus):
    """PO-11: measure before enforcing."""
    decree(olympus, rule("freeze", "deny", "room:message:post", mode="log_only"))

    assert olympus.says("grace", "titan", "Still moving.").seq == 1

    record = decided(olympus, Action.MESSAGE_POST)[-1]
    assert (record.outcome, record.env["would"]) == ("permit", "deny")
