"""Continuous validation: only an explicit deny from an authentic answer takes a membership, doubt never (R7, R9)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import FactSource
from audit.events import Event
from policy import epochs, pep
from policy.catalogue import Action
from policy.models import EpochKind, PolicySet
from policy.types import AccessDenied, Effect, Resource
from rooms.access import room_resource
from rooms.actions.reading import mark_read
from rooms.actions.reconcile import reconcile_memberships
from rooms.actions.rooms import set_requirement
from rooms.models import Membership, ReadMark
from tenancy.models import Workspace
from tests import boot
from tests.asserts import assert_audited, decided, recorded, unchanged
from tests.policy.sets import decree, rule
from tests.world import CLEARED, GUARD, World

UNCLEARED = {"clearance": "SECRET"}


def standing(world: World, username: str = "grace", room: str = "titan") -> Membership:
    with world.inside():
        return Membership.objects.get(user_id=world.people[username].id, room_id=world.rooms[room].id)


def sweep(world: World) -> int:
    """The periodic check, as the worker runs it."""
    with world.inside():
        ids = list(Membership.objects.exclude(state="removed").values_list("id", flat=True))
    return reconcile_memberships(world.system, membership_ids=ids)


def effect(world: World, action: Action, username: str = "grace", room: str = "titan") -> str:
    actor = world.actor(username)
    with pep.reading(actor):
        return pep.decide(actor, action, room_resource(world.rooms[room].id)).effect


def later(time_machine, **delta: float) -> None:
    time_machine.move_to(timezone.now() + timedelta(**delta))


def test_a_deny_suspends_at_once(olympus):
    olympus.knows("grace", UNCLEARED)

    assert standing(olympus).state == "suspended"
    assert_audited(olympus, Event.MEMBER_SUSPENDED, olympus.system, olympus.rooms["titan"].id)
    assert decided(olympus, Action.MEMBER_KEEP, Effect.DENY)


def test_who_is_suspended_neither_reads_nor_posts(olympus):
    olympus.knows("grace", UNCLEARED)

    assert effect(olympus, Action.MESSAGE_READ) == effect(olympus, Action.MESSAGE_POST) == "deny"
    with pytest.raises(AccessDenied):
        olympus.says("grace", "titan", "Still here?")


def test_what_comes_back_within_the_grace_restores_role_and_place(olympus):
    first = olympus.says("ada", "titan", "Before.")
    mark_read(olympus.actor("grace"), room_id=olympus.rooms["titan"].id, message_id=first.message_id)
    with olympus.inside():
        Membership.objects.filter(id=standing(olympus).id).update(role="moderator")
    olympus.knows("grace", UNCLEARED)

    olympus.knows("grace", CLEARED)

    assert (standing(olympus).state, standing(olympus).role) == ("active", "moderator")
    assert_audited(olympus, Event.MEMBER_RESTORED, target=olympus.rooms["titan"].id)
    with olympus.inside():
        assert ReadMark.objects.get(user_id=olympus.people["grace"].id).seq == first.seq
    assert olympus.says("grace", "titan", "Back.")


def test_after_the_grace_it_is_removed(olympus, time_machine):
    olympus.knows("grace", UNCLEARED)

    later(time_machine, minutes=14)
    assert sweep(olympus) == 0
    later(time_machine, minutes=2)
    assert sweep(olympus) == 1

    assert standing(olympus).state == "removed"
    assert_audited(olympus, Event.MEMBER_REMOVED, target=olympus.rooms["titan"].id)


def test_a_workspace_may_choose_to_have_no_grace(olympus):
    with olympus.inside():
        Workspace.objects.filter(id=olympus.id).update(removal_grace_minutes=0)

    olympus.knows("grace", UNCLEARED)

    assert standing(olympus).state == "removed"


def test_what_ends_by_itself_is_found_by_the_sweep(olympus, time_machine):
    olympus.knows("grace", CLEARED, until=timezone.now() + timedelta(minutes=30))

    later(time_machine, minutes=31)
    sweep(olympus)

    assert standing(olympus).state == "suspended"


@pytest.fixture
def doubtful(olympus: World, time_machine) -> World:
    """The source of all facts has not been heard of for longer than its word stands."""
    olympus.person("linus", CLEARED)
    with olympus.inside():
        FactSource.objects.filter(name="manual").update(freshness_minutes=10)
    later(time_machine, minutes=11)
    return olympus


def test_doubt_takes_no_membership(doubtful):
    with unchanged(doubtful):
        assert sweep(doubtful) == 0

    assert decided(doubtful, Action.MEMBER_KEEP, Effect.INDETERMINATE)
    assert standing(doubtful).state == "active"


def test_doubt_lets_nobody_in(doubtful):
    with pytest.raises(AccessDenied) as refused:
        doubtful.joins("linus", "titan")

    assert refused.value.code == "unavailable"
    line = assert_audited(doubtful, Event.MEMBER_REFUSED, target=doubtful.rooms["titan"].id, outcome="unknown")
    assert line.data["user_id"] == str(doubtful.people["linus"].id)


def test_doubt_covers_what_is_there(doubtful):
    assert effect(doubtful, Action.MESSAGE_READ) == "indeterminate"
    with pytest.raises(AccessDenied) as refused:
        doubtful.says("grace", "titan", "Anybody?")
    assert refused.value.code == "unavailable"


def test_doubt_ends_when_the_source_speaks_again(doubtful):
    doubtful.knows("grace", CLEARED)

    assert effect(doubtful, Action.MESSAGE_READ) == "permit"


def test_a_fresh_source_that_says_nothing_of_somebody_says_no(olympus):
    """R5: a removal upstream revokes."""
    olympus.knows("grace", {})

    assert standing(olympus).state == "suspended"


@pytest.fixture
def tampered(olympus: World) -> World:
    """Somebody with a hand in the database has rewritten the active policy set."""
    one = decree(olympus, rule("freeze", "deny", "room:message:post", condition='department = "GUESTS"'))
    with olympus.inside():
        document = {**one.document, "rules": []}
        PolicySet.objects.filter(id=one.id).update(document=document)
        epochs.bump(olympus.id, EpochKind.POLICY, [olympus.id])
    return olympus


@pytest.mark.parametrize("room", ["titan", "lobby"])
def test_a_policy_set_that_does_not_verify_closes_every_room(tampered, room):
    assert effect(tampered, Action.MESSAGE_READ, room=room) == "indeterminate"
    assert effect(tampered, Action.MESSAGE_POST, room=room) == "indeterminate"


def test_a_policy_set_that_does_not_verify_evicts_nobody(tampered):
    with unchanged(tampered):
        assert sweep(tampered) == 0


def test_a_policy_set_that_does_not_verify_lets_nobody_in(tampered):
    tampered.person("linus", CLEARED)

    with pytest.raises(AccessDenied):
        tampered.joins("linus", "titan")


def test_a_policy_set_that_does_not_verify_leaves_the_console_open_to_mend_it(tampered):
    ada = tampered.actor("ada")

    with pep.reading(ada):
        assert pep.decide(ada, Action.POLICY_ROLL_BACK, Resource("policy_set")).permits


def test_membership_is_judged_without_the_circumstances(olympus):
    """A device or a network is asked about at every use, never of somebody who is not there (PO-10)."""
    with_device = f"{GUARD} and environment.device_compliant = true"
    set_requirement(olympus.system, room_id=olympus.rooms["titan"].id, requirement=with_device)
    olympus.person("linus", CLEARED)

    olympus.joins("linus", "titan")

    assert standing(olympus, "linus").state == standing(olympus).state == "active"
    assert effect(olympus, Action.MESSAGE_READ) != "permit"


def test_a_rule_on_circumstances_takes_no_membership(olympus):
    decree(
        olympus, rule("at-home", "deny", "*", condition='environment.network = "loopback"', scope={"names": ["titan"]})
    )

    sweep(olympus)

    assert standing(olympus).state == "active"
    assert effect(olympus, Action.MESSAGE_READ) == "deny"


def test_a_rule_that_denies_wins_over_every_role(olympus):
    decree(olympus, rule("closed", "deny", "room:message:read", scope={"names": ["titan"]}))

    assert effect(olympus, Action.MESSAGE_READ, "ada") == "deny"


@pytest.mark.django_db(transaction=True)
def test_a_suspended_workspace_permits_nothing(olympus):
    boot.suspend(olympus.id)
    with olympus.inside():
        epochs.bump(olympus.id, EpochKind.POLICY, [olympus.id])

    assert effect(olympus, Action.MESSAGE_READ, "ada", "lobby") == "deny"
    with unchanged(olympus):
        assert sweep(olympus) == 0


def test_an_owner_who_no_longer_qualifies_is_suspended_like_everybody(olympus):
    olympus.knows("ada", UNCLEARED)

    assert standing(olympus, "ada").state == "suspended"
    assert recorded(olympus, Event.MEMBER_REMOVED) == []
