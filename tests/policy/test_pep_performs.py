"""No decision, no commit; no audit line, no commit; and what was refused is on record whatever was rolled back."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action
from policy.pep import NothingChanged, Ungoverned
from policy.types import AccessDenied, Effect, Resource
from rooms.actions.messages import post_messages
from rooms.models import Message
from rooms.posting import Post, Posted
from tenancy.actor import new_id, system_actor
from tenancy.models import Workspace
from tests.asserts import assert_audited, assert_denied, decided, recorded, unchanged


class BoomError(Exception):
    """Something nobody foresaw."""


def workspace(actor):
    return Resource("workspace", actor.workspace_id)


def put(actor, name):
    Workspace.objects.filter(id=actor.workspace_id).update(name=name)


def say(actor):
    record(Event.WORKSPACE_CHANGED, actor, target=Target("workspace", actor.workspace_id), changed=["name"])


@pep.performs(Action.WORKSPACE_UPDATE)
def rename(actor, *, name):
    pep.enforce(actor, Action.WORKSPACE_UPDATE, workspace(actor))
    put(actor, name)
    say(actor)
    return name


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_unasked(actor, *, name):
    put(actor, name)
    say(actor)


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_after_asking_for_something_else(actor, *, name):
    pep.enforce(actor, Action.WORKSPACE_VIEW, workspace(actor))
    put(actor, name)
    say(actor)


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_in_silence(actor, *, name):
    pep.enforce(actor, Action.WORKSPACE_UPDATE, workspace(actor))
    put(actor, name)


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_and_break(actor, *, name):
    pep.enforce(actor, Action.WORKSPACE_UPDATE, workspace(actor))
    put(actor, name)
    say(actor)
    raise BoomError


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_to_the_same(actor, *, name):
    pep.enforce(actor, Action.WORKSPACE_UPDATE, workspace(actor))
    put(actor, "on the way")
    raise NothingChanged(name)


@pep.performs(Action.WORKSPACE_UPDATE)
def rename_whatever_is_answered(actor, *, name):
    decision = pep.decide(actor, Action.WORKSPACE_UPDATE, workspace(actor))
    put(actor, name)
    say(actor)
    return decision.effect


@pep.performs(Action.WORKSPACE_VIEW)
def look(actor, *, then):
    pep.enforce(actor, Action.WORKSPACE_VIEW, workspace(actor))
    record(Event.CONSOLE_PAGE_OPENED, actor, page="home")
    return then()


def name_of(world):
    with world.inside():
        return Workspace.objects.get(id=world.id).name


def test_what_is_permitted_and_recorded_is_committed_with_its_decision(olympus):
    ada = olympus.actor("ada")

    answer = rename(ada, name="Olympus Mons")

    assert answer == name_of(olympus) == "Olympus Mons"
    assert_audited(olympus, Event.WORKSPACE_CHANGED, ada, olympus.id, changed=["name"])
    assert [one.actor_id for one in decided(olympus, Action.WORKSPACE_UPDATE)] == [ada.id]


def test_what_is_refused_has_no_effect_and_is_on_record(olympus):
    with assert_denied(olympus, Action.WORKSPACE_UPDATE, reason="role_missing"):
        rename(olympus.actor("grace"), name="Mine")


def test_a_refusal_outlives_the_transaction_around_it(olympus):
    """Django's admin wraps its POST views in one: the unit stands outside of it (R34)."""
    grace = olympus.actor("grace")

    with assert_denied(olympus, Action.WORKSPACE_UPDATE), pep.unit(olympus.id), transaction.atomic():
        rename(grace, name="Mine")


def test_a_refusal_that_a_foreign_block_swallows_is_on_record_all_the_same(olympus):
    grace = olympus.actor("grace")

    with unchanged(olympus), pep.unit(olympus.id):
        try:
            with transaction.atomic():
                rename(grace, name="Mine")
        except AccessDenied:
            pass

    assert [one.outcome for one in decided(olympus, Action.WORKSPACE_UPDATE)] == ["deny"]


def test_a_refusal_is_written_when_the_unit_closes_and_not_before(olympus):
    with pep.unit(olympus.id):
        with pytest.raises(AccessDenied):
            rename(olympus.actor("grace"), name="Mine")
        assert decided(olympus, Action.WORKSPACE_UPDATE) == []

    assert len(decided(olympus, Action.WORKSPACE_UPDATE, Effect.DENY)) == 1


@pytest.mark.parametrize("forgetful", [rename_unasked, rename_after_asking_for_something_else])
def test_who_forgets_to_ask_cannot_commit(olympus, forgetful):
    with unchanged(olympus), pytest.raises(Ungoverned, match="did not ask"):
        forgetful(olympus.actor("ada"), name="Mine")

    assert recorded(olympus, Event.WORKSPACE_CHANGED) == []


def test_who_forgets_to_record_cannot_commit(olympus):
    with unchanged(olympus), pytest.raises(Ungoverned, match="recorded nothing"):
        rename_in_silence(olympus.actor("ada"), name="Mine")


def test_what_breaks_on_the_way_leaves_nothing_behind(olympus):
    with unchanged(olympus), pytest.raises(BoomError):
        rename_and_break(olympus.actor("ada"), name="Mine")

    assert recorded(olympus, Event.WORKSPACE_CHANGED) == []


def test_what_changes_nothing_keeps_its_decision_and_says_no_more(olympus):
    with unchanged(olympus):
        answer = rename_to_the_same(olympus.actor("ada"), name="Olympus")

    assert answer == "Olympus"
    assert [one.outcome for one in decided(olympus, Action.WORKSPACE_UPDATE)] == ["permit"]
    assert recorded(olympus, Event.WORKSPACE_CHANGED) == []


def test_who_goes_on_after_a_refusal_is_rolled_back(olympus):
    with unchanged(olympus):
        answer = rename_whatever_is_answered(olympus.actor("grace"), name="Mine")

    assert answer is Effect.DENY
    assert recorded(olympus, Event.WORKSPACE_CHANGED) == []
    assert len(decided(olympus, Action.WORKSPACE_UPDATE, Effect.DENY)) == 1


def test_a_refusal_inside_another_action_takes_both_back_and_names_the_inner_one(olympus):
    grace = olympus.actor("grace")

    with assert_denied(olympus, Action.WORKSPACE_UPDATE):
        look(grace, then=lambda: rename(grace, name="Mine"))

    assert recorded(olympus, Event.CONSOLE_PAGE_OPENED) == []


def test_a_refusal_that_the_outer_action_swallows_takes_back_the_inner_one_alone(olympus):
    grace = olympus.actor("grace")

    def try_to_rename():
        with pytest.raises(AccessDenied):
            rename(grace, name="Mine")
        return "went on"

    with unchanged(olympus):
        assert look(grace, then=try_to_rename) == "went on"

    assert_audited(olympus, Event.CONSOLE_PAGE_OPENED, grace)
    assert len(decided(olympus, Action.WORKSPACE_UPDATE, Effect.DENY)) == 1


def test_an_inner_action_dies_with_the_outer_one(olympus):
    ada = olympus.actor("ada")

    def rename_then_break():
        rename(ada, name="Mine")
        raise BoomError

    with unchanged(olympus), pytest.raises(BoomError):
        look(ada, then=rename_then_break)

    assert recorded(olympus, Event.WORKSPACE_CHANGED) == []


def test_an_action_of_the_system_is_judged_by_its_gate_too(olympus):
    rename(system_actor(olympus.id, cause="test"), name="By the platform")

    with pytest.raises(AccessDenied):
        look(system_actor(olympus.id, cause="test"), then=lambda: None)
    assert name_of(olympus) == "By the platform"


def post(world, username, room, body="Go."):
    return Post(world.actor(username), world.rooms[room].id, new_id(), body)


def commit(world, posts):
    with pep.unit(world.id):
        return post_messages(system_actor(world.id, cause="posts"), posts=posts)


def test_in_a_batch_each_item_is_judged_for_itself(olympus):
    """256 posts, 32 of them by somebody who may not."""
    posts = [post(olympus, "eve" if number % 8 == 0 else "grace", "titan") for number in range(256)]

    outcomes = commit(olympus, posts)

    assert sum(isinstance(one, Posted) for one in outcomes) == 224
    assert all(isinstance(one, AccessDenied) for one in outcomes[::8])
    with olympus.inside():
        assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 225))
    assert len(recorded(olympus, Event.MESSAGE_POSTED)) == 224


def test_a_batch_costs_as_many_queries_as_a_handful(olympus):
    def queries_for(count):
        posts = [post(olympus, "eve" if number % 8 == 0 else "grace", "titan") for number in range(count)]
        with CaptureQueriesContext(connection) as queries:
            commit(olympus, posts)
        return len(queries)

    queries_for(8)

    assert queries_for(256) <= queries_for(8) + 2 < 32


def test_equal_refusals_of_a_batch_are_one_record_with_a_count(olympus):
    commit(olympus, [post(olympus, "eve", "titan") for _ in range(32)] + [post(olympus, "grace", "titan")])

    refused = decided(olympus, Action.MESSAGE_POST, Effect.DENY)

    assert [one.env.get("hits") for one in refused] == [31]


def test_a_batch_of_which_nothing_is_permitted_leaves_only_its_refusals(olympus):
    with unchanged(olympus):
        outcomes = commit(olympus, [post(olympus, "eve", "titan") for _ in range(8)])

    assert all(isinstance(one, AccessDenied) for one in outcomes)
    assert recorded(olympus, Event.MESSAGE_POSTED) == []
    assert len(decided(olympus, Action.MESSAGE_POST, Effect.DENY)) == 1
