from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.language.definitions import Vocabulary
from policy.language.documents import FORMAT, document_hash, read_document, write_document
from policy.language.errors import (
    CostError,
    DocumentError,
    ParseError,
    PolicyLanguageError,
    RequirementError,
    ValueRefusedError,
)
from policy.language.obligations import obligation, unite
from policy.language.rules import Rule, Scope, Target, action_fits
from policy.language.values import Unknown
from policy.types import Obligation
from tests.policy.language import LEVELS, PROPERTY, VOCABULARY

ACTIONS = ("room:message:post", "room:message:read", "room:member:join", "account:user:view")
TITAN, LOBBY = UUID(int=1), UUID(int=2)
ROOM = Target("room:message:post", room_id=TITAN, kind="private", marking="SECRET", name="Mission Ops")

RULE = {
    "name": "managed-devices",
    "effect": "permit",
    "actions": ["room:message:*"],
    "scope": {"markings": ["SECRET"], "names": ["mission-*"], "rooms": [str(TITAN)]},
    "condition": "environment.device_compliant = true OR clearance >= TOP_SECRET",
    "obligations": [{"name": "step_up", "params": {"max_age": 60}}],
    "mode": "log_only",
    "priority": 5,
}
DOCUMENT = {
    "format": FORMAT,
    "requirements": {"olympus": "clearance >= SECRET AND project_assignment = OLYMPUS"},
    "rules": [RULE, {"name": "freeze", "effect": "deny", "actions": ["*"]}],
}


def read(document, vocabulary=VOCABULARY):
    return read_document(document, vocabulary, ACTIONS)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("room:*", True),
        ("room:message:*", True),
        ("room:message:post", True),
        ("room:*:post", True),
        ("*:*:post", True),
        ("room:message", False),
        ("room:message:post:*", False),
        ("room:message:read", False),
        ("message:*", False),
        ("room:mess*:post", False),
    ],
)
def test_an_action_pattern_covers_actions(pattern, fits):
    assert action_fits(pattern, "room:message:post") is fits


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(markings=("SECRET", "TOP_SECRET")), True),
        (Scope(markings=("TOP_SECRET",)), False),
        (Scope(kinds=("private",)), True),
        (Scope(kinds=("public",)), False),
        (Scope(names=("mission *",)), True),
        (Scope(names=("MISSION ?ps",)), True),
        (Scope(names=("mission",)), False),
        (Scope(names=("[Mm]ission*",)), False),
        (Scope(rooms=(TITAN,)), True),
        (Scope(rooms=(LOBBY,)), False),
        (Scope(kinds=("private",), rooms=(LOBBY,)), False),
        (Scope(kinds=("private",), markings=("SECRET",), rooms=(LOBBY, TITAN)), True),
    ],
)
def test_a_scope_covers_rooms(scope, covered):
    assert scope.covers(ROOM) is covered


def test_a_scope_with_selectors_covers_nothing_outside_rooms():
    outside = Target("account:user:view")

    assert Scope().covers(outside) is True
    assert Scope(kinds=("",)).covers(outside) is False


def test_what_is_unknown_of_a_room_leaves_its_scope_in_doubt():
    dim = Target(
        "room:message:post", room_id=TITAN, kind="private", marking=Unknown.UNAVAILABLE, name=Unknown.UNAVAILABLE
    )

    assert Scope(markings=("SECRET",)).covers(dim) is None
    assert Scope(names=("mission*",)).covers(dim) is None
    assert Scope(names=("mission*",), kinds=("public",)).covers(dim) is False


def test_a_document_is_read_and_written_back_the_same():
    document = read(DOCUMENT)

    written = write_document(document)

    assert read(written) == document
    assert written["requirements"] == DOCUMENT["requirements"]
    assert written["rules"][0] == RULE | {
        "obligations": [{"name": "step_up", "params": {"max_age": 60, "strength": 1}}]
    }


def test_the_hash_of_a_document_forgives_order_and_spelling():
    changed = {
        "rules": [
            {"name": "freeze", "effect": "deny", "actions": ["*"], "condition": None, "mode": "enforce"},
            RULE
            | {
                "condition": "clearance>=ts or environment.DEVICE_COMPLIANT = TRUE",
                "obligations": [{"params": {"strength": 1, "max_age": 60}, "name": "step_up"}],
            },
        ],
        "requirements": {"olympus": "project_assignment = olympus and clearance >= secret"},
        "format": FORMAT,
    }

    assert document_hash(read(changed)) == document_hash(read(DOCUMENT))


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "redact"},
        {"actions": ["room:message:post"]},
        {"scope": {}},
        {"condition": "environment.device_compliant = true"},
        {"condition": None},
        {"obligations": []},
        {"mode": "enforce"},
        {"priority": 6},
        {"name": "other"},
    ],
)
def test_the_hash_of_a_document_tells_every_change(change):
    assert document_hash(read(DOCUMENT | {"rules": [RULE | change]})) != document_hash(
        read(DOCUMENT | {"rules": [RULE]})
    )


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"name": None}, DocumentError, "rules[0].name"),
        ({"name": "Big Rule"}, DocumentError, "rules[0].name"),
        ({"effect": "allow"}, DocumentError, "rules[0].effect"),
        ({"effect": "deny"}, DocumentError, "rules[0].obligations"),
        ({"actions": []}, DocumentError, "rules[0].actions"),
        ({"actions": "*"}, DocumentError, "rules[0].actions"),
        ({"actions": ["room:message:burn"]}, DocumentError, "rules[0].actions"),
        ({"condition": "clearance >="}, ParseError, "rules[0].condition"),
        ({"condition": 7}, DocumentError, "rules[0].condition"),
        ({"condition": "1" * 20_000}, CostError, "rules[0].condition.condition"),
        ({"scope": {"label": ["x"]}}, DocumentError, "rules[0].scope"),
        ({"scope": {"markings": ["ULTRA"]}}, ValueRefusedError, "rules[0].scope.markings.resource.marking"),
        ({"scope": {"kinds": ["Private"]}}, DocumentError, "rules[0].scope.kinds"),
        ({"scope": {"names": [" "]}}, DocumentError, "rules[0].scope.names"),
        ({"scope": {"rooms": ["titan"]}}, DocumentError, "rules[0].scope.rooms"),
        ({"obligations": [{"name": "burn"}]}, DocumentError, "rules[0].obligations[0].name"),
        (
            {"obligations": [{"name": "step_up", "params": {"max_age": 0}}]},
            DocumentError,
            "rules[0].obligations[0].max_age",
        ),
        ({"obligations": [{"name": "step_up", "params": {"age": 1}}]}, DocumentError, "rules[0].obligations[0].age"),
        ({"obligations": [{"name": "notify"}]}, DocumentError, "rules[0].obligations[0].whom"),
        ({"mode": "dry"}, DocumentError, "rules[0].mode"),
        ({"priority": "1"}, DocumentError, "rules[0].priority"),
        ({"priority": True}, DocumentError, "rules[0].priority"),
        ({"colour": "red"}, DocumentError, "rules[0]"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_by_its_place(change, error, field):
    with pytest.raises(error) as refusal:
        read(DOCUMENT | {"rules": [RULE | change]})

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("document", "error", "field"),
    [
        (None, DocumentError, "document"),
        ([], DocumentError, "document"),
        ({}, DocumentError, "format"),
        (DOCUMENT | {"format": "cordon.policy/2"}, DocumentError, "format"),
        (DOCUMENT | {"extra": 1}, DocumentError, "document"),
        (DOCUMENT | {"rules": {}}, DocumentError, "rules"),
        (DOCUMENT | {"rules": [7]}, DocumentError, "rules[0]"),
        (DOCUMENT | {"rules": [RULE, RULE]}, DocumentError, "rules"),
        (DOCUMENT | {"rules": [RULE] * 1_001}, CostError, "rules"),
        (DOCUMENT | {"requirements": {"olympus": "risk = 1 OR risk = 2"}}, RequirementError, "requirements.olympus"),
        (DOCUMENT | {"requirements": {"Big One": "risk = 1"}}, DocumentError, "requirements"),
        (DOCUMENT | {"requirements": {"olympus": None}}, DocumentError, "requirements.olympus"),
    ],
)
def test_a_document_that_is_wrong_is_refused_by_its_place(document, error, field):
    with pytest.raises(error) as refusal:
        read(document)

    assert refusal.value.field == field
    assert refusal.value.remedy


def test_a_marking_that_is_not_defined_is_refused_instead_of_never_applying():
    with pytest.raises(DocumentError) as refusal:
        read(DOCUMENT | {"rules": [RULE | {"condition": None}], "requirements": {}}, Vocabulary())

    assert refusal.value.field == "rules[0].scope.markings"


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*DOCUMENT, *RULE, "params", "markings", "rooms", "kinds", "names"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@PROPERTY
@given(_JSON, st.sampled_from([None, *DOCUMENT, *RULE]))
def test_no_json_brings_anything_but_a_document_or_a_refusal(json, place):
    document = json if place is None else DOCUMENT | {place: json}
    if place in RULE:
        document = DOCUMENT | {"rules": [RULE | {place: json}]}

    with suppress(PolicyLanguageError):
        read(document)


@pytest.mark.parametrize(
    ("one", "other", "united"),
    [
        ({"max_age": 300, "strength": 1}, {"max_age": 60, "strength": 2}, {"max_age": 60, "strength": 2}),
        ({"max_age": 60}, {"strength": 3}, {"max_age": 60, "strength": 3}),
        ({}, {}, {"max_age": 300, "strength": 1}),
    ],
)
def test_of_two_step_ups_the_strictest_parameters_stand(one, other, united):
    (result,) = unite([obligation("step_up", one, VOCABULARY), obligation("step_up", other, VOCABULARY)])

    assert dict(result.params) == united


def test_of_other_obligations_the_strictest_stand_too():
    listed = [
        obligation("expire_after", {"seconds": 30}, VOCABULARY),
        obligation("expire_after", {"seconds": 90}, VOCABULARY),
        obligation("dual_control", {}, VOCABULARY),
        obligation("dual_control", {"approvals": 2}, VOCABULARY),
        obligation("require_marking", {"marking": "top secret"}, VOCABULARY),
        obligation("require_marking", {"marking": "secret"}, VOCABULARY),
        obligation("require_marking", {}, VOCABULARY),
        obligation("redact", {"profile": "names"}, VOCABULARY),
        obligation("redact", {"profile": "cards, names"}, VOCABULARY),
        obligation("watermark", {}, VOCABULARY),
        obligation("watermark", {}, VOCABULARY),
    ]

    assert unite(listed, LEVELS) == (
        Obligation("dual_control", (("approvals", 2),)),
        Obligation("expire_after", (("seconds", 30),)),
        Obligation("redact", (("profile", "cards,names"),)),
        Obligation("require_marking", (("marking", "TOP_SECRET"),)),
        Obligation("watermark"),
    )


def test_a_rule_is_about_an_action_in_a_scope():
    rule = Rule("r", "deny", ("room:message:*",), scope=Scope(kinds=("private",)))

    assert rule.applies_to(ROOM) is True
    assert rule.applies_to(Target("room:member:join", room_id=TITAN, kind="private")) is False
    assert rule.applies_to(Target("room:message:post", room_id=TITAN, kind="public")) is False
    assert rule.applies_to(Target("room:message:post", room_id=TITAN, kind=Unknown.UNAVAILABLE)) is None
