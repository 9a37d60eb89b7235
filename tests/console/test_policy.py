"""Attributes and policy sets through the console: drafted by one, approved by another, in force at once (R15)."""

import json

import pytest

from accounts.actions import assign_role
from accounts.models import Role
from policy.language.documents import FORMAT
from policy.models import AttributeDefinition, PolicySet
from policy.types import AccessDenied
from tests.asserts import unchanged
from tests.console.conftest import Console

SETS, ATTRIBUTES = "/console/policy/policyset/", "/console/policy/attributedefinition/"
FREEZE = {"name": "freeze", "effect": "deny", "actions": ["room:message:post"], "condition": "program = TITAN"}
CASE = {"name": "frozen", "subject": {"program": ["TITAN"]}, "action": "room:message:post", "expect": "deny"}


def text_of(*rules: dict) -> str:
    return json.dumps({"format": FORMAT, "requirements": {}, "rules": list(rules)}, indent=2)


@pytest.fixture
def officers(console: Console) -> Console:
    """grace and eve both write and approve policy."""
    with console.world.inside():
        role = Role.objects.get(system="security_officer").id
    for name in ("grace", "eve"):
        assign_role(console.world.system, role_id=role, user_id=console.world.people[name].id)
    return console


def drafted(officers: Console, cases: list | None = None) -> PolicySet:
    cases = [CASE] if cases is None else cases
    officers.post("grace", f"{SETS}add/", document=text_of(FREEZE), test_cases=json.dumps(cases))
    return officers.rows(PolicySet)[0]


def does(officers: Console, who: str, one: PolicySet, verb: str, **asked: str) -> int:
    return officers.post(who, f"{SETS}{one.id}/do/{verb}/", **asked).status_code


def test_a_set_goes_from_draft_to_force_and_back(officers: Console):
    world = officers.world
    one = drafted(officers)
    assert does(officers, "grace", one, "submit_policy_set") == 302
    assert does(officers, "eve", one, "approve_policy_set", reason="") == 302
    assert does(officers, "eve", one, "activate_policy_set") == 302
    with pytest.raises(AccessDenied):
        world.says("grace", "titan", "frozen")

    officers.post("grace", f"{SETS}add/", document=text_of(), test_cases=json.dumps([{**CASE, "expect": "permit"}]))
    two = next(row for row in officers.rows(PolicySet) if row.version == 2)
    for who, verb in (("grace", "submit_policy_set"), ("eve", "approve_policy_set"), ("grace", "activate_policy_set")):
        assert does(officers, who, two, verb) == 302
    assert world.says("grace", "titan", "thawed").message_id
    assert does(officers, "eve", one, "roll_back_policy_set", reason="Frozen for a reason.") == 302

    with pytest.raises(AccessDenied):
        world.says("grace", "titan", "frozen again")
    assert {row.version: row.state for row in officers.rows(PolicySet)} == {1: "active", 2: "retired"}


def test_nobody_approves_their_own_and_is_told_so(officers: Console):
    one = drafted(officers)
    does(officers, "grace", one, "submit_policy_set")

    assert "Approve" not in officers.text("grace", f"{SETS}{one.id}/change/").replace("Approved by", "")
    answer = officers.post("grace", f"{SETS}{one.id}/do/approve_policy_set/", reason="")

    assert answer.status_code == 403
    assert "own_work" in answer.content.decode()
    assert officers.rows(PolicySet)[0].state == "review"


def test_a_rule_that_means_nothing_is_told_with_its_line(officers: Console):
    broken = text_of({**FREEZE, "condition": "program = TITAN AND"})

    answer = officers.post("grace", f"{SETS}add/", document=broken, test_cases="[]")

    line = next(n for n, text in enumerate(broken.splitlines(), start=1) if "condition" in text)
    shown = answer.content.decode()
    assert f"Line {line}: rules[0].condition, character" in shown
    assert not officers.rows(PolicySet)


def test_what_is_no_json_is_told_with_line_and_character(officers: Console):
    answer = officers.post("grace", f"{SETS}add/", document='{\n "format": oops\n}', test_cases="[]")

    assert "Line 2, character 12: this is no JSON" in answer.content.decode()


def test_a_case_that_fails_is_shown_and_keeps_the_set_from_review(officers: Console):
    one = drafted(officers, [{**CASE, "expect": "permit"}])

    text = officers.text("grace", f"{SETS}{one.id}/change/")
    answer = officers.post("grace", f"{SETS}{one.id}/do/submit_policy_set/")

    assert "fails" in text
    assert "rule:freeze" in text
    assert "A test case does not come out as expected: frozen." in answer.content.decode()
    assert officers.rows(PolicySet)[0].state == "draft"


def test_the_difference_to_the_active_set_is_shown(officers: Console):
    one = drafted(officers)
    for who, verb in (("grace", "submit_policy_set"), ("eve", "approve_policy_set"), ("grace", "activate_policy_set")):
        does(officers, who, one, verb)
    changed = {**FREEZE, "condition": "program = APOLLO"}
    case = {**CASE, "subject": {"program": ["APOLLO"]}}
    officers.post("grace", f"{SETS}add/", document=text_of(changed), test_cases=json.dumps([case]))
    two = next(row for row in officers.rows(PolicySet) if row.version == 2)

    text = officers.text("eve", f"{SETS}{two.id}/change/")

    assert "Difference to the active set v1" in text
    assert "program = APOLLO" in text[text.index("<ins>") :]
    assert "program = TITAN" in text[text.index("<del>") :]


def test_only_the_author_writes_in_a_draft(officers: Console):
    one = drafted(officers)

    assert 'name="document"' in officers.text("grace", f"{SETS}{one.id}/change/")
    assert 'name="document"' not in officers.text("eve", f"{SETS}{one.id}/change/")
    with unchanged(officers.world):
        answer = officers.post("eve", f"{SETS}{one.id}/change/", document=text_of(), test_cases="[]")
    assert answer.status_code in (403, 404)


def test_an_attribute_is_defined_and_can_be_required(officers: Console):
    fields = {"name": "colour", "category": "subject", "kind": "string", "label": "Colour", "source": "manual"}

    officers.post("grace", f"{ATTRIBUTES}add/", **fields, values="RED\nBLUE", aliases="R = RED")

    row = officers.rows(AttributeDefinition, name="colour")[0]
    assert (row.values, row.aliases) == (["RED", "BLUE"], {"R": "RED"})
    titan = officers.world.rooms["titan"].id
    officers.post("grace", f"/console/rooms/room/{titan}/requirement/", text="colour = r")
    assert "titan" in officers.text("grace", f"{ATTRIBUTES}{row.id}/change/")


def test_an_unknown_source_is_not_offered_and_told_on_its_field(officers: Console):
    row = officers.rows(AttributeDefinition, name="clearance")[0]
    page = officers.text("grace", f"{ATTRIBUTES}{row.id}/change/")

    with unchanged(officers.world):
        answer = officers.post(
            "grace",
            f"{ATTRIBUTES}{row.id}/change/",
            label="Clearance",
            values="\n".join(row.values),
            aliases="",
            source="nonexistent-source",
        )

    assert '<option value="manual" selected>' in page
    assert "posture" not in page
    assert "nonexistent-source is not one of the available choices" in answer.content.decode()


def test_a_definition_that_a_room_needs_is_told_on_its_field(officers: Console):
    row = officers.rows(AttributeDefinition, name="clearance")[0]

    with unchanged(officers.world):
        answer = officers.post(
            "grace",
            f"{ATTRIBUTES}{row.id}/change/",
            label="Clearance",
            values="UNCLASSIFIED\nTOP_SECRET",
            aliases="",
            source="manual",
        )

    assert "The room titan needs it as it is." in answer.content.decode()
