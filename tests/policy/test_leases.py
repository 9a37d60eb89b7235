"""A permit may be used again until it runs out, or until anything that it rests on has moved (R9, R16)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import revoke_session
from policy import epochs, pep
from policy.catalogue import Action
from policy.leases import LeaseBook
from policy.models import EpochKind
from policy.signals import announce_access_change
from policy.types import Decision, Question
from rooms.access import room_resource
from rooms.actions.rooms import create_room, set_requirement
from rooms.models import RoomKind
from tenancy.models import Workspace
from tests.asserts import decided
from tests.policy.sets import decree, rule
from tests.world import CLEARED, GUARD, World


def question(world: World, username: str = "grace", room: str = "titan", **properties: object) -> Question:
    resource = room_resource(world.rooms[room].id, **properties)
    return Question(world.actor(username), Action.MESSAGE_POST, resource)


def decide(world: World, asked: Question) -> Decision:
    with pep.reading(asked.actor):
        return pep.decide_many([asked])[0]


def found(world: World, book: LeaseBook, asked: Question) -> Decision | None:
    with world.inside():
        return book.find(asked, epochs.current(epochs.keys_of(asked)))


@pytest.fixture
def lease(olympus: World) -> tuple[LeaseBook, Question]:
    """grace has just been permitted to post in titan."""
    book, asked = LeaseBook(), question(olympus)
    book.keep(decide(olympus, asked))
    return book, asked


def test_a_permit_is_found_again(olympus, lease):
    assert found(olympus, *lease).permits


def test_a_deny_is_never_kept(olympus):
    book, asked = LeaseBook(), question(olympus, "eve")

    book.keep(decide(olympus, asked))

    assert found(olympus, book, asked) is None


def test_a_lease_is_for_one_question_alone(olympus, lease):
    book, _asked = lease

    assert found(olympus, book, question(olympus, "ada")) is None
    assert found(olympus, book, question(olympus, room="lobby")) is None
    assert found(olympus, book, question(olympus, marking="UNCLASSIFIED")) is None


@pytest.mark.parametrize("kind", list(EpochKind))
def test_a_bump_of_each_kind_of_epoch_voids_it(olympus, lease, kind):
    book, asked = lease
    keys = {
        EpochKind.SUBJECT: asked.actor.id,
        EpochKind.SESSION: asked.actor.environment.session_id,
        EpochKind.ROOM: asked.resource.room_id,
        EpochKind.POLICY: olympus.id,
    }

    with olympus.inside():
        epochs.bump(olympus.id, kind, [keys[kind]])

    assert found(olympus, book, asked) is None


def change_the_facts(world):
    world.knows("grace", {**CLEARED, "department": "flight"})


def change_the_requirement(world):
    set_requirement(world.system, room_id=world.rooms["titan"].id, requirement=GUARD)


def change_the_policy(world):
    decree(world, rule("trial", "deny", "room:message:post", mode="log_only"))


def revoke_the_session(world):
    revoke_session(world.system, session_id=world.actor("grace").environment.session_id)


@pytest.mark.parametrize(
    "change",
    [change_the_facts, change_the_requirement, change_the_policy, revoke_the_session],
    ids=lambda one: one.__name__,
)
def test_whatever_may_change_the_answer_voids_it(olympus, lease, change):
    change(olympus)

    assert found(olympus, *lease) is None


def test_what_concerns_somebody_else_leaves_it(olympus, lease):
    with olympus.inside():
        announce_access_change(
            olympus.system, kind=EpochKind.SUBJECT, keys=[olympus.people["eve"].id], reason="facts_changed"
        )

    assert found(olympus, *lease).permits


def test_it_ends_after_a_minute(olympus, lease, time_machine):
    time_machine.move_to(timezone.now() + timedelta(seconds=61), tick=False)

    assert found(olympus, *lease) is None


def test_the_workspace_says_how_long_it_lasts(olympus):
    with olympus.inside():
        Workspace.objects.filter(id=olympus.id).update(lease_seconds=5)
        epochs.bump(olympus.id, EpochKind.POLICY, [olympus.id])

    answer = decide(olympus, question(olympus))

    assert answer.valid_until - answer.decided_at == timedelta(seconds=5)


def test_it_never_outlives_the_fact_that_it_rests_on(olympus):
    end = timezone.now() + timedelta(seconds=10)
    olympus.knows("grace", CLEARED, until=end)

    assert decide(olympus, question(olympus)).valid_until == end


def test_at_the_top_marking_there_is_none(olympus):
    with olympus.inside():
        Workspace.objects.filter(id=olympus.id).update(ceiling="TOP_SECRET")
    olympus.rooms["apex"] = create_room(olympus.actor("ada"), kind=RoomKind.PRIVATE, name="apex", marking="TOP_SECRET")
    book, asked = LeaseBook(), question(olympus, "ada", "apex")

    answer = decide(olympus, asked)
    book.keep(answer)

    assert answer.permits
    assert answer.valid_until == answer.decided_at
    assert found(olympus, book, asked) is None


def test_the_book_forgets_the_longest_unused_first(olympus):
    book = LeaseBook(size=2)
    asked = [question(olympus, "grace", marking=one) for one in ("UNCLASSIFIED", "CUI", "SECRET")]
    for one in asked[:2]:
        book.keep(decide(olympus, one))
    assert found(olympus, book, asked[0])

    book.keep(decide(olympus, asked[2]))

    assert [found(olympus, book, one) is not None for one in asked] == [True, False, True]


def test_who_posts_under_a_lease_is_not_asked_about_again(olympus):
    for word in ("One.", "Two.", "Three."):
        olympus.says("grace", "titan", word)
    assert len(decided(olympus, Action.MESSAGE_POST)) == 1

    change_the_facts(olympus)
    olympus.says("grace", "titan", "Four.")

    assert len(decided(olympus, Action.MESSAGE_POST)) == 2
