"""Facts: what a source says, how long that stands, and what is unknown instead of false (R5, R12)."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.access import facts_of
from accounts.actions import (
    STAYS,
    Assertion,
    register_device,
    set_fact_source,
    set_facts,
    sweep_facts,
    update_device_posture,
)
from accounts.attributes import DirectorySource
from accounts.models import Fact, FactSource, FactSync
from audit.events import Event
from policy.language.values import Unknown
from policy.models import AttributeDefinition
from policy.pep import reading
from policy.signals import access_changed
from tenancy.errors import Conflict, Invalid, NotFound
from tenancy.models import Workspace
from tenancy.scoping import within
from tests.accounts.records import entries, epoch_of, latest, refused

SECRET = {"clearance": Assertion("secret"), "program": Assertion(["apollo", "Gemini"])}


def told(world, user):
    actor = world.acting(user)
    with within(world.id):
        return DirectorySource().subjects([actor])[actor.key]


def source(world, name, kind, minutes=0, *attributes):
    with within(world.id):
        FactSource.objects.create(workspace_id=world.id, name=name, kind=kind, freshness_minutes=minutes)
        AttributeDefinition.objects.filter(name__in=attributes).update(source=name)


def test_facts_are_canonical_sealed_and_told_to_policy(olympus, grace):
    changed = set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)

    assert changed == {"clearance", "program"}
    facts = told(olympus, grace).facts
    assert (facts["clearance"], facts["program"]) == ("SECRET", ["APOLLO", "GEMINI"])
    with within(olympus.id):
        kept = b"".join(bytes(value) for value in Fact.objects.values_list("value", flat=True))
    assert b"SECRET" not in kept
    assert b"APOLLO" not in kept


def test_names_are_recorded_and_values_never(olympus, grace):
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)

    said = latest(olympus.id, Event.ENTITLEMENT_CHANGED)

    assert said.data == {"user_id": str(grace.id), "attributes": ["clearance", "program"], "source": "manual"}
    assert "SECRET" not in repr(said)


def test_what_a_source_leaves_out_is_no_longer_so(olympus, grace):
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)
    before = epoch_of(olympus, "subject", grace.id)
    heard = []
    listener = lambda **news: heard.append((news["keys"], news["reason"]))  # noqa: E731
    access_changed.connect(listener)

    changed = set_facts(olympus.system, user_id=grace.id, source="manual", facts={"clearance": Assertion("SECRET")})

    access_changed.disconnect(listener)
    assert changed == {"program"}
    assert "program" not in told(olympus, grace).facts
    assert heard == [([grace.id], "facts_changed")]
    assert epoch_of(olympus, "subject", grace.id) == before + 1


def test_one_source_does_not_touch_what_another_says(olympus, grace):
    source(olympus, "idp", "oidc", 60, "program")
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)
    set_facts(olympus.system, user_id=grace.id, source="idp", facts={"program": Assertion("zeus")})

    set_facts(olympus.system, user_id=grace.id, source="manual", facts={})

    facts = told(olympus, grace).facts
    assert facts["program"] == ["ZEUS"]
    assert "clearance" not in facts


def test_a_fact_from_a_source_that_is_not_the_authority_does_not_count(olympus, grace):
    source(olympus, "idp", "oidc", 60, "program")
    set_facts(olympus.system, user_id=grace.id, source="idp", facts={})

    set_facts(olympus.system, user_id=grace.id, source="manual", facts={"program": Assertion("apollo")})

    assert "program" not in told(olympus, grace).facts


FRESH, EXPIRES = 60, 30
TABLE = [
    # synced, said, minutes since, what policy sees
    (False, None, 0, Unknown.NEVER_SYNCED),
    (True, None, 0, None),
    (True, None, FRESH - 1, None),
    (True, None, FRESH + 1, Unknown.STALE_SOURCE),
    (True, Assertion("secret"), 0, "SECRET"),
    (True, Assertion("secret"), FRESH - 1, "SECRET"),
    (True, Assertion("secret"), FRESH + 1, Unknown.STALE_SOURCE),
    (True, EXPIRES, EXPIRES - 1, "SECRET"),
    (True, EXPIRES, EXPIRES + 1, None),
    (True, EXPIRES, FRESH + 1, Unknown.STALE_SOURCE),
]


@pytest.mark.parametrize("case", TABLE)
def test_fresh_stale_and_expired(olympus, grace, clock, case):
    synced, said, minutes, seen = case
    source(olympus, "idp", "oidc", FRESH, "clearance")
    if said == EXPIRES:
        said = Assertion("secret", timezone.now() + timedelta(minutes=EXPIRES))
    if synced:
        set_facts(olympus.system, user_id=grace.id, source="idp", facts={"clearance": said} if said else {})

    clock.forward(minutes=minutes)

    assert told(olympus, grace).facts.get("clearance") == seen


def test_what_is_kept_by_hand_is_known_from_the_first_moment_and_never_goes_stale(olympus, grace, clock):
    assert "clearance" not in told(olympus, grace).facts

    clock.forward(days=4000)

    assert "clearance" not in told(olympus, grace).facts


def test_no_lease_outlives_the_first_fact_that_ends(olympus, grace):
    source(olympus, "idp", "oidc", 60, "program")
    soon = timezone.now() + timedelta(minutes=5)
    set_facts(olympus.system, user_id=grace.id, source="idp", facts={"program": Assertion("apollo")})
    within_the_hour = told(olympus, grace).facts_until

    set_facts(olympus.system, user_id=grace.id, source="manual", facts={"clearance": Assertion("secret", soon)})

    assert timedelta(minutes=59) < within_the_hour - timezone.now() <= timedelta(minutes=60)
    assert told(olympus, grace).facts_until == soon


def test_a_renewed_source_wakes_those_who_wait_for_it(olympus, grace, clock):
    source(olympus, "idp", "oidc", FRESH, "clearance")
    facts = {"clearance": Assertion("secret")}
    set_facts(olympus.system, user_id=grace.id, source="idp", facts=facts)
    before = epoch_of(olympus, "subject", grace.id)

    assert set_facts(olympus.system, user_id=grace.id, source="idp", facts=facts) == frozenset()
    assert epoch_of(olympus, "subject", grace.id) == before
    clock.forward(minutes=FRESH + 1)
    assert set_facts(olympus.system, user_id=grace.id, source="idp", facts=facts) == frozenset()

    assert epoch_of(olympus, "subject", grace.id) == before + 1
    assert told(olympus, grace).facts["clearance"] == "SECRET"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"clearance": Assertion("ULTRA")}, "clearance"),
        ({"shoe_size": Assertion(43)}, "shoe_size"),
        ({"group": Assertion("Astronauts")}, "group"),
        ({"marking": Assertion("SECRET")}, "marking"),
        ({"program": Assertion([1, 2])}, "program"),
    ],
)
def test_what_lies_outside_the_definitions_is_refused_and_never_repeated(olympus, grace, facts, field):
    with pytest.raises(Invalid) as refusal:
        set_facts(olympus.system, user_id=grace.id, source="manual", facts=facts)

    assert refusal.value.field == field
    assert "ULTRA" not in refusal.value.message + refusal.value.remedy
    with within(olympus.id):
        assert not Fact.objects.exists()


def test_an_unknown_source_is_refused(olympus, grace):
    with pytest.raises(Invalid) as refusal:
        set_facts(olympus.system, user_id=grace.id, source="hearsay", facts=SECRET)

    assert refusal.value.field == "source"


def test_a_workspace_with_an_external_decision_point_keeps_no_facts(olympus, grace):
    with within(olympus.id):
        Workspace.objects.filter(id=olympus.id).update(facts_mode="external")

    with pytest.raises(Conflict):
        set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)

    with within(olympus.id):
        assert not Fact.objects.exists()


def test_nobody_sets_facts_about_themselves(olympus):
    boss = olympus.person("boss", "administrator")

    with refused(olympus, "about_oneself"):
        set_facts(olympus.acting(boss), user_id=boss.id, source="manual", facts=SECRET)

    assert "clearance" not in told(olympus, boss).facts


def test_a_person_speaks_only_for_what_is_kept_by_hand(olympus, grace):
    source(olympus, "idp", "oidc", 60, "clearance")
    boss = olympus.person("boss", "administrator")

    with refused(olympus, "source_not_by_hand"):
        set_facts(olympus.acting(boss), user_id=grace.id, source="idp", facts=SECRET)
    set_facts(olympus.acting(boss), user_id=grace.id, source="manual", facts=SECRET)

    facts = told(olympus, grace).facts
    assert facts["clearance"] is Unknown.NEVER_SYNCED
    assert facts["program"] == ["APOLLO", "GEMINI"]


def test_a_member_sets_nobodys_facts(olympus, grace):
    eve = olympus.person("eve")

    with refused(olympus):
        set_facts(olympus.acting(grace), user_id=eve.id, source="manual", facts=SECRET)

    with within(olympus.id):
        assert not Fact.objects.exists()
    assert entries(olympus.id, Event.ENTITLEMENT_CHANGED) == []


def test_a_person_of_another_workspace_has_no_facts_here(olympus, vulcan, grace):
    with pytest.raises(NotFound):
        set_facts(vulcan.system, user_id=grace.id, source="manual", facts=SECRET)

    with within(olympus.id):
        assert not Fact.objects.exists()
        assert FactSync.objects.filter(user=grace).count() == 1


def test_facts_that_ended_are_let_go_and_their_people_judged_anew(olympus, grace, clock):
    soon = timezone.now() + timedelta(minutes=5)
    facts = {"clearance": Assertion("secret", soon), "program": Assertion("apollo")}
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=facts)
    before = epoch_of(olympus, "subject", grace.id)
    assert sweep_facts(olympus.system) == 0

    clock.forward(minutes=6)

    assert sweep_facts(olympus.system) == 1
    assert sweep_facts(olympus.system) == 0
    assert epoch_of(olympus, "subject", grace.id) == before + 1
    assert told(olympus, grace).facts.keys() == {"program"}
    said = latest(olympus.id, Event.ENTITLEMENT_CHANGED)
    assert (said.data["attributes"], said.data["cause"]) == (["clearance"], "expired")


def seen_by(world, viewer, user):
    with reading(world.acting(viewer)):
        return {card.attribute: (card.value, card.withheld) for card in facts_of(world.acting(viewer), user.id)}


def test_people_see_their_own_facts_and_holders_of_the_flag_what_they_hold_too(olympus, grace):
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)
    officer, eve = olympus.person("officer", "security_officer"), olympus.person("eve")

    assert seen_by(olympus, grace, grace) == {
        "clearance": ("SECRET", False),
        "program": (["APOLLO", "GEMINI"], False),
    }
    assert seen_by(olympus, officer, grace) == {"clearance": (None, True), "program": (None, True)}
    facts = {"clearance": Assertion("TS"), "program": Assertion(["gemini", "titan"])}
    set_facts(olympus.system, user_id=officer.id, source="manual", facts=facts)
    assert seen_by(olympus, officer, grace) == {"clearance": ("SECRET", False), "program": (["GEMINI"], True)}
    set_facts(olympus.system, user_id=eve.id, source="manual", facts=facts)
    with refused(olympus):
        seen_by(olympus, eve, grace)


def test_who_lost_a_clearance_or_whose_source_went_stale_sees_no_more(olympus, grace, clock):
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)
    officer = olympus.person("officer", "security_officer")
    soon = timezone.now() + timedelta(minutes=5)
    set_facts(olympus.system, user_id=officer.id, source="manual", facts={"clearance": Assertion("TS", soon)})
    assert seen_by(olympus, officer, grace)["clearance"] == ("SECRET", False)

    clock.forward(minutes=6)

    assert seen_by(olympus, officer, grace)["clearance"] == (None, True)


def test_what_is_withheld_from_an_operator_stays_beside_what_they_say(olympus, grace):
    until = timezone.now() + timedelta(days=5)
    hidden = {"clearance": Assertion("TS"), "program": Assertion(["apollo", "gemini"], until)}
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=hidden)
    owner = olympus.person("boss", "owner")
    facts = {"clearance": Assertion("SECRET"), "program": Assertion(["apollo"])}
    set_facts(olympus.system, user_id=owner.id, source="manual", facts=facts)

    say = partial(set_facts, olympus.acting(owner), user_id=grace.id, source="manual")
    assert say(facts={"clearance": STAYS, "program": Assertion("zeus")}) == {"program"}
    assert told(olympus, grace).facts["program"] == ["GEMINI", "ZEUS"]
    assert (told(olympus, grace).facts["clearance"], told(olympus, grace).facts_until) == ("TOP_SECRET", until)

    before = entries(olympus.id, Event.ENTITLEMENT_CHANGED)
    for over in (
        {"clearance": Assertion("CUI"), "program": STAYS},
        {"clearance": STAYS, "program": Assertion("zeus", until - timedelta(days=4))},
    ):
        with pytest.raises(Invalid) as refusal:
            say(facts=over)
        assert "TOP_SECRET" not in refusal.value.message + refusal.value.remedy
    assert told(olympus, grace).facts["clearance"] == "TOP_SECRET"
    assert told(olympus, grace).facts["program"] == ["GEMINI", "ZEUS"]
    assert entries(olympus.id, Event.ENTITLEMENT_CHANGED) == before

    assert say(facts={}) == {"clearance", "program"}


def test_a_fact_that_cannot_be_opened_stays_where_it_is_left_alone(olympus, grace):
    set_facts(olympus.system, user_id=grace.id, source="manual", facts=SECRET)
    with within(olympus.id):
        Fact.objects.filter(attribute="program").update(value=b"no seal")

    changed = set_facts(
        olympus.system, user_id=grace.id, source="manual", facts={"clearance": STAYS, "program": STAYS, "group": STAYS}
    )

    assert changed == frozenset()
    with within(olympus.id):
        assert {fact.attribute for fact in Fact.objects.filter(user=grace)} == {"clearance", "program"}


def test_a_shorter_freshness_is_felt_by_everybody(olympus, grace, clock):
    set_fact_source(olympus.system, name="idp", kind="oidc", freshness_minutes=60)
    with within(olympus.id):
        AttributeDefinition.objects.filter(name="clearance").update(source="idp")
    set_facts(olympus.system, user_id=grace.id, source="idp", facts={"clearance": Assertion("secret")})
    clock.forward(minutes=30)
    before = epoch_of(olympus, "policy", olympus.id)

    set_fact_source(olympus.system, name="idp", kind="oidc", freshness_minutes=10)

    assert epoch_of(olympus, "policy", olympus.id) == before + 1
    assert told(olympus, grace).facts["clearance"] is Unknown.STALE_SOURCE
    assert latest(olympus.id, Event.SETTING_CHANGED).data["changed"] == ["fact_source:idp"]


def test_sources_are_set_by_who_manages_integrations(olympus, grace):
    with refused(olympus):
        set_fact_source(olympus.acting(grace), name="idp", kind="oidc", freshness_minutes=0)

    with within(olympus.id):
        assert not FactSource.objects.filter(name="idp").exists()


@pytest.mark.parametrize(("name", "minutes"), [("", 0), ("IdP", 0), ("idp", -1), ("idp", 10**7), ("session", 0)])
def test_an_odd_source_is_refused(olympus, name, minutes):
    with pytest.raises(Invalid):
        set_fact_source(olympus.system, name=name, kind="oidc", freshness_minutes=minutes)


def test_nobody_prolongs_the_word_of_a_source_that_speaks_of_themselves(olympus):
    boss = olympus.person("boss", "administrator")
    set_fact_source(olympus.system, name="idp", kind="oidc", freshness_minutes=10)
    set_facts(olympus.system, user_id=boss.id, source="idp", facts={})
    noted = len(entries(olympus.id, Event.SETTING_CHANGED))

    with refused(olympus, "about_oneself"):
        set_fact_source(olympus.acting(boss), name="idp", kind="oidc", freshness_minutes=0)

    with within(olympus.id):
        assert FactSource.objects.get(name="idp").freshness_minutes == 10
    assert len(entries(olympus.id, Event.SETTING_CHANGED)) == noted


def test_nobody_prolongs_the_posture_of_their_own_device(olympus):
    boss = olympus.person("boss", "administrator")
    set_fact_source(olympus.acting(boss), name="posture", kind="device", freshness_minutes=30)
    device = register_device(olympus.acting(boss), name="a phone").device
    update_device_posture(olympus.system, device_id=device.id, compliant=True)

    with refused(olympus, "about_oneself"):
        set_fact_source(olympus.acting(boss), name="posture", kind="device", freshness_minutes=0)

    with within(olympus.id):
        assert FactSource.objects.get(name="posture").freshness_minutes == 30
