"""The requirement builder: rows and text are equal, and who would lose access is told before a save (PO-2)."""

import json
from typing import Any

import pytest

from policy.catalogue import Flag
from rooms.models import Membership, Room
from tests.asserts import unchanged
from tests.console.conftest import Console
from tests.world import GUARD


def page(console: Console, more: str = "") -> str:
    return f"/console/rooms/room/{console.world.rooms['titan'].id}/requirement/{more}"


def previewed(console: Console, username: str = "ada", **asked: Any) -> dict[str, Any]:
    body = json.dumps({"named": [], **asked})
    answer = console.client(username).post(page(console, "preview/"), body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


@pytest.mark.parametrize(
    "text",
    [
        GUARD,
        "clearance >= resource.marking AND department present",
        "program all_of {TITAN, APOLLO} AND group any_of {CREW}",
        'nationality in {"XX", "YY"} AND environment.device_compliant = true',
        "",
    ],
)
def test_rows_and_text_say_the_same(console: Console, text: str):
    by_text = previewed(console, text=text)
    by_rows = previewed(console, rows=by_text["rows"])

    assert by_rows["text"] == by_text["text"]
    assert by_rows["rows"] == by_text["rows"]
    assert by_rows["words"] == by_text["words"]
    assert len(by_text["words"]) == len(by_text["rows"])


def test_the_preview_names_who_would_lose_access_and_saves_nothing(console: Console):
    with unchanged(console.world):
        told = previewed(console, text="clearance >= TOP_SECRET")["roster"]

    assert told["finding"] == "2 of 2 people would lose access."
    assert {one["name"] for one in told["who_loses"]} == {"ada", "Grace"}
    assert told["who_loses"][0]["missing"] == ["clearance >= TOP_SECRET"]
    assert told["ownerless"] is True
    assert told["yourself"] is True


def test_the_preview_tells_no_value_of_anybody(console: Console):
    console.world.knows("grace", {"clearance": "CUI", "program": ["TITAN"]})

    told = json.dumps(previewed(console, text="clearance >= TOP_SECRET"))

    assert '"CUI"' not in told


def test_the_preview_agrees_with_what_then_happens(console: Console):
    world = console.world
    world.person("hedy", {"clearance": "TOP_SECRET", "program": ["TITAN"]})
    world.joins("hedy", "titan")
    text = "clearance >= TOP_SECRET AND program any_of {TITAN}"
    told = previewed(console, text=text)["roster"]

    console.post("ada", page(console), text=text)

    held = console.rows(Membership, room=world.rooms["titan"])
    suspended = {one.user_id for one in held if one.state == "suspended"}
    assert len(suspended) == told["loses"] == 2
    assert told["unchanged"] == 1
    assert suspended == {world.people["ada"].id, world.people["grace"].id}


def test_what_cannot_be_read_is_answered_with_place_and_remedy(console: Console):
    problem = previewed(console, text="clearance >= AND")["problem"]

    assert problem["line"] == 1
    assert problem["column"] == 14
    assert problem["remedy"]


def test_a_broken_text_is_not_saved_and_the_form_says_why(console: Console):
    with unchanged(console.world):
        answer = console.post("ada", page(console), text="clearance >= NOTHING")

    assert answer.status_code == 400
    assert "The value is not one of those listed." in answer.content.decode()
    assert "clearance &gt;= NOTHING" in answer.content.decode()


def test_saving_is_one_action_with_its_record(console: Console):
    answer = console.post("ada", page(console), text="clearance >= CONFIDENTIAL")

    assert answer.status_code == 302
    assert console.rows(Room, id=console.world.rooms["titan"].id)[0].requirement == "clearance >= CONFIDENTIAL"
    assert console.decided("room:requirement:set", "permit", "ada") >= 1
    assert (
        len(
            console.entries(
                kind="policy:requirement:changed", store="security", actor_id=console.world.people["ada"].id
            )
        )
        == 1
    )


def test_who_does_not_manage_policy_neither_previews_nor_saves(console: Console):
    who = console.flagged("hedy", Flag.MANAGE_DIRECTORY)

    with unchanged(console.world):
        answers = [
            console.get(who, page(console)),
            console.client(who).post(page(console, "preview/"), "{}", content_type="application/json"),
            console.post(who, page(console), text=""),
        ]

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert console.decided("room:requirement:set", "deny", who) == 3
