"""Two people talk over real sockets; one loses access while they do."""

import pytest
from asgiref.sync import sync_to_async

from tests.sockets import chat
from tests.world import furnish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def olympus(transactional_db):
    return furnish("olympus")


async def test_what_one_says_the_other_hears(server, olympus):
    titan = olympus.rooms["titan"].id
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        ack = await grace.post(titan, "Safe mode margins hold.")

        heard = await ada.expects("event")

    assert ack["t"] == "ack"
    assert heard["data"]["parts"] == [{"marking": "SECRET", "md": "Safe mode margins hold."}]
    assert heard["cursor"] == ack["cursor"]


async def test_a_lost_entitlement_ends_access_on_the_open_socket(server, olympus):
    titan = olympus.rooms["titan"].id
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.post(titan, "Before.")
        await grace.expects("event")

        await sync_to_async(olympus.knows)("grace", {"clearance": "SECRET"})

        left = await grace.expects("room.left")
        await ada.post(titan, "After.")
        refused = await grace.post(titan, "Still here?")

    assert left["room"] == str(titan)
    assert refused["t"] == "error"
    assert not [frame for frame in grace.seen if frame["t"] == "event"]
