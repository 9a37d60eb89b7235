"""Talking over sockets: what is said reaches everybody who may hear it, whole, once and in order (CH-1, CH-2)."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async

from policy.catalogue import RoomRole
from rooms.frames import CHANGES
from rooms.models import Room, RoomKind
from rooms.posting import Post
from rooms.postqueue import commit_posts, ring_others
from tenancy.actor import new_id
from tests.rooms.test_socket_entry import messages_in
from tests.sockets import chat
from tests.world import World


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture
def room(olympus: World) -> Room:
    """A room of ada's and grace's for this test alone."""
    return olympus.own_room("grace", kind=RoomKind.PUBLIC)


def a_reader(world: World, room: Room) -> str:
    """Somebody who may read there and no more."""
    username = world.somebody()
    world.joins(username, next(name for name, one in world.rooms.items() if one.id == room.id), role=RoomRole.READER)
    return username


def parts(frame: dict) -> list[str]:
    return [part["md"] for part in frame["data"]["parts"]]


def of(room: Room):
    return lambda frame: frame["room"] == str(room.id)


async def test_a_post_is_acknowledged_and_everybody_hears_it_once(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        acks = [await ada.post(room.id, f"Word {number}") for number in range(10)]
        heard = [await grace.expects("event", of(room)) for _ in range(10)]
        own = [await ada.expects("event", of(room)) for _ in range(10)]

        assert not [one for one in grace.seen + ada.seen if one["t"] == "event"]

    assert [parts(one) for one in heard] == [[f"Word {number}"] for number in range(10)]
    assert (
        [one["data"]["id"] for one in heard] == [one["data"]["id"] for one in own] == [one["message"] for one in acks]
    )
    assert [one["cursor"] for one in heard] == [one["cursor"] for one in acks]
    assert [one["prev"] for one in heard[1:]] == [one["cursor"] for one in heard[:-1]]


async def test_two_sockets_that_race_under_one_client_id_get_one_message(server, olympus, room):
    async with chat(server, olympus, "grace") as desk, chat(server, olympus, "grace") as phone:
        for _ in range(10):
            client_id = new_id()
            first, second = await asyncio.gather(
                desk.post(room.id, "Once.", client_id=client_id), phone.post(room.id, "Once.", client_id=client_id)
            )
            answers = [one for one in (first, second) if one["t"] == "ack"]
            assert {one["message"] for one in answers} == {answers[0]["message"]}
            assert all(one["code"] == "conflict" for one in (first, second) if one["t"] == "error")

    assert await sync_to_async(messages_in)(olympus, room.id) == 10


async def test_after_a_drop_exactly_what_was_missed_is_told(server, olympus, room):
    async with chat(server, olympus, "ada") as ada:
        async with chat(server, olympus, "grace") as grace:
            await ada.post(room.id, "Heard.")
            last = await grace.expects("event", of(room))
            await grace.drop()
        missed = [await ada.post(room.id, f"Missed {number}") for number in range(3)]
        await ada.result("message.edit", message=last["data"]["id"], body="Heard, and changed.")

        async with chat(server, olympus, "grace", resume={room.id: last["cursor"]}) as grace:
            resumed = grace.welcome["resumed"][str(room.id)]
            await ada.post(room.id, "Live again.")
            next_one = await grace.expects("event", of(room))

    assert {one["id"] for one in resumed["messages"]} == {last["data"]["id"], *(one["message"] for one in missed)}
    assert [one["parts"][0]["md"] for one in resumed["messages"]][-1] == "Heard, and changed."
    assert not resumed["resync"]
    assert next_one["prev"] == resumed["cursor"]


async def test_who_missed_nothing_is_told_nothing(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        ack = await ada.post(room.id, "Heard.")
        changes = await grace.result("room.changes", room=room.id, after=ack["cursor"])

    assert (changes["messages"], changes["cursor"], changes["resync"]) == ([], ack["cursor"], False)


def said_a_lot(world: World, room: Room, times: int, body: str = "Noise.") -> None:
    actor = world.actor("ada")
    posts = [Post(actor, room.id, new_id(), body) for _ in range(times)]
    for start in range(0, times, 250):
        ring_others(world.id, commit_posts(world.id, posts[start : start + 250]))


async def test_who_was_away_too_long_starts_afresh(server, olympus, room):
    async with chat(server, olympus, "grace") as grace:
        page = await grace.result("room.open", room=room.id)
        await grace.drop()
    await sync_to_async(said_a_lot)(olympus, room, CHANGES + 1)

    async with chat(server, olympus, "grace", resume={room.id: page["cursor"]}) as grace:
        resumed = grace.welcome["resumed"][str(room.id)]
        newest = await grace.result("room.open", room=room.id, limit=100)

    assert (resumed["resync"], resumed["messages"]) == (True, [])
    assert (len(newest["messages"]), newest["more_before"]) == (100, True)


async def test_a_cursor_that_is_none_of_ours_starts_afresh(server, olympus, room):
    async with chat(server, olympus, "grace", resume={room.id: "A" * 22}) as grace:
        assert grace.welcome["resumed"][str(room.id)]["resync"]


async def test_a_long_room_is_read_in_pages_that_fit_together(server, olympus, room):
    await sync_to_async(said_a_lot)(olympus, room, 25)
    async with chat(server, olympus, "grace") as grace:
        newest = await grace.result("room.open", room=room.id, limit=10)
        older = await grace.result("room.open", room=room.id, limit=10, before=newest["before"])
        oldest = await grace.result("room.open", room=room.id, limit=10, before=older["before"])
        middle = older["messages"][5]["id"]
        around = await grace.result("room.open", room=room.id, limit=6, around=middle)
        after = await grace.result("room.open", room=room.id, limit=10, after=older["after"])

    ids = [one["id"] for page in (oldest, older, newest) for one in page["messages"]]
    assert len(ids) == len(set(ids)) == 25
    assert (newest["more_before"], oldest["more_before"]) == (True, False)
    assert middle in [one["id"] for one in around["messages"]]
    assert [one["id"] for one in after["messages"]] == [one["id"] for one in newest["messages"]]


async def test_what_is_changed_afterwards_reaches_everybody(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        message = (await grace.post(room.id, "First words."))["message"]
        await ada.expects("event", of(room))

        await grace.result("message.edit", message=message, body="Better words.")
        edited = await ada.expects("event", lambda one: one["kind"] == "message.changed")
        await ada.result("reaction.add", message=message, emoji="🚀")
        reacted = await grace.expects("event", lambda one: bool(one["data"]["reactions"]))
        history = await ada.result("message.history", message=message)
        await grace.result("message.delete", message=message)
        deleted = await ada.expects("event", lambda one: one["data"]["deleted"] is not None)

    assert (parts(edited), edited["data"]["revision"]) == (["Better words."], 1)
    assert reacted["data"]["reactions"] == [{"emoji": "🚀", "count": 1, "people": [str(olympus.people["ada"].id)]}]
    assert [one["parts"][0]["md"] for one in history["revisions"]] == ["First words.", "Better words."]
    assert (deleted["data"]["parts"], deleted["data"]["deleted"]["by"]) == ([], "author")


async def test_another_name_reaches_everybody_in_the_room(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.result("room.update", room=room.id, name=f"renamed {room.id}", topic="A new one")
        told = [
            await one.expects("room.changed", lambda frame: frame["room"]["id"] == str(room.id)) for one in (ada, grace)
        ]

    assert {frame["room"]["name"] for frame in told} == {f"renamed {room.id}"}
    assert {frame["room"]["topic"] for frame in told} == {"A new one"}


async def test_an_archived_room_takes_no_posts_from_anybody(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        await ada.result("room.archive", room=room.id)
        told = await grace.expects("room.changed", lambda frame: frame["room"]["state"] == "archived")
        refused = await grace.post(room.id, "Too late.")
        page = await grace.result("room.open", room=room.id)
        await ada.result("room.unarchive", room=room.id)
        await grace.expects("room.changed", lambda frame: frame["room"]["state"] == "active")
        again = await grace.post(room.id, "In time.")

    assert told["room"]["id"] == str(room.id)
    assert (refused["code"], refused["field"], page["messages"]) == ("conflict", "room", [])
    assert again["t"] == "ack"


async def test_who_is_added_gets_the_room_and_the_others_a_line(server, olympus, room):
    eve = olympus.people["eve"].id
    async with (
        chat(server, olympus, "grace") as grace,
        chat(server, olympus, "ada") as ada,
        chat(server, olympus, "eve") as new,
    ):
        await ada.result("member.add", room=room.id, user=eve)
        joined = await new.expects("room.joined")
        line = await grace.expects("members.changed", of(room))
        await ada.post(room.id, "Welcome.")
        heard = await new.expects("event", of(room))
        await ada.result("member.role", room=room.id, user=eve, role="reader")
        changed = await new.expects("room.changed", lambda one: one["room"]["role"] == "reader")
        silent = await new.post(room.id, "A question?")
        await ada.result("member.remove", room=room.id, user=eve)
        left = await new.expects("room.left")
        await ada.post(room.id, "Among ourselves.")
        await grace.expects("event", lambda one: parts(one) == ["Among ourselves."])
        gone = await new.post(room.id, "Hello?")

        assert "Among ourselves." not in "".join(new.heard)

    assert (joined["room"]["id"], line["change"], line["user"]["username"]) == (str(room.id), "joined", "eve")
    assert parts(heard) == ["Welcome."]
    assert changed["room"]["id"] == str(room.id)
    assert (silent["code"], gone["t"]) == ("denied", "error")
    assert left["room"] == str(room.id)


async def test_typing_is_told_to_who_reads_there_and_by_who_may_write(server, olympus, room):
    listener = await sync_to_async(a_reader)(olympus, room)
    async with (
        chat(server, olympus, "ada") as ada,
        chat(server, olympus, "grace") as grace,
        chat(server, olympus, "eve") as eve,
        chat(server, olympus, listener) as reader,
    ):
        await ada.post(room.id, "Now.")
        await grace.expects("event", of(room))
        await ada.send("typing", room=room.id)
        told = await grace.expects("typing")
        await reader.expects("typing")
        await eve.send("typing", room=room.id)
        await reader.send("typing", room=room.id)
        await ada.send("typing", room=room.id, thread=new_id())
        await asyncio.gather(ada.ask("ping"), eve.ask("ping"), grace.ask("ping"))
        await asyncio.sleep(0.5)

        assert not [one for one in ada.seen + eve.seen + grace.seen if one["t"] == "typing"]

    assert (told["room"], told["user"]) == (str(room.id), str(olympus.people["ada"].id))


async def test_what_one_reads_on_one_device_is_read_on_the_other(server, olympus, room):
    async with (
        chat(server, olympus, "ada") as ada,
        chat(server, olympus, "grace") as desk,
        chat(server, olympus, "grace") as phone,
    ):
        first = await ada.post(room.id, "One, @grace.")
        await ada.post(room.id, "Two.")
        counted = await desk.result("read.set", room=room.id, message=first["message"])
        told = await phone.expects("read", of(room))
        back = await desk.result("read.unread_from", room=room.id, message=first["message"])

    assert (counted["unread"], counted["mentions"]) == (1, 0)
    assert (told["unread"], told["mentions"], told["message"]) == (1, 0, first["message"])
    assert (back["unread"], back["mentions"]) == (2, 1)


async def test_people_come_and_go_before_everybodys_eyes(server, olympus):
    linus = olympus.people[await sync_to_async(olympus.somebody)()]
    mine = lambda frame: frame["user"] == str(linus.id)  # noqa: E731 - reads as what it is
    async with chat(server, olympus, "ada") as ada:
        async with chat(server, olympus, linus.username) as one:
            assert (await ada.expects("presence", mine))["state"] == "active"
            await one.result("presence.set", state="dnd")
            assert (await ada.expects("presence", mine))["state"] == "dnd"
        assert (await ada.expects("presence", mine))["state"] == "offline"


async def test_a_conversation_appears_for_everybody_in_it(server, olympus):
    eve = olympus.people["eve"].id
    async with chat(server, olympus, "grace") as grace, chat(server, olympus, "eve") as other:
        opened = (await grace.result("direct.open", people=[eve]))["room"]
        appeared = (await other.expects("room.joined"))["room"]
        await grace.post(opened["id"], "Between us.")
        heard = await other.expects("event", lambda one: one["room"] == opened["id"])

    assert (appeared["id"], appeared["kind"]) == (opened["id"], "direct")
    assert set(appeared["people"]) == {str(eve), str(olympus.people["grace"].id)}
    assert parts(heard) == ["Between us."]


async def test_what_is_said_at_once_reaches_who_is_still_on_the_way_in(server, olympus):
    """Between what is read for somebody and the seat in the room lies a moment; nothing is lost in it."""
    people = [olympus.people[await sync_to_async(olympus.somebody)()] for _ in range(5)]
    async with chat(server, olympus, "grace") as grace, AsyncExitStack() as sockets:
        others = [await sockets.enter_async_context(chat(server, olympus, one.username)) for one in people]
        for person, other in zip(people, others, strict=True):
            room = (await grace.result("direct.open", people=[person.id]))["room"]["id"]
            ack = await grace.post(room, "Are you there?")
            appeared = (await other.expects("room.joined"))["room"]
            if appeared["cursor"] != ack["cursor"]:
                heard = await other.expects("event", lambda one, room=room: one["room"] == room)
                assert (heard["cursor"], heard["prev"]) == (ack["cursor"], appeared["cursor"])


async def test_a_reply_opens_a_thread_for_everybody(server, olympus, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        root = (await ada.post(room.id, "Go or no go?"))["message"]
        thread = (await grace.post(room.id, "Go.", reply_to=root))["thread"]
        reply = await ada.expects("event", lambda one: one["data"]["in_thread"] is not None)
        opened = await ada.result("thread.open", thread=thread)
        listed = await ada.result("threads.list", room=room.id)
        again = await ada.post(room.id, "Copy.", thread=thread)

    assert reply["data"]["in_thread"] == thread == again["thread"]
    assert (opened["thread"]["root"]["id"], opened["thread"]["replies"]) == (root, 1)
    assert [one["id"] for one in listed["threads"]] == [thread]


async def test_who_looks_around_finds_what_may_be_found(server, olympus, room):
    async with chat(server, olympus, "eve") as eve:
        found = await eve.result("rooms.browse", text="vault")
        entered = await eve.result("room.join", room=room.id)
        people = await eve.result("people.find", text="gra", room=room.id)
        members = await eve.result("members.list", room=room.id)
        why = await eve.result("access.explain", room=room.id)
        audience = await eve.result("audience", room=room.id, marking="SECRET")
        await eve.result("room.mute", room=room.id, muted=True)
        await eve.result("room.favourite", room=room.id, favourite=True)
        await eve.result("room.leave", room=room.id)

    assert str(room.id) in {one["id"] for one in found["rooms"]}
    assert str(olympus.rooms["titan"].id) not in {one["id"] for one in found["rooms"]}
    assert entered["room"]["role"] == "member"
    assert [one["username"] for one in people["people"]] == ["grace"]
    assert {one["person"]["username"] for one in members["members"]} == {"ada", "grace", "eve"}
    assert (why["verdict"], audience) == ("permit", {"can_read": 3, "members": 3})


async def test_a_reader_is_offered_less(server, olympus, room):
    linus = await sync_to_async(a_reader)(olympus, room)

    async with chat(server, olympus, linus) as reader, chat(server, olympus, "ada") as ada:
        powers = {one["id"]: set(one["powers"]) for socket in (reader, ada) for one in socket.welcome["rooms"]}
        mine = next(one["powers"] for one in reader.welcome["rooms"] if one["id"] == str(room.id))

    assert "room:message:post" not in mine
    assert {"room:room:update", "room:member:remove"} <= powers[str(room.id)]
