"""What is lost on the way is found: heads, epochs, doorbells that do not ring."""

import time

import pytest
from asgiref.sync import sync_to_async

from policy import epochs
from policy.models import EpochKind
from rooms import doorbell, loading, news, realtime
from rooms.actions.messages import posted_news
from rooms.cursors import cursor_of
from rooms.models import Membership
from rooms.posting import Post
from rooms.postqueue import commit_posts
from tenancy.actor import new_id
from tests.sockets import chat
from tests.world import CLEARED, World


def posts(world: World, count: int) -> list[Post]:
    return [Post(world.actor("grace"), world.rooms["titan"].id, new_id(), f"Word {number}") for number in range(count)]


def test_news_carries_ids_and_never_words(olympus):
    posted = commit_posts(olympus.id, posts(olympus, 1))

    packed = doorbell.pack(posted_news(olympus.id, posted))

    assert b"Word" not in packed
    assert set(news.MessagesChanged.__struct_fields__) == {"workspace_id", "room_id", "posted", "message_ids", "seqs"}


def test_heads_are_how_far_each_room_has_come(olympus):
    commit_posts(olympus.id, posts(olympus, 3))
    titan, lobby = olympus.rooms["titan"].id, olympus.rooms["lobby"].id

    heads = loading.heads(olympus.id, [titan, lobby])

    with olympus.inside():
        assert heads == {titan: cursor_of(olympus.id, titan, 3), lobby: cursor_of(olympus.id, lobby, 0)}


@pytest.fixture(scope="module")
def standing(committed):
    return committed("olympus")


@pytest.mark.slow
async def test_every_half_minute_a_socket_is_told_how_far_its_rooms_have_come(server, standing):
    async with chat(server, standing, "grace") as grace:
        titan = str(standing.rooms["titan"].id)
        ack = await grace.post(titan, "The last word.")
        head = await grace.expects(
            "head", lambda one: one["rooms"].get(titan) == ack["cursor"], within=2 * realtime.HEADS + 5
        )

    assert set(head["rooms"]) == {room["id"] for room in grace.welcome["rooms"]}


async def test_a_revocation_whose_doorbell_was_lost_is_found_within_seconds(server, standing):
    """The net under the doorbell: epochs that have moved are asked for once a second."""
    person = await sync_to_async(standing.person)("linus", CLEARED)
    await sync_to_async(standing.joins)("linus", "titan")

    def revoke_in_silence():
        with standing.inside():
            Membership.objects.filter(user_id=person.id, room_id=standing.rooms["titan"].id).update(state="suspended")
            epochs.bump(standing.id, EpochKind.SUBJECT, [person.id])

    async with chat(server, standing, "linus") as linus:
        await linus.result("room.open", room=standing.rooms["titan"].id)
        started = time.monotonic()
        await sync_to_async(revoke_in_silence)()
        left = await linus.expects("room.left")

    assert left["room"] == str(standing.rooms["titan"].id)
    assert time.monotonic() - started < 8
