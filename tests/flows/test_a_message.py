"""A message on its whole way: in by a socket, judged, sealed, recorded, out by another; and one that is refused."""

import hashlib

import pytest
from asgiref.sync import sync_to_async

from audit.events import Event
from policy.catalogue import Action
from rooms.models import Message
from rooms.sealing import open_bodies, place_of
from tests.asserts import Entry, assert_audited, assert_sealed, decided, state_of
from tests.sockets import chat
from tests.world import GUARD, World

WORDS = "Burn at 10:40, margins hold."


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture
def vault(olympus: World):
    """A governed room of this test alone, with ada and grace in it."""
    room = olympus.room("vault", requirement=GUARD)
    olympus.joins("grace", "vault")
    return room.id


def about(entries: list[Entry], room_id) -> list[Entry]:
    return [one for one in entries if one.room_id == room_id]


async def test_a_message_from_one_socket_to_the_other(server, olympus, vault):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        ack = await grace.post(vault, WORDS)
        await sync_to_async(assert_committed)(olympus, vault, ack)

        heard = await ada.expects("event", lambda one: one["room"] == str(vault))

    assert (heard["kind"], heard["cursor"], heard["data"]["id"]) == ("message.posted", ack["cursor"], ack["message"])
    assert heard["data"]["parts"] == [{"marking": "SECRET", "md": WORDS}]
    assert heard["data"]["author"] == str(olympus.people["grace"].id)


def assert_committed(world: World, room_id, ack: dict) -> None:
    """What an ack promises: the row sealed, who permitted it, and a line of the record that fits the row."""
    grace = world.actor("grace")
    with world.inside():
        row = Message.objects.get(id=ack["message"])
        assert_sealed(row.body_sealed, WORDS, lambda: open_bodies([(place_of(row), bytes(row.body_sealed))])[0][0].md)
    (decision,) = about(decided(world, Action.MESSAGE_POST), room_id)
    line = assert_audited(world, Event.MESSAGE_POSTED, grace, row.id, marking="SECRET")

    assert (decision.outcome, decision.actor_id) == ("permit", grace.id)
    assert decision.env["epo"]
    assert (line.room_id, line.outcome) == (room_id, "success")
    assert line.data["digest"] == hashlib.sha256(bytes(row.body_sealed)).hexdigest()
    assert WORDS not in str(line.env) + str(decision.env)


async def test_a_message_that_is_refused(server, olympus, vault):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "eve") as eve:
        before = await sync_to_async(state_of)(olympus.id)
        refused = await eve.post(vault, "Let me in.")
        await ada.ask("ping")
        after = await sync_to_async(state_of)(olympus.id)

        assert "Let me in." not in "".join(ada.heard)

    entries = await sync_to_async(decided)(olympus, Action.MESSAGE_POST)
    (decision,) = [one for one in about(entries, vault) if one.outcome != "permit"]
    assert after == before
    assert (refused["code"], refused["decision"]) == ("not_found", str(decision.id))
    assert decision.why
    line = await sync_to_async(assert_audited)(olympus, Event.ACCESS_DENIED, outcome="refused", decision_id=decision.id)
    assert (line.actor_id, line.room_id) == (olympus.people["eve"].id, vault)
