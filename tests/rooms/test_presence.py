"""Who is here, as several processes see it."""

import pytest

from rooms import presence


@pytest.fixture
def process(monkeypatch):
    """Speak as one of several processes."""
    return lambda name: monkeypatch.setattr(presence, "ORIGIN", name)


def state_of(user) -> str:
    return presence.presence_of([user.id])[user.id]


def test_who_leaves_one_process_still_sits_in_another(olympus, process):
    grace = olympus.people["grace"]
    for name in (b"one", b"two"):
        process(name)
        presence.arrive(grace.id)

    assert presence.leave(grace.id) == "active"
    process(b"one")
    assert presence.leave(grace.id) == "offline"


def test_a_choice_holds_wherever_one_sits_and_wherever_one_sits_down_next(olympus, process):
    grace = olympus.people["grace"]
    process(b"one")
    presence.arrive(grace.id)
    process(b"two")
    presence.choose(grace.id, "dnd")

    process(b"three")
    assert presence.arrive(grace.id) == "dnd"
    presence.choose(grace.id, "active")
    assert state_of(grace) == "active"


def test_a_process_that_was_killed_is_forgotten(olympus, process, monkeypatch):
    grace = olympus.people["grace"]
    process(b"killed")
    monkeypatch.setattr(presence, "LASTS", 0)
    presence.renew({grace.id: "active"})

    assert state_of(grace) == "offline"
    assert state_of(olympus.people["eve"]) == "offline"
