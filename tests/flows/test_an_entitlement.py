"""An entitlement is withdrawn at its source and comes back: what follows by itself, and what the record says of it."""

import pytest
from asgiref.sync import sync_to_async

from audit.events import Event
from policy import epochs
from policy.catalogue import Action, RoomRole
from policy.models import EpochKind
from rooms.models import Membership
from tests.asserts import Entry, assert_audited, decided
from tests.console.conftest import Console
from tests.sockets import chat
from tests.world import CLEARED, GUARD, World


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture
def linus(olympus: World) -> str:
    """A cleared moderator of the governed room `vault`, who has read the first of two messages there."""
    olympus.person("linus", CLEARED)
    olympus.room("vault", requirement=GUARD)
    olympus.joins("linus", "vault", role=RoomRole.MODERATOR)
    olympus.token("linus")
    return "linus"


def tells(world: World, **fields: str) -> None:
    """What an operator says of linus in the console."""
    path = f"/console/accounts/user/{world.people['linus'].id}/do/set_facts/"
    assert Console(world).post("ada", path, **fields).status_code == 302


def membership(world: World) -> Membership:
    with world.inside():
        return Membership.objects.get(room=world.rooms["vault"], user=world.people["linus"])


def epoch(world: World) -> int:
    key = (EpochKind.SUBJECT, world.people["linus"].id)
    with world.inside():
        return epochs.current([key])[key]


async def test_what_is_withdrawn_ends_access_and_what_is_given_back_restores_it(server, olympus, linus):
    vault = olympus.rooms["vault"].id
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, linus) as one:
        read = await ada.post(vault, "Read.")
        unread = await ada.post(vault, "Not read yet.")
        await one.result("read.set", room=vault, message=read["message"])
        before = await sync_to_async(epoch)(olympus)

        await sync_to_async(tells)(olympus, program_do="remove")
        left = await one.expects("room.left")
        refused = await one.post(vault, "Still here?")
        told = await ada.expects("members.changed", lambda frame: frame["change"] == "revoked")
        assert await sync_to_async(epoch)(olympus) > before
        assert (await sync_to_async(membership)(olympus)).state == "suspended"
        await sync_to_async(assert_recorded)(olympus, left, refused)

        await sync_to_async(tells)(olympus, program_do="set", program_value="TITAN")
        room = (await one.expects("room.joined"))["room"]
        answered = await one.post(vault, "Back again.")

    assert (left["room"], told["user"]["username"]) == (str(vault), "linus")
    assert (room["id"], room["role"], room["last_read"]) == (str(vault), "moderator", read["message"])
    assert (room["unread"], room["cursor"]) == (1, unread["cursor"])
    assert answered["t"] == "ack"
    restored = await sync_to_async(membership)(olympus)
    assert (restored.state, restored.role, restored.suspended_at) == ("active", RoomRole.MODERATOR, None)
    await sync_to_async(assert_audited)(olympus, Event.MEMBER_RESTORED, user_id=olympus.people["linus"].id)


def assert_recorded(world: World, left: dict, refused: dict) -> None:
    """Who changed what, who was suspended by which decision, and why the socket and the post were refused."""
    linus, ada = world.people["linus"].id, world.actor("ada")
    changed = assert_audited(world, Event.ENTITLEMENT_CHANGED, ada, linus, source="manual")
    suspended = assert_audited(world, Event.MEMBER_SUSPENDED, target=world.rooms["vault"].id, user_id=linus)
    kept = by_id(decided(world, Action.MEMBER_KEEP))[suspended.data["decision_id"]]
    delivered = by_id(decided(world, Action.MESSAGE_DELIVER))[left["decision"]]
    posted = by_id(decided(world, Action.MESSAGE_POST))[refused["decision"]]

    assert changed.data["attributes"] == ["program"]
    assert "TITAN" not in str(changed.env)
    assert [one.outcome for one in (kept, delivered, posted)] == ["deny"] * 3
    assert "requirement_unmet" in kept.why
    assert all(one.why for one in (delivered, posted))
    assert kept.env["req"] == suspended.env["req"] == changed.env["req"]


def by_id(entries: list[Entry]) -> dict[str, Entry]:
    return {str(one.id): one for one in entries}
