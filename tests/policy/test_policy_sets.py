"""The life of a policy set: author and approver differ, test cases pass, one step back."""

import pytest

from audit.models import AuditEvent
from policy.actions import (
    activate_policy_set,
    approve_policy_set,
    draft_policy_set,
    return_policy_set,
    roll_back_policy_set,
    submit_policy_set,
)
from policy.language.documents import FORMAT
from policy.models import PolicySet
from policy.types import AccessDenied
from rooms.actions.rooms import set_requirement
from tenancy.errors import Conflict, Invalid
from tests.world import CLEARED, World, olympus  # noqa: F401 - a fixture

FREEZE = {"name": "freeze", "effect": "deny", "actions": ["room:message:post"], "condition": "program = TITAN"}
FROZEN = {
    "name": "titan people are frozen",
    "subject": {"program": ["TITAN"]},
    "action": "room:message:post",
    "expect": "deny",
}


def document(*rules: dict, **requirements: str) -> dict:
    return {"format": FORMAT, "requirements": requirements, "rules": list(rules)}


@pytest.fixture
def officers(olympus: World) -> World:  # noqa: F811
    """grace and eve may both write and approve policy."""
    from accounts.actions import assign_role  # noqa: PLC0415
    from accounts.models import Role  # noqa: PLC0415

    with olympus.inside():
        officer = Role.objects.get(system="security_officer").id
    for name in ("grace", "eve"):
        assign_role(olympus.system, role_id=officer, user_id=olympus.people[name].id)
    return olympus


def drafted(world: World, *rules: dict, by: str = "grace", cases: tuple = (FROZEN,)) -> PolicySet:
    return draft_policy_set(world.actor(by), document=document(*rules), test_cases=list(cases))


def activated(world: World, *rules: dict, cases: tuple = (FROZEN,)) -> PolicySet:
    one = drafted(world, *rules, cases=cases)
    submit_policy_set(world.actor("grace"), set_id=one.id)
    approve_policy_set(world.actor("eve"), set_id=one.id)
    return activate_policy_set(world.actor("grace"), set_id=one.id)


def events(world: World, kind: str) -> int:
    with world.inside():
        return AuditEvent.objects.filter(kind=kind, store="security").count()


def test_an_approved_set_decides_as_soon_as_it_is_active(officers):
    assert officers.says("grace", "titan", "before").message_id

    activated(officers, FREEZE)

    with pytest.raises(AccessDenied):
        officers.says("grace", "titan", "after")
    assert events(officers, "policy:set:activated") == 1


def test_nobody_approves_what_they_have_written(officers):
    one = drafted(officers, FREEZE)
    submit_policy_set(officers.actor("grace"), set_id=one.id)

    with pytest.raises(AccessDenied) as refused:
        approve_policy_set(officers.actor("grace"), set_id=one.id)

    assert [reason.code for reason in refused.value.decision.reasons][0] == "own_work"
    with officers.inside():
        assert PolicySet.objects.get(id=one.id).state == "review"
        assert AuditEvent.objects.filter(store="decision", kind="policy:set:approve", outcome="deny").count() == 1


def test_nobody_submits_or_changes_the_draft_of_another(officers):
    one = drafted(officers, FREEZE)

    with pytest.raises(AccessDenied):
        submit_policy_set(officers.actor("eve"), set_id=one.id)
    with pytest.raises(AccessDenied):
        draft_policy_set(officers.actor("eve"), set_id=one.id, document=document(), test_cases=[])


def test_a_set_without_a_test_case_is_not_submitted(officers):
    one = drafted(officers, FREEZE, cases=())

    with pytest.raises(Conflict) as refused:
        submit_policy_set(officers.actor("grace"), set_id=one.id)

    assert refused.value.field == "test_cases"


def test_a_set_whose_test_case_fails_is_not_submitted(officers):
    one = drafted(officers, FREEZE, cases=({**FROZEN, "expect": "permit"},))

    with pytest.raises(Conflict, match="titan people are frozen"):
        submit_policy_set(officers.actor("grace"), set_id=one.id)


def test_only_an_approved_set_is_activated(officers):
    one = drafted(officers, FREEZE)

    with pytest.raises(Conflict):
        activate_policy_set(officers.actor("grace"), set_id=one.id)

    assert events(officers, "policy:set:activated") == 0


def test_a_submitted_set_keeps_its_text_until_it_is_returned(officers):
    one = drafted(officers, FREEZE)
    submit_policy_set(officers.actor("grace"), set_id=one.id)

    with pytest.raises(Conflict):
        draft_policy_set(officers.actor("grace"), set_id=one.id, document=document(), test_cases=[])
    return_policy_set(officers.actor("eve"), set_id=one.id, reason="The scope is too wide.")

    changed = draft_policy_set(officers.actor("grace"), set_id=one.id, document=document(), test_cases=[])
    assert changed.document["rules"] == []


def test_an_approval_does_not_outlive_a_return(officers):
    one = drafted(officers, FREEZE)
    submit_policy_set(officers.actor("grace"), set_id=one.id)
    approve_policy_set(officers.actor("eve"), set_id=one.id)

    assert return_policy_set(officers.actor("eve"), set_id=one.id).approver_id is None


def test_roll_back_is_one_step(officers):
    first = activated(officers, cases=({**FROZEN, "expect": "permit"},))
    second = activated(officers, FREEZE)

    roll_back_policy_set(officers.actor("eve"), set_id=first.id, reason="Too strict.")

    assert officers.says("grace", "titan", "again").message_id
    with officers.inside():
        assert PolicySet.objects.get(id=second.id).state == "retired"
        assert PolicySet.objects.get(id=first.id).state == "active"


def test_a_draft_is_never_rolled_back_to(officers):
    one = drafted(officers)

    with pytest.raises(Conflict):
        roll_back_policy_set(officers.actor("grace"), set_id=one.id)


def test_a_set_keeps_the_named_requirements_that_rooms_refer_to(officers):
    with_name = draft_policy_set(
        officers.actor("grace"),
        document=document(cleared="clearance >= SECRET"),
        test_cases=[{**FROZEN, "expect": "permit"}],
    )
    for step, who in ((submit_policy_set, "grace"), (approve_policy_set, "eve"), (activate_policy_set, "grace")):
        step(officers.actor(who), set_id=with_name.id)
    set_requirement(officers.system, room_id=officers.rooms["titan"].id, requirement="", named=["cleared"])

    without = drafted(officers, FREEZE)
    submit_policy_set(officers.actor("grace"), set_id=without.id)
    approve_policy_set(officers.actor("eve"), set_id=without.id)
    with pytest.raises(Conflict, match="cleared"):
        activate_policy_set(officers.actor("grace"), set_id=without.id)


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"rules": []}, "format"),
        (
            document({**FREEZE, "condition": "clearance >= NOTHING"}),
            r"rules\[0\].condition.subject.clearance, character 14",
        ),
        (document({**FREEZE, "actions": ["room:nothing:at_all"]}), r"rules\[0\].actions"),
    ],
)
def test_a_broken_document_is_refused_with_its_place(officers, broken, place):
    with pytest.raises(Invalid, match=place) as refused:
        draft_policy_set(officers.actor("grace"), document=broken, test_cases=[])

    assert refused.value.field == "document"


def test_a_case_with_a_value_outside_its_definition_is_refused(officers):
    with pytest.raises(Invalid, match=r"test_cases\[0\].subject.clearance"):
        drafted(officers, FREEZE, cases=({**FROZEN, "subject": {"clearance": "NOTHING"}},))


def test_who_only_has_an_account_cannot_draft(olympus):  # noqa: F811
    with pytest.raises(AccessDenied):
        draft_policy_set(olympus.actor("eve"), document=document(FREEZE), test_cases=[])

    with olympus.inside():
        assert not PolicySet.objects.exists()


def test_a_case_may_say_that_a_fact_is_unknown(officers):
    doubtful = {
        "name": "nobody can tell",
        "unknown": ["clearance"],
        "room": {"kind": "private", "marking": "SECRET", "requirement": "clearance >= SECRET"},
        "action": "room:message:read",
        "expect": "indeterminate",
    }
    cleared = {
        **doubtful,
        "name": "cleared",
        "unknown": [],
        "subject": {"clearance": CLEARED["clearance"]},
        "expect": "permit",
    }

    one = drafted(officers, cases=(doubtful, cleared))

    assert submit_policy_set(officers.actor("grace"), set_id=one.id).state == "review"
