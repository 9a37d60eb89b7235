"""Connections are used again by whoever comes next; the workspace that they were used for is not (AD-1)."""

from threading import Barrier, Thread

import pytest
from django.db import connections

from rooms.models import Room
from tenancy.scoping import within

POOL = {"min_size": 1, "max_size": 2, "timeout": 30}


@pytest.fixture(scope="module")
def worlds(committed):
    return [committed("olympus"), committed("pluto")]


@pytest.fixture
def pooled(worlds):
    """The app's own pool, with fewer connections than it has users."""
    default = connections.settings["default"]
    connections.settings["pooled"] = {**default, "OPTIONS": {**default["OPTIONS"], "pool": POOL}}
    yield "pooled"
    connections["pooled"].close_pool()
    del connections.settings["pooled"]


def test_the_setting_does_not_leak_through_pooled_connections(worlds, pooled):
    together, leaks = Barrier(4), []

    def visit(world):
        together.wait()
        for _ in range(50):
            with within(world.id, using=pooled):
                if {room.workspace_id for room in Room.objects.using(pooled)} != {world.id}:
                    leaks.append("rows of another workspace inside")
            with connections[pooled].cursor() as cursor:
                cursor.execute("select count(*), current_setting('app.workspace', true) from rooms_room")
                if cursor.fetchone() not in ((0, ""), (0, None)):
                    leaks.append("rows outside")
            connections[pooled].close()

    visitors = [Thread(target=visit, args=[world]) for world in worlds * 2]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()

    assert leaks == []


def test_a_setting_that_somebody_made_for_the_whole_session_ends_with_the_use(worlds, pooled):
    """Nothing of ours does; if it were done, the next scope would still be its own (measured: 10,000 rows leaked)."""
    _olympus, pluto = worlds
    with connections[pooled].cursor() as cursor:
        cursor.execute("select set_config('app.workspace', 'nonsense', false)")

    with within(pluto.id, using=pooled):
        assert {room.workspace_id for room in Room.objects.using(pooled)} == {pluto.id}
