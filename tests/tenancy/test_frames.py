"""Every frame that a client may send, with the ids of another workspace: there is no such thing, and nothing moves."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from asgiref.sync import sync_to_async

from rooms import frames
from rooms.cursors import cursor_of
from rooms.models import Thread
from tenancy.actor import new_id
from tests.asserts import recorded, state_of
from tests.sockets import chat
from tests.world import World

IDS = ("room", "message", "thread", "user", "reply_to", "around")
LISTS = {"room.create": "members", "direct.open": "people"}
WITHOUT_IDS = {"hello", "ping", "presence.set", "rooms.browse"}
CHANGES_ITSELF = {"room.create"}
"""What is right in the frame is done: the room is there, and says who could not be added to it."""


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture(scope="module")
def pluto(committed):
    return committed("pluto")


def _cursor(world: World, room_id: UUID, seq: int) -> str:
    with world.inside():
        return cursor_of(world.id, room_id, seq)


def things(world: World) -> dict[str, Any]:
    """Ids of everything that a frame can name, all of one workspace."""
    first = world.says("ada", "titan", "A first word.")
    world.says("grace", "titan", "And a reply.", reply_to=first.message_id)
    somebody = world.person(f"p{new_id().hex}").id
    titan = world.rooms["titan"].id
    with world.inside():
        thread = Thread.objects.get(root_id=first.message_id)
    return {
        "room": titan,
        "message": first.message_id,
        "around": first.message_id,
        "reply_to": first.message_id,
        "thread": thread.id,
        "user": somebody,
        "people": [somebody],
        "members": [somebody],
        "cursor": _cursor(world, titan, first.seq),
    }


def filled(kind: type[frames.Frame], ids: dict[str, Any]) -> dict[str, Any]:
    """The required fields of a frame, and every optional one that names a thing."""
    given = {
        "client_id": new_id(),
        "body": "Hello?",
        "emoji": "👍",
        "role": "member",
        "kind": "private",
        "name": f"made by {new_id()}",
        "text": "",
        "state": "away",
        "marking": "SECRET",
        "muted": True,
        "favourite": True,
        "after": ids["cursor"],
    } | ids
    fields = msgspec.inspect.type_info(kind).fields
    named = {field.name for field in fields if field.required or field.name in {*IDS, "people", "members"}}
    return {name: given[name] for name in sorted(named - {"id"})}


def attempts(mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each frame with everything foreign, and with one foreign thing among one's own."""
    for kind in frames.CLIENT_FRAMES:
        name = kind.__struct_config__.tag
        if name in WITHOUT_IDS:
            continue
        foreign, own = filled(kind, theirs), filled(kind, mine)
        yield name, "everything", foreign
        for field in sorted(own.keys() & {*IDS, "people", "members"}):
            yield name, field, {**_without_rival(own, field), field: foreign[field]}


def _without_rival(fields: dict[str, Any], field: str) -> dict[str, Any]:
    """A post belongs to a thread or begins one: it names one of the two."""
    return {name: value for name, value in fields.items() if (name, field) != ("thread", "reply_to")}


def test_every_frame_that_names_a_thing_is_tried(olympus, pluto):
    tried = {name for name, _what, _fields in attempts(things(olympus), things(pluto))}

    assert tried == {kind.__struct_config__.tag for kind in frames.CLIENT_FRAMES} - WITHOUT_IDS
    assert len(tried) > 25


async def test_things_of_another_workspace_do_not_exist_whatever_frame_asks(server, olympus, pluto):
    mine, theirs = await sync_to_async(things)(olympus), await sync_to_async(things)(pluto)
    before = [await sync_to_async(state_of)(world.id) for world in (olympus, pluto)]
    answers = {}

    async with chat(server, olympus, "ada") as ada:
        for name, what, fields in attempts(mine, theirs):
            if name == "typing":
                await ada.send(name, **fields)
            elif name not in CHANGES_ITSELF:
                answers[name, what] = await ada.ask(name, **fields)

    assert {asked: answer for asked, answer in answers.items() if answer.get("code") != "not_found"} == {}
    assert [await sync_to_async(state_of)(world.id) for world in (olympus, pluto)] == before


async def test_whose_thing_it_is_makes_no_difference_to_the_answer(server, olympus, pluto):
    """Foreign, hidden and absent look the same (R11)."""
    mine, theirs = await sync_to_async(things)(olympus), await sync_to_async(things)(pluto)
    absent = {name: new_id() for name in ("room", "message", "thread", "user")}

    async with chat(server, olympus, "eve") as eve:
        for asked in ("room.open", "message.edit", "thread.open", "message.delete", "access.explain"):
            kind = next(one for one in frames.CLIENT_FRAMES if one.__struct_config__.tag == asked)
            answers = [await eve.ask(asked, **filled(kind, mine | ids)) for ids in (theirs, absent, {})]
            said = [{key: one[key] for key in ("t", "code", "message")} for one in answers]
            assert said[0] == said[1] == said[2], asked


async def test_what_was_tried_is_on_record(server, olympus, pluto):
    theirs = await sync_to_async(things)(pluto)
    mine = await sync_to_async(things)(olympus)
    entries = (
        {name for name, what, _ in attempts(mine, theirs) if what == "everything"}
        - CHANGES_ITSELF
        - {"typing", "direct.open"}
    )
    silent = []

    async with chat(server, olympus, "ada") as ada:
        for name in sorted(entries):
            kind = next(one for one in frames.CLIENT_FRAMES if one.__struct_config__.tag == name)
            before = {one.id for one in await sync_to_async(recorded)(olympus)}
            await ada.ask(name, **filled(kind, theirs))
            fresh = [one for one in await sync_to_async(recorded)(olympus) if one.id not in before]
            if not [one for one in fresh if one.outcome in ("refused", "deny")]:
                silent.append(name)

    assert silent == []


async def test_a_new_room_says_who_could_not_be_added_to_it(server, olympus, pluto):
    stranger = (await sync_to_async(things)(pluto))["user"]
    wanted = {"kind": "private", "name": "crater", "members": [stranger]}

    async with chat(server, olympus, "ada") as ada:
        data = (await ada.ask("room.create", **wanted))["data"]
        listed = await ada.result("members.list", room=data["room"]["id"])

    assert [one["user"] for one in data["refused"]] == [str(stranger)]
    assert [one["person"]["username"] for one in listed["members"]] == ["ada"]


async def test_hello_resumes_no_room_of_another_workspace(server, olympus, pluto):
    theirs = await sync_to_async(things)(pluto)

    async with chat(server, olympus, "ada", resume={theirs["room"]: theirs["cursor"]}) as ada:
        assert ada.welcome["resumed"] == {}
        assert str(theirs["room"]) not in str(ada.welcome)


async def test_what_is_shown_of_a_workspace_is_its_own(server, olympus, pluto):
    """Frames that name nothing: nobody and nothing of the other workspace is in the answer."""
    theirs = {str(one.id) for one in [*pluto.people.values(), *pluto.rooms.values()]}

    async with chat(server, olympus, "ada") as ada:
        said = [ada.welcome, await ada.ask("rooms.browse", text=""), await ada.ask("people.find", text="")]
        said.append(await ada.ask("threads.list"))

    assert not [one for one in theirs if one in str(said)]
