"""Every event is placed, and an event that nobody placed cannot exist."""

from enum import unique

import pytest

from audit.events import Event, _Classified
from audit.kinds import BOTH, CODE, PERSONAL, SECURITY, Family, Store, fit, kind, maybe
from audit.kinds import Unrecordable as Unfit
from tenancy.actor import new_id


def test_every_event_has_a_family_a_store_and_a_retention():
    for event in Event:
        assert event.kind.family in Family
        assert event.kind.stores
        assert event.kind.retention


def test_every_family_has_an_event():
    assert {event.kind.family for event in Event} == set(Family)


def test_privilege_and_sensitive_life_cycle_events_are_written_twice():
    twice = {Family.PRIVILEGE, Family.KEY_BACKUP, Family.DATA_LIFECYCLE, Family.POLICY}
    for event in Event:
        if event.kind.family in twice and event not in ONCE:
            assert event.kind.stores == BOTH, event


ONCE = {
    Event.ACCESS_DENIED,
    Event.KEY_OPENING_FAILED,
    Event.KMS_UNAVAILABLE,
    Event.KMS_RECOVERED,
    Event.DECISION_POINT_UNAVAILABLE,
}
"""Observations of a refusal or an outage; nobody's power or data changed."""


def test_no_event_is_put_into_the_store_of_decisions():
    assert not [event for event in Event if Store.DECISION in event.kind.stores]


def test_an_event_without_a_kind_fails_when_it_is_declared():
    with pytest.raises(TypeError):

        class Sample(_Classified):
            LOST = "sample:event:lost"


def test_an_event_of_another_form_fails_when_it_is_declared():
    with pytest.raises(TypeError):

        class Sample(_Classified):
            LOST = "sample_lost", kind(Family.SYSTEM, SECURITY)


def test_a_second_use_of_a_name_fails_when_it_is_declared():
    with pytest.raises(ValueError):

        @unique
        class Sample(_Classified):
            ONE = "sample:event:seen", kind(Family.SYSTEM, SECURITY)
            TWO = "sample:event:seen", kind(Family.SYSTEM, BOTH)


SAMPLE = kind(Family.SYSTEM, SECURITY, page=CODE, note=maybe(PERSONAL))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"page": ""},
        {"page": "rooms", "colour": "red"},
        {"page": "two words"},
        {"page": 7},
        {"page": "ünlaut"},
        {"page": "rooms", "note": 7},
        {"page": "rooms", "note": "x" * 5000},
        {"page": "rooms", "decision_id": "not an id"},
    ],
)
def test_data_that_does_not_fit_is_refused(data):
    with pytest.raises(Unfit):
        fit(SAMPLE, "sample", data)


def test_what_is_personal_is_kept_apart():
    decision_id = new_id()

    public, personal = fit(
        SAMPLE, "sample", {"page": "rooms", "note": "grüße", "reason": "why", "decision_id": decision_id}
    )

    assert public == {"page": "rooms", "decision_id": str(decision_id)}
    assert personal == {"note": "grüße", "reason": "why"}
    assert SAMPLE.personal == {"note", "reason"}
