"""Epochs: what was decided before a change is void after it, and nothing commits between the two (R16)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Thread
from uuid import UUID

import pytest
from django.db import OperationalError, connection, connections

from policy import epochs
from policy.catalogue import Action
from policy.models import Epoch, EpochKind
from policy.signals import access_changed, announce_access_change
from policy.types import Question
from rooms.access import room_resource
from tenancy.actor import new_id
from tenancy.scoping import within
from tests.world import World, furnish


def value(world: World, kind: EpochKind, key: UUID) -> int:
    with world.inside():
        return Epoch.objects.get(kind=kind, key=key).value


def keys(world: World) -> list[epochs.Key]:
    asked = Question(world.actor("grace"), Action.MESSAGE_READ, room_resource(world.rooms["titan"].id))
    return epochs.keys_of(asked)


def test_everything_that_can_be_judged_has_its_epoch_from_birth(olympus):
    with olympus.inside():
        for kind, key in keys(olympus):
            assert Epoch.objects.filter(kind=kind, key=key).exists(), kind
        assert {kind for kind, _key in keys(olympus)} == set(EpochKind)


def test_a_bump_moves_it_and_tells_the_net(olympus):
    grace = olympus.people["grace"].id
    before = value(olympus, EpochKind.SUBJECT, grace)

    with olympus.inside():
        epochs.bump(olympus.id, EpochKind.SUBJECT, [grace])
        changed = epochs.changed_since(5)

    assert changed[EpochKind.SUBJECT, grace] == before + 1


def test_a_bump_touches_nobody_else(olympus):
    eve = olympus.people["eve"].id
    before = value(olympus, EpochKind.SUBJECT, eve)

    with olympus.inside():
        epochs.bump(olympus.id, EpochKind.SUBJECT, [olympus.people["grace"].id])

    assert value(olympus, EpochKind.SUBJECT, eve) == before


def test_what_has_no_epoch_is_not_counted_as_current(olympus):
    with olympus.inside():
        assert epochs.current([(EpochKind.ROOM, new_id())]) == {}


def test_a_change_that_cannot_be_enforced_is_undone(olympus):
    grace = olympus.people["grace"].id
    before = value(olympus, EpochKind.SUBJECT, grace)

    def fail(sender, **_):
        raise ZeroDivisionError

    access_changed.connect(fail)
    try:
        with pytest.raises(ZeroDivisionError), within(olympus.id):
            announce_access_change(olympus.system, kind=EpochKind.SUBJECT, keys=[grace], reason="facts_changed")
    finally:
        access_changed.disconnect(fail)

    assert value(olympus, EpochKind.SUBJECT, grace) == before


@contextmanager
def a_running_commit(world: World) -> Iterator[None]:
    """Somebody else holds the epochs that grace's next post rests on."""
    held, done = Flag(), Flag()

    def hold():
        with within(world.id):
            epochs.hold(keys(world))
            held.set()
            done.wait(10)
        connections.close_all()

    holder = Thread(target=hold)
    holder.start()
    assert held.wait(10)
    yield
    done.set()
    holder.join()


def impatiently(world: World, work: Callable[[], object]) -> object:
    """Do it now, or fail for waiting."""
    with within(world.id), connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '100ms'")
        return work()


@pytest.mark.django_db(transaction=True)
def test_a_revocation_waits_for_the_posts_that_rest_on_what_it_changes():
    olympus = furnish("olympus")

    with a_running_commit(olympus):
        for kind, key in keys(olympus):
            with pytest.raises(OperationalError, match="lock timeout"):
                impatiently(olympus, lambda kind=kind, key=key: epochs.bump(olympus.id, kind, [key]))

    for kind, key in keys(olympus):
        impatiently(olympus, lambda kind=kind, key=key: epochs.bump(olympus.id, kind, [key]))


@pytest.mark.django_db(transaction=True)
def test_posters_do_not_wait_for_each_other():
    olympus = furnish("olympus")

    with a_running_commit(olympus):
        assert len(impatiently(olympus, lambda: epochs.hold(keys(olympus)))) == 4
