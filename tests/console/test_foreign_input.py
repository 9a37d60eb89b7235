"""What comes with an address or a body tells no more than the page shows, and never ends in an error of the server."""

import json
from urllib.parse import quote

import pytest
from django.contrib import admin

from accounts.actions import set_password
from accounts.models import User
from policy.catalogue import Flag
from policy.console import ConsoleAdmin
from policy.language.documents import FORMAT
from policy.models import PolicySet
from tests.asserts import unchanged
from tests.console.conftest import Console
from tests.console.pages import PAGES
from tests.policy.sets import ANY_CASE, officer

SECRETS = {"password", "token_hash", "body", "profile"}


def _screens() -> list[ConsoleAdmin]:
    return [one for one in admin.site._registry.values() if isinstance(one, ConsoleAdmin)]


def _listed(screen: ConsoleAdmin) -> str:
    return f"/console/{screen.opts.app_label}/{screen.opts.model_name}/"


def test_a_list_cannot_be_asked_for_the_hash_of_a_password(console: Console):
    world = console.world
    set_password(world.system, user_id=world.people["grace"].id, password="the crew has left the pad")
    who = console.flagged("hedy", Flag.VIEW_FACTS)
    with world.inside():
        kept = User.objects.get(username="grace").password

    answers = [
        console.get(who, "/console/accounts/user/", password__startswith=kept[:30]),
        console.get(who, "/console/accounts/user/", password__startswith="wrong"),
        console.get(who, "/console/accounts/user/", password=kept),
        console.get(who, "/console/accounts/user/", password__isnull="1"),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert not any(b"Grace" in answer.content for answer in answers)
    assert "Grace" in console.text(who, "/console/accounts/user/")


def test_no_list_is_narrowed_by_a_field_that_no_filter_offers(rf):
    tried = 0
    for screen in _screens():
        offered = {one for one in screen.list_filter if isinstance(one, str)}
        for field in screen.model._meta.get_fields():
            lookups = ["__startswith", "__regex", "__gt", "__in", "__id", "__id__gt", "__password__startswith"]
            plain = [] if field.name in offered else ["", "__exact", "__isnull"]
            for lookup in [*lookups, *plain]:
                assert not screen.lookup_allowed(f"{field.name}{lookup}", "a", rf.get("/")), (screen, field, lookup)
                tried += 1

    assert tried > 500


def test_every_list_refuses_a_lookup_of_its_own_with_a_page(console: Console):
    answers = {_listed(one): console.get("ada", _listed(one), id__gt="0") for one in _screens()}

    assert len(answers) > 7
    assert {path: one.status_code for path, one in answers.items() if one.status_code not in (302, 400)} == {}
    assert sum("does not offer" in one.content.decode() for one in answers.values()) >= len(answers) - 1


def test_no_list_is_ordered_or_searched_by_what_it_does_not_show():
    for screen in _screens():
        model = {field.name for field in screen.model._meta.get_fields()}
        shown = {name for name in screen.list_display if name in model}
        ways = [getattr(getattr(screen, name, None), "admin_order_field", None) for name in screen.list_display]

        assert not ({str(one).rpartition("__")[2].lstrip("-") for one in (*shown, *ways) if one} & SECRETS)
        assert not ({one.rpartition("__")[2] for one in screen.search_fields} & SECRETS)


def test_filters_pages_orders_and_searches_of_a_list_still_work(console: Console):
    users, rooms, sessions = "/console/accounts/user/", "/console/rooms/room/", "/console/accounts/session/"

    assert "Grace" in console.text("ada", users, state__exact="active", o="1.-2", p="1", q="grace")
    assert "Grace" not in console.text("ada", users, state__exact="deactivated")
    assert "titan" in console.text("ada", rooms, kind__exact="private", access="governed").lower()
    assert console.text("ada", rooms, marking="SECRET", _facets="True")
    assert console.text("ada", sessions, state="live", e="1")


READS = {
    "/console/explain/": ("person", "action", "room", "session", "decision"),
    "/console/audit/": ("about", "before", "store", "family", "span", "refused"),
    "/console/decisions/": ("person", "room", "action", "effect", "span", "before"),
    "/console/suggest/people/": ("q",),
    "/console/confirm/": ("next",),
    "/console/accounts/user/": ("q", "p", "o", "all", "state__exact", "kind__isnull", "_facets", "e", "_to_field"),
    "/console/accounts/device/": ("q", "p", "compliant__exact"),
    "/console/accounts/session/": ("q", "state"),
    "/console/rooms/room/": ("q", "marking", "access", "kind__exact"),
    "/console/rooms/room/add/": ("_changelist_filters", "name", "_popup"),
    "/console/keys/": ("q",),
}
ODD = [
    "%00",
    quote("\ud800".encode("utf-8", "surrogatepass")),
    "a%20" * 2_500,
    "%5B" * 1_900,
    "9" * 1_900,
    "(%20" * 900,
]


@pytest.mark.parametrize("odd", ODD, ids=["nul", "surrogate", "long", "deep", "digits", "words"])
def test_no_parameter_of_an_address_is_an_error_of_the_server(console: Console, odd: str):
    client = console.client("ada")
    asked = [f"{path}?{name}={odd}" for path, names in READS.items() for name in names]
    asked.append(f"/console/explain/?person=ada&action=room:message:read&room={odd}")
    if odd == "%00":
        asked += [f"{path}?{odd}=1" for path in PAGES.values()]

    answers = {path[:80]: client.get(path).status_code for path in asked}

    assert {path: status for path, status in answers.items() if status not in (200, 302, 400, 404)} == {}
    if odd == "%00":
        assert {status for path, status in answers.items() if not path.startswith("/console/suggest")} <= {400, 404}


DOCUMENT = json.dumps({"format": FORMAT, "requirements": {}, "rules": []})
BAD_JSON = {
    "digits": "1" * 5_000,
    "deep": "[" * 100_000,
    "deep and closed": "[" * 5_000 + "]" * 5_000,
    "no number": "[NaN]",
    "endless number": "[1e999]",
    "nul": json.dumps([{**ANY_CASE, "name": "a\x00b"}]),
    "raw nul": "[\x00]",
    "half a character": json.dumps([{**ANY_CASE, "name": "a\ud800"}]),
    "half a key": '[{"\\udfff": 1}]',
    "long": "x" * 10_000,
    "unclosed text": '"' + '\\"' * 20_000,
}


@pytest.mark.parametrize("bad", BAD_JSON.values(), ids=BAD_JSON)
def test_a_text_of_json_that_cannot_be_taken_is_said_on_its_field(console: Console, bad: str):
    officer(console.world, "ada")

    with unchanged(console.world):
        forms = [
            {"document": DOCUMENT, "test_cases": bad},
            {"document": bad, "test_cases": json.dumps([ANY_CASE])},
        ]
        answers = [console.post("ada", "/console/policy/policyset/add/", **form) for form in forms]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("errorlist" in answer.content.decode() or "err" in answer.content.decode() for answer in answers)
    assert console.rows(PolicySet) == []


BODIES = {
    "deep": "[" * 100_000,
    "digits": "1" * 5_000,
    "digits inside": '{"text":' + "1" * 5_000 + "}",
    "deep rows": '{"rows":' + "[" * 50_000 + "]" * 50_000 + "}",
    "no list of names": '{"text":"","named":5}',
    "names that are none": '{"text":"","named":[5,null,{}]}',
    "strange name": '{"text":"","named":["\\u0000\\ud800"]}',
    "text that is none": '{"text":{"a":[1]}}',
    "long text": '{"text":"' + "x" * 10_000 + '"}',
    "nul": '{"text":"clearance >= \\u0000"}',
    "half a character": '{"text":"program any_of {\\"\\ud800\\"}"}',
    "rows that are none": '{"rows":5}',
    "rows by name": '{"rows":{"a":1}}',
    "no values": '{"rows":[{"attribute":"clearance","operator":">=","values":null}]}',
    "operator that is none": '{"rows":[{"attribute":"clearance","operator":[],"values":["SECRET"]}]}',
    "half a value": '{"rows":[{"attribute":"program","operator":"any_of","values":["\\ud800","\\u0000"]}]}',
    "no object": "[1]",
    "no text": b"\xff\xfe",
    "nothing": "",
}


def test_no_body_of_the_builder_is_an_error_of_the_server(console: Console):
    client = console.client("ada")
    address = f"/console/rooms/room/{console.world.rooms['titan'].id}/requirement/preview/"

    with unchanged(console.world):
        answers = {name: client.post(address, body, content_type="application/json") for name, body in BODIES.items()}

    assert {name: one.status_code for name, one in answers.items() if one.status_code not in (200, 400)} == {}
    told = {name: json.loads(one.content) for name, one in answers.items()}
    assert {name for name, one in told.items() if "problem" not in one} <= {"no object"}


@pytest.mark.parametrize("odd", ["\x00", "clearance >= \x00", "(" * 10_000, "x" * 10_000, '"' * 3_000])
def test_a_requirement_that_cannot_be_read_is_said_beside_its_field(console: Console, odd: str):
    address = f"/console/rooms/room/{console.world.rooms['titan'].id}/requirement/"

    with unchanged(console.world):
        answers = [console.post("ada", address, text=odd), console.post("ada", address, text="", named=odd)]

    assert [answer.status_code for answer in answers] == [400, 400]
