"""Access on an open socket: withheld, covered, uncovered, ended; at once, without a reload (PO-8, ID-7, ID-9, AD-4)."""

import asyncio
import json
import time
from collections.abc import Sequence
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from accounts.actions import assign_role, create_role, deactivate_user, give_grant, revoke_session, set_password
from audit.access import sealed_recipients
from audit.events import Event
from audit.models import AuditEvent
from keys import envelope
from keys.envelope import Place, Scope
from policy.catalogue import Action, Flag, RoomRole
from policy.types import Effect
from rooms import loading
from rooms.actions.rooms import set_requirement
from rooms.answers import farewell
from rooms.frames import Close
from rooms.markings import up_to
from rooms.models import Room
from tenancy.actor import new_id
from tenancy.errors import Invalid, RateLimited, Unavailable
from tests.asserts import assert_audited, decided
from tests.policy.sets import decree, rule
from tests.sockets import chat, connect, serving
from tests.world import CLEARED, World

MARKINGS = ("CONFIDENTIAL", "SECRET")
PASSWORD = "the crew has left the pad"


@pytest.fixture(scope="module")
def olympus(committed):
    return committed("olympus")


@pytest.fixture
def somebody(olympus: World) -> str:
    """A cleared person for this test alone, in lobby and titan."""
    username = olympus.somebody(CLEARED)
    olympus.joins(username, "lobby")
    olympus.joins(username, "titan")
    return username


@pytest.fixture
def room(olympus: World, somebody: str) -> Room:
    return olympus.own_room(somebody)


def of(room: Room):
    return lambda frame: frame["room"] == str(room.id)


def name_of(world: World, room: Room) -> str:
    return next(name for name, one in world.rooms.items() if one.id == room.id)


@pytest.fixture
def nobodys_policy(olympus):
    """Whatever a test decrees is over with it."""
    yield
    decree(olympus)


async def test_what_is_withheld_from_somebody_never_leaves_for_them(server, olympus, somebody, room, nobodys_policy):
    """The frame, the page, the changes, the history, the thread: the words are in none of them (R10)."""
    secret = "zirconium-hydride"
    hide = rule(
        "hide", "redact", "room:message:deliver",
        condition='resource.marking >= SECRET and department = "GUESTS"', scope={"names": [name_of(olympus, room)]},
    )  # fmt: skip
    await sync_to_async(decree)(olympus, hide)
    await sync_to_async(olympus.knows)(somebody, {**CLEARED, "department": "GUESTS"})

    async with chat(server, olympus, "ada") as ada, chat(server, olympus, somebody) as guest:
        before = await guest.result("room.open", room=room.id)
        ack = await ada.post(room.id, f"The moderator is {secret}.")
        event = await guest.expects("event", of(room))
        await ada.result("message.edit", message=ack["message"], body=f"It is {secret}!")
        await guest.expects("event", of(room))
        reply = await ada.post(room.id, f"{secret}, indeed.", reply_to=ack["message"])
        await ada.post(room.id, "Lunch at noon.", marking="CUI")
        plain = await guest.expects("event", lambda one: one["data"]["marking"] == "CUI")
        await guest.result("room.open", room=room.id)
        await guest.result("room.changes", room=room.id, after=before["cursor"])
        await guest.ask("message.history", message=ack["message"])
        await guest.ask("thread.open", thread=reply["thread"])
        await guest.ask("threads.list", room=room.id)
        own = await ada.expects("event", of(room))

        assert secret not in "".join(guest.heard)

    assert (event["data"]["view"], event["data"]["parts"]) == ("withheld", [])
    assert plain["data"]["parts"] == [{"marking": "CUI", "md": "Lunch at noon."}]
    assert secret in own["data"]["parts"][0]["md"]


async def test_a_room_that_wants_a_fresh_proof_is_covered_until_then(server, olympus, somebody, room, nobodys_policy):
    step_up = [{"name": "step_up", "params": {"max_age": 300}}]
    scope = {"names": [name_of(olympus, room)]}
    user_id = olympus.people[somebody].id
    await sync_to_async(set_password)(olympus.system, user_id=user_id, password=PASSWORD)
    olympus._signed_in[somebody] = await sync_to_async(olympus.sign_in)(somebody)

    async with chat(server, olympus, "ada") as ada, chat(server, olympus, somebody) as one:
        await ada.post(room.id, "Before.")
        await one.expects("event", of(room))
        await sync_to_async(decree)(
            olympus, rule("confirm", "permit", "room:message:*", obligations=step_up, scope=scope)
        )
        covered = await one.expects("room.covered", of(room))
        await ada.expects("room.covered", of(room))
        refused = await one.ask("room.open", room=room.id)

        await sync_to_async(confirm)(olympus, somebody)
        await one.expects("room.uncovered", of(room))
        page = await one.result("room.open", room=room.id)
        answered = await one.post(room.id, "It is me.")

    assert covered["state"] == "step_up"
    assert (refused["code"], refused["max_age"]) == ("step_up_required", "300")
    assert [message["parts"][0]["md"] for message in page["messages"]] == ["Before."]
    assert answered["t"] == "ack"


def confirm(world: World, username: str) -> None:
    """As the client does it, over HTTP."""
    client = Client(HTTP_HOST=f"{world.workspace.slug}.localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = world.token(username)
    answer = client.post("/api/v1/step-up/", {"password": PASSWORD}, content_type="application/json")
    assert answer.status_code == 200, answer.content


async def test_a_revoked_session_is_closed_within_a_second(server, olympus, somebody):
    """The best of three: this machine may be busy with something else."""
    taken = []
    for _ in range(3):
        actor, token = await sync_to_async(olympus.sign_in)(somebody)
        olympus._signed_in[somebody] = (actor, token)
        async with chat(server, olympus, somebody) as one:
            await one.post(olympus.rooms["lobby"].id, "Here.")
            started = time.monotonic()
            await sync_to_async(revoke_session)(olympus.system, session_id=actor.environment.session_id)
            assert await one.closed() == Close.REVOKED
            taken.append(time.monotonic() - started)
        if min(taken) < 1:
            break

    assert min(taken) < 1
    await sync_to_async(assert_audited)(olympus, Event.SESSION_REVOKED, olympus.system)


async def test_whose_hello_is_refused_is_told_why_and_let_go(server, olympus, somebody, nobodys_policy):
    """Nobody stays connected without a seat: what is revoked would not reach that socket."""
    out = rule("out", "deny", str(Action.WORKSPACE_VIEW), condition='department = "GUESTS"')
    await sync_to_async(decree)(olympus, out)
    await sync_to_async(olympus.knows)(somebody, {**CLEARED, "department": "GUESTS"})

    async with connect(server, olympus, somebody) as guest:
        answer = await guest.ask("hello")
        code = await guest.closed()

    assert (answer["t"], answer["code"]) == ("error", "denied")
    assert code == Close.SERVER_ERROR
    assert Close(code).resumable
    assert await sync_to_async(decided)(olympus, Action.WORKSPACE_VIEW, Effect.DENY)


async def test_daphne_ends_sockets_with_the_same_codes(olympus, somebody, nobodys_policy):
    welcome = await sync_to_async(olympus.somebody)(CLEARED)
    out = rule("out", "deny", str(Action.WORKSPACE_VIEW), condition='department = "GUESTS"')
    await sync_to_async(decree)(olympus, out)
    await sync_to_async(olympus.knows)(somebody, {**CLEARED, "department": "GUESTS"})

    with serving(ASGI_SERVER="daphne") as (port, _process):
        async with connect(port, olympus, somebody) as guest:
            answer = await guest.ask("hello")
            refused = await guest.closed()
        async with connect(port, olympus, "ada", token="crd_made_up") as stranger:
            unknown = await stranger.closed()
        async with chat(port, olympus, welcome) as one:
            session_id = UUID(one.welcome["session"]["id"])
            await sync_to_async(revoke_session)(olympus.system, session_id=session_id)
            revoked = await one.closed()

    assert answer["code"] == "denied"
    assert (refused, unknown, revoked) == (Close.SERVER_ERROR, Close.NOT_SIGNED_IN, Close.REVOKED)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("broken"), Close.SERVER_ERROR),
        (Unavailable("later"), Close.SERVER_ERROR),
        (RateLimited("slowly", retry_after=3), Close.TOO_MANY),
        (Invalid("what?", field="resume"), Close.MALFORMED),
    ],
    ids=repr,
)
def test_a_failed_hello_says_whether_to_come_back(error, code):
    assert farewell(error) == code


async def test_other_sessions_of_the_same_person_go_on(server, olympus, somebody):
    other, _token = await sync_to_async(olympus.sign_in)(somebody)
    async with chat(server, olympus, somebody) as stays:
        await sync_to_async(revoke_session)(olympus.system, session_id=other.environment.session_id)

        assert (await stays.post(olympus.rooms["lobby"].id, "Still here."))["t"] == "ack"


async def test_who_is_deactivated_is_out_everywhere_at_once(server, olympus, somebody):
    async with chat(server, olympus, somebody) as desk, chat(server, olympus, somebody) as phone:
        await sync_to_async(deactivate_user)(olympus.system, user_id=olympus.people[somebody].id)

        assert [await desk.closed(), await phone.closed()] == [Close.REVOKED, Close.REVOKED]


async def test_another_role_reaches_the_open_client(server, olympus, somebody):
    role = await sync_to_async(create_role)(olympus.system, name=f"Renamers {somebody}", flags=[Flag.EDIT_ROOMS])
    async with chat(server, olympus, somebody) as one:
        before = one.welcome["me"]["powers"]
        await sync_to_async(assign_role)(olympus.system, role_id=role.id, user_id=olympus.people[somebody].id)
        told = await one.expects("permissions", lambda frame: "edit_rooms" in frame["powers"])
        renamed = await one.ask("room.update", room=olympus.rooms["titan"].id, topic=f"by {somebody}")

    assert "edit_rooms" not in before
    assert set(before) < set(told["powers"])
    assert renamed["t"] == "result"


async def test_who_is_cleared_below_the_room_is_offered_what_they_may_post(
    server, olympus, somebody, room, nobodys_policy
):
    scope = {"names": [name_of(olympus, room)]}
    above = rule("above", "deny", "room:message:post", condition="NOT clearance >= resource.marking", scope=scope)
    await sync_to_async(olympus.knows)(somebody, {"clearance": "CONFIDENTIAL"})
    await sync_to_async(decree)(olympus, above)

    async with chat(server, olympus, somebody) as one:
        offered = next(seen for seen in one.welcome["rooms"] if seen["id"] == str(room.id))
        explained = await one.result("access.explain", room=room.id)
        posts = [{"room": room.id, "client_id": new_id(), "body": "Go.", "marking": mark} for mark in MARKINGS]
        answers = [await one.ask("message.post", **post) for post in posts]
        told = []
        for facts in (CLEARED, {"clearance": "UNCLASSIFIED"}):
            await sync_to_async(olympus.knows)(somebody, facts)
            markings = up_to(olympus.id, facts["clearance"])
            told.append(await one.expects("permissions", offers(room, markings)))

    assert "room:message:post" in offered["powers"]
    assert offered["post_markings"] == list(up_to(olympus.id, "CONFIDENTIAL"))
    assert [answer["t"] for answer in answers] == ["ack", "error"]
    can = next(power for power in explained["can"] if power["action"] == "room:message:post")
    assert can["effect"] == "yes"
    assert can["words"].endswith("marked UNCLASSIFIED, CUI, CONFIDENTIAL")
    assert all("room:message:post" in frame["rooms"][str(room.id)]["powers"] for frame in told)


async def test_who_may_post_at_no_marking_is_offered_no_post_until_policy_allows_one(
    server, olympus, somebody, room, nobodys_policy
):
    nobody = rule("nobody", "deny", "room:message:post", scope={"names": [name_of(olympus, room)]})
    await sync_to_async(decree)(olympus, nobody)

    async with chat(server, olympus, somebody) as one:
        offered = next(seen for seen in one.welcome["rooms"] if seen["id"] == str(room.id))
        explained = await one.result("access.explain", room=room.id)
        await sync_to_async(decree)(olympus)
        await one.expects("permissions", offers(room, up_to(olympus.id, "SECRET")))

    assert "room:message:post" not in offered["powers"]
    assert offered["post_markings"] == []
    assert next(one["effect"] for one in explained["can"] if one["action"] == "room:message:post") == "no"


def offers(room: Room, markings: Sequence[str]):
    return lambda frame: frame["rooms"].get(str(room.id), {}).get("post_markings") == list(markings)


async def test_a_requirement_ends_the_access_of_those_who_do_not_meet_it(server, olympus, somebody, room):
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, somebody) as one:
        await ada.post(room.id, "Before.")
        await one.expects("event", of(room))
        await sync_to_async(set_requirement)(olympus.system, room_id=room.id, requirement='department = "FLIGHT"')
        left = await one.expects("room.left", of(room))
        await ada.expects("room.left", of(room))

    assert left["reason"]["code"] in ("denied", "not_found")
    assert left["reason"]["words"]
    records = await sync_to_async(decided)(olympus, Action.MESSAGE_DELIVER)
    assert left["decision"] in {str(record.id) for record in records}


async def test_what_comes_back_opens_the_room_again_without_a_reload(server, olympus, somebody):
    titan = olympus.rooms["titan"].id
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, somebody) as one:
        await ada.post(titan, "Before.")
        await one.expects("event")
        await sync_to_async(olympus.knows)(somebody, {"clearance": "SECRET"})
        await one.expects("room.left")
        lines = [await ada.expects("members.changed", lambda frame: frame["change"] == "revoked")]
        await ada.post(titan, "Not for everybody.")
        await sync_to_async(olympus.knows)(somebody, CLEARED)
        await one.expects("room.joined")
        lines.append(await ada.expects("members.changed", lambda frame: frame["change"] == "returned"))
        await ada.post(titan, "For everybody again.")
        heard = await one.expects("event")

        assert "Not for everybody." not in "".join(one.heard)

    assert heard["data"]["parts"][0]["md"] == "For everybody again."
    assert {line["by"] for line in lines} == {"policy"}


async def test_only_who_keeps_the_room_hears_that_policy_took_somebody_out(server, olympus, somebody):
    titan = olympus.rooms["titan"].id
    person = str(olympus.people[somebody].id)
    about = lambda frame: frame["user"]["id"] == person  # noqa: E731
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, "grace") as grace:
        async with chat(server, olympus, somebody) as one:
            await sync_to_async(olympus.knows)(somebody, {"clearance": "SECRET"})
            await one.expects("room.left")
            told = [await seat.expects("members.changed", about) for seat in (ada, grace)]
            await sync_to_async(olympus.knows)(somebody, CLEARED)
            await one.expects("room.joined")
            told += [await seat.expects("members.changed", about) for seat in (ada, grace)]

        assert not [line for line in grace.heard if "revoked" in line or "policy" in line]

    assert {frame["room"] for frame in told} == {str(titan)}
    assert [(frame["change"], frame.get("by", "nobody says")) for frame in told] == [
        ("revoked", "policy"),
        ("left", "nobody says"),
        ("returned", "policy"),
        ("joined", "nobody says"),
    ]


def keepers_of(world: World, room: str, *usernames: str) -> set[str]:
    actors = {world.actor(username).key: username for username in usernames}
    found = loading.keepers(world.rooms[room].id, [world.actor(username) for username in usernames])
    return {actors[key] for key in found}


async def test_a_room_is_kept_by_owners_moderators_and_who_may_remove_members(server, olympus, somebody):
    def arranged() -> list[set[str]]:
        granted = olympus.somebody(CLEARED)
        names = ("ada", "grace", somebody, granted)
        found = [keepers_of(olympus, "titan", *names)]
        role = create_role(olympus.system, name=f"watch of {somebody}", flags=["manage_subscribers"])
        assign_role(olympus.system, role_id=role.id, user_id=olympus.people[somebody].id)
        found.append(keepers_of(olympus, "titan", *names))
        room_id, user_id = olympus.rooms["titan"].id, olympus.people[granted].id
        give_grant(olympus.system, room_id=room_id, role=RoomRole.MODERATOR, user_id=user_id)
        found.append(keepers_of(olympus, "titan", *names) - {somebody})
        return [*found, {"ada", granted}]

    plain, with_flag, with_grant, expected = await sync_to_async(arranged)()
    assert (plain, with_flag, with_grant) == ({"ada"}, {"ada", somebody}, expected)


async def test_who_heard_what_is_on_record_sealed(server, olympus, somebody, room):
    """R25: the record of a delivery carries its recipients, and shows them only to who may open it."""
    async with chat(server, olympus, "ada") as ada, chat(server, olympus, somebody) as one:
        ack = await ada.post(room.id, "For the record.")
        await one.expects("event", of(room))
        await asyncio.sleep(1.5)

    told = await sync_to_async(deliveries)(olympus, room)
    people = {str(olympus.people[name].id) for name in ("ada", somebody)}
    assert set().union(*(one["people"] for one in told if ack["message"] in one.get("messages", ()))) == people
    entries = await sync_to_async(decided)(olympus, Action.MESSAGE_DELIVER)
    shown = [str(entry.env) for entry in entries if entry.why == ["lease"]]
    assert not [one for one in shown if any(person in one for person in people)]


def recipients_place(world: World, sealed: bytes) -> Place:
    return Place(world.id, Scope.workspace(), UUID(bytes=sealed[:16]), None, "recipients")


def deliveries(world: World, room: Room) -> list[dict]:
    """What the sealed parts of the delivery records of a room say."""
    with world.inside():
        found = AuditEvent.objects.filter(kind=Action.MESSAGE_DELIVER, room_id=room.id, outcome="permit")
        parts = [sealed_recipients(entry) for entry in found]
        places = [
            (Place(world.id, Scope.workspace(), UUID(bytes=one[:16]), None, "recipients"), one[16:]) for one in parts
        ]
        opened = [json.loads(envelope.open_(place, sealed)) for place, sealed in places]
    return [{**one, "people": set(one["people"])} for one in opened]
