"""How often one may ask (ID-14), and what happens when nobody can count (R44)."""

import logging
from dataclasses import replace

import pytest

from accounts import valkey
from accounts.actions import note_violation, register_device
from accounts.ratelimit import Bucket, Limit, spend
from accounts.throttling import let_in
from audit.events import Event
from tenancy.errors import RateLimited, Unavailable
from tests.accounts.conftest import HERE
from tests.accounts.records import entries, latest

SLOW = Limit("slow", per_minute=6, burst=3)


def test_a_burst_is_allowed_and_then_the_rate(olympus, clock):
    for _ in range(3):
        spend(SLOW, olympus.id, "10.1.2.3")

    with pytest.raises(RateLimited) as waiting:
        spend(SLOW, olympus.id, "10.1.2.3")
    assert 9 <= waiting.value.retry_after <= 10

    clock.forward(seconds=11)
    spend(SLOW, olympus.id, "10.1.2.3")
    with pytest.raises(RateLimited):
        spend(SLOW, olympus.id, "10.1.2.3")


def test_everybody_has_a_bucket_of_their_own(olympus, vulcan):
    for _ in range(3):
        spend(SLOW, olympus.id, "10.1.2.3")

    spend(SLOW, olympus.id, "10.1.2.4")
    spend(SLOW, vulcan.id, "10.1.2.3")
    spend(Limit("other", per_minute=6, burst=3), olympus.id, "10.1.2.3")


def test_the_bucket_of_a_socket_behaves_the_same():
    bucket = Bucket(SLOW)

    assert [bucket.spend() for _ in range(3)] == [0, 0, 0]
    assert 9 < bucket.spend() <= 10


def test_a_flood_is_recorded_but_not_each_of_its_drops(olympus):
    for _ in range(3):
        let_in(SLOW, olympus.anonymous, HERE)
    for _ in range(20):
        with pytest.raises(RateLimited):
            let_in(SLOW, olympus.anonymous, HERE)

    noted = entries(olympus.id, Event.RATE_LIMITED)
    assert 1 <= len(noted) <= 3
    assert noted[0].data == {"scope": "slow"}


def test_of_ipv6_a_network_has_one_bucket(olympus):
    for number in range(3):
        let_in(SLOW, olympus.anonymous, replace(HERE, address=f"2001:db8:1:2::{number:x}"))

    with pytest.raises(RateLimited):
        let_in(SLOW, olympus.anonymous, replace(HERE, address="2001:db8:1:2::ff"))
    let_in(SLOW, olympus.anonymous, replace(HERE, address="2001:db8:1:3::ff"))


def test_without_valkey_only_a_known_device_is_let_in(olympus, grace, settings, caplog):
    actor, _ = olympus.signed_in(grace)
    token = register_device(actor, name="Console 7").token
    at_device = replace(actor, environment=replace(actor.environment, device_id=olympus.id))
    valkey.client.cache_clear()
    settings.VALKEY_URL = "unix:///tmp/there-is-no-valkey-here.sock"

    with caplog.at_level(logging.WARNING):
        let_in(SLOW, at_device, HERE)
        let_in(SLOW, olympus.anonymous, replace(HERE, device_token=token))
        with pytest.raises(Unavailable):
            let_in(SLOW, olympus.anonymous, HERE)

    valkey.client.cache_clear()
    assert caplog.text.count("open to a known device") == 2


def test_only_breaches_of_protocol_are_noted(olympus):
    note_violation(olympus.anonymous, event=Event.FORGERY_REFUSED, data={})

    with pytest.raises(ValueError, match="no breach"):
        note_violation(olympus.anonymous, event=Event.LOGIN_SUCCEEDED, data={"methods": ["password"]})

    assert latest(olympus.id, Event.FORGERY_REFUSED).outcome == "refused"
    assert entries(olympus.id, Event.LOGIN_SUCCEEDED) == []
