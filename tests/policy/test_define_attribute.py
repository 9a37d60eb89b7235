"""Attributes are defined by who manages policy, and never under a room that needs them as they are (PO-1)."""

from dataclasses import replace

import pytest

from accounts.actions import set_fact_source
from audit.models import AuditEvent
from policy import pep
from policy.actions import Proposal, define_attribute
from policy.catalogue import Action
from policy.models import AttributeDefinition
from policy.types import AccessDenied, Question
from rooms.access import room_resource
from tenancy.errors import Conflict, Invalid
from tests.asserts import unchanged
from tests.world import olympus  # noqa: F401 - a fixture

COLOUR = Proposal(name="colour", kind="string", values=("RED", "BLUE"), label="Favourite colour")


def may_read_titan(world):
    question = Question(world.actor("grace"), Action.MESSAGE_READ, room_resource(world.rooms["titan"].id))
    with world.inside():
        return pep.preview([question])[0].permits


def clearance(values: tuple[str, ...]) -> Proposal:
    return Proposal(name="clearance", kind="rank", values=values, label="Clearance")


def test_a_new_attribute_can_be_required_at_once(olympus):  # noqa: F811
    define_attribute(olympus.actor("ada"), proposal=COLOUR)

    with olympus.inside():
        row = AttributeDefinition.objects.get(name="colour")
        assert row.values == ["RED", "BLUE"]
        assert AuditEvent.objects.filter(kind="policy:attribute:created", store="security").count() == 1


def test_levels_that_a_room_needs_stay(olympus):  # noqa: F811
    with pytest.raises(Conflict, match="titan") as refused:
        define_attribute(olympus.actor("ada"), proposal=clearance(("UNCLASSIFIED", "TOP_SECRET")))

    assert refused.value.field == "values"
    with olympus.inside():
        assert "SECRET" in AttributeDefinition.objects.get(category="subject", name="clearance").values


def test_markings_that_rooms_have_stay(olympus):  # noqa: F811
    marking = Proposal(name="marking", kind="rank", category="resource", values=("UNCLASSIFIED", "CUI"), source="room")

    with pytest.raises(Conflict):
        define_attribute(olympus.actor("ada"), proposal=marking)


def test_a_type_never_changes(olympus):  # noqa: F811
    with pytest.raises(Conflict) as refused:
        define_attribute(olympus.actor("ada"), proposal=Proposal(name="clearance", kind="string"))

    assert refused.value.field == "kind"


def test_two_values_of_one_spelling_are_refused(olympus):  # noqa: F811
    with pytest.raises(Invalid) as refused:
        define_attribute(olympus.actor("ada"), proposal=Proposal(name="colour", kind="string", values=("RED", "red")))

    assert refused.value.field == "values"


def test_who_does_not_manage_policy_defines_nothing(olympus):  # noqa: F811
    with pytest.raises(AccessDenied):
        define_attribute(olympus.actor("eve"), proposal=COLOUR)

    with olympus.inside():
        assert not AttributeDefinition.objects.filter(name="colour").exists()
        assert AuditEvent.objects.filter(store="decision", kind="policy:attribute:define", outcome="deny").count() == 1


def test_saying_the_same_again_changes_nothing(olympus):  # noqa: F811
    define_attribute(olympus.actor("ada"), proposal=COLOUR)
    define_attribute(olympus.actor("ada"), proposal=COLOUR)

    with olympus.inside():
        assert not AuditEvent.objects.filter(kind="policy:attribute:changed").exists()


@pytest.mark.parametrize(
    ("name", "category", "source"),
    [
        ("clearance", "subject", "nonexistent-source"),
        ("clearance", "subject", ""),
        ("clearance", "subject", "membership"),
        ("clearance", "subject", "posture"),
        ("group", "subject", "manual"),
        ("marking", "resource", "manual"),
        ("device_compliant", "environment", "manual"),
    ],
)
def test_a_source_that_could_never_tell_it_is_refused(olympus, name, category, source):  # noqa: F811
    with olympus.inside():
        row = AttributeDefinition.objects.get(category=category, name=name)
    proposal = Proposal(name, row.kind, category, row.label, tuple(row.values), row.aliases, source)

    with unchanged(olympus), pytest.raises(Invalid) as refused:
        define_attribute(olympus.actor("ada"), proposal=proposal)

    assert refused.value.field == "source"
    assert refused.value.remedy
    with olympus.inside():
        assert not AuditEvent.objects.filter(kind="policy:attribute:changed").exists()
    assert may_read_titan(olympus)


def test_a_source_of_the_workspace_may_tell_it(olympus):  # noqa: F811
    define_attribute(olympus.actor("ada"), proposal=COLOUR)
    set_fact_source(olympus.system, name="idp", kind="oidc", freshness_minutes=60)

    define_attribute(olympus.actor("ada"), proposal=replace(COLOUR, source="idp"))

    with olympus.inside():
        row = AttributeDefinition.objects.get(name="colour")
        assert (row.source, row.values, row.label) == ("idp", ["RED", "BLUE"], "Favourite colour")
        assert AuditEvent.objects.filter(kind="policy:attribute:changed", store="security").count() == 1
