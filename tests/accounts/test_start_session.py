"""Signing in with a password: who gets in, who does not, and what a stranger learns from it (ID-1, ID-8)."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import BoundedSemaphore

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts import attempts, passwords, sealing, sessions, valkey
from accounts.actions import deactivate_user, set_password, start_session, sweep_lockouts, unlock_user
from accounts.actions.sign_in import begin_session
from accounts.circumstances import counted_as
from accounts.models import Device, Session, User
from accounts.passwords import Argon2idHasher
from audit.events import Event
from chatapp import settings as product
from tenancy.errors import Conflict, Unavailable
from tenancy.models import Workspace
from tenancy.scoping import within
from tests.accounts.conftest import HERE, PASSWORD, make_world
from tests.accounts.hashers import CountingHasher
from tests.accounts.records import entries, latest, refused


def sign_in(world, username="grace", password=PASSWORD, circumstances=HERE):
    return start_session(world.anonymous, username=username, password=password, circumstances=circumstances)


def fail(world, times, username="grace", circumstances=HERE):
    return [sign_in(world, username, "wrong", circumstances) for _ in range(times)][-1]


def test_the_right_password_opens_a_session_of_its_own(olympus, grace):
    answer = sign_in(olympus, "GRACE")

    assert answer.refusal == ""
    with within(olympus.id):
        actor = sessions.actor_for_token(olympus.id, answer.issued.token, HERE)
        row = Session.objects.get(id=answer.issued.session.id)
    assert actor.id == grace.id
    assert actor.environment.methods == ("password",)
    assert actor.environment.device_id == row.device_id
    assert answer.issued.token.encode() not in bytes(row.token_hash)
    created = latest(olympus.id, Event.SESSION_CREATED)
    assert (created.actor_id, created.target_id) == (grace.id, row.id)
    assert latest(olympus.id, Event.LOGIN_SUCCEEDED).data["methods"] == ["password"]


def test_a_wrong_password_opens_nothing_and_is_recorded(olympus, grace):
    answer = sign_in(olympus, password="wrong")

    assert (answer.issued, answer.refusal) == (None, "wrong")
    with within(olympus.id):
        assert not Session.objects.exists()
    failed = latest(olympus.id, Event.LOGIN_FAILED)
    assert (failed.outcome, failed.target_id) == ("refused", grace.id)


@pytest.mark.parametrize("username", ["nobody", "ada", "gone", "", "x" * 300])
def test_a_stranger_learns_nothing_from_the_answer_or_the_work(olympus, grace, settings, username):
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.CountingHasher"]
    passwords.password_of_nobody.cache_clear()
    gone = olympus.person("gone")
    deactivate_user(olympus.system, user_id=gone.id)
    real = olympus.person("hopper")
    sign_in(olympus, "nobody")  # the password of nobody is made once
    CountingHasher.verified = 0

    wrong = sign_in(olympus, real.username, "wrong")
    work = CountingHasher.verified
    stranger = sign_in(olympus, username, "wrong" if username != "gone" else PASSWORD)

    assert work == 1
    assert CountingHasher.verified == 2
    assert stranger == wrong
    passwords.password_of_nobody.cache_clear()


def test_a_lock_costs_the_same_work(olympus, grace, settings):
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.CountingHasher"]
    passwords.password_of_nobody.cache_clear()
    fail(olympus, 5)
    CountingHasher.verified = 0

    answer = sign_in(olympus)

    assert answer.refusal == "locked"
    assert CountingHasher.verified == 1
    passwords.password_of_nobody.cache_clear()


def test_passwords_are_argon2id_with_the_parameters_of_rfc_9106():
    encoded = Argon2idHasher().encode("a password", "saltsaltsalt")

    assert encoded.startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")
    assert Argon2idHasher().verify("a password", encoded)
    assert not Argon2idHasher().verify("another", encoded)


def test_failures_lock_an_account_for_longer_and_longer(olympus, grace, clock):
    fail(olympus, 4)
    assert sign_in(olympus).refusal == ""  # four are forgiven, and forgotten with the right password

    minutes = []
    fail(olympus, 4)
    for _ in range(8):
        fail(olympus, 1)
        minutes.append(latest(olympus.id, Event.LOCKOUT_STARTED).data["minutes"])
        assert sign_in(olympus).refusal == "locked"
        clock.forward(minutes=minutes[-1], seconds=1)

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]
    assert sign_in(olympus).refusal == ""


def test_an_unknown_name_is_locked_like_a_known_one(olympus, grace):
    known, unknown = fail(olympus, 5), fail(olympus, 5, "nobody")

    assert known == unknown
    assert sign_in(olympus).refusal == sign_in(olympus, "nobody").refusal == "locked"
    assert sign_in(olympus).locked_until is not None
    assert [entry.data.get("user_id") for entry in entries(olympus.id, Event.LOCKOUT_STARTED)] == [str(grace.id), None]


def test_an_address_is_locked_for_all_names(olympus, grace):
    for number in range(20):
        sign_in(olympus, f"guess-{number}", "wrong")

    assert sign_in(olympus).refusal == "locked"
    assert sign_in(olympus, circumstances=replace(HERE, address="10.9.9.9")).refusal == ""
    assert latest(olympus.id, Event.LOCKOUT_STARTED).data["scope"] == "address"


def test_of_ipv6_the_whole_network_of_a_subscriber_is_locked(olympus, grace):
    for number in range(20):
        sign_in(olympus, f"guess-{number}", "wrong", replace(HERE, address=f"2001:db8:1:2::{number:x}"))

    assert sign_in(olympus, circumstances=replace(HERE, address="2001:db8:1:2:ffff::1")).refusal == "locked"
    assert latest(olympus.id, Event.LOCKOUT_STARTED).data["scope"] == "address"
    neighbour = sign_in(olympus, circumstances=replace(HERE, address="2001:db8:1:3::1"))
    assert neighbour.refusal == ""
    with within(olympus.id):
        session = Session.objects.get(id=neighbour.issued.session.id)
        assert sealing.open_origins([session])[session.id].address == "2001:db8:1:3::1"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nowhere", "nowhere"),
    ],
)
def test_an_address_is_counted_as_what_one_subscriber_has(address, counted):
    assert counted_as(address) == counted


def test_a_lock_in_one_workspace_is_none_in_another(olympus, vulcan, grace):
    vulcan.person("grace")

    fail(olympus, 5)

    assert sign_in(olympus).refusal == "locked"
    assert sign_in(vulcan).refusal == ""


def test_an_administrator_lifts_a_lock(olympus, grace):
    boss = olympus.person("boss", "administrator")
    fail(olympus, 5)

    unlock_user(olympus.acting(boss), user_id=grace.id)

    assert sign_in(olympus).refusal == ""
    ended = latest(olympus.id, Event.LOCKOUT_ENDED)
    assert (ended.actor_id, ended.data["cause"]) == (boss.id, "unlocked")


def test_a_member_lifts_no_lock(olympus, grace):
    fail(olympus, 5)

    with refused(olympus):
        unlock_user(olympus.acting(grace), user_id=grace.id)

    assert sign_in(olympus).refusal == "locked"


def test_the_end_of_a_lock_is_recorded_once(olympus, grace, clock):
    fail(olympus, 5)
    assert sweep_lockouts(olympus.system) == 0

    clock.forward(minutes=2)
    assert sweep_lockouts(olympus.system) == 1
    assert sweep_lockouts(olympus.system) == 0

    assert latest(olympus.id, Event.LOCKOUT_ENDED).data == {
        "scope": "account",
        "user_id": str(grace.id),
        "cause": "ran_out",
    }


def test_valkey_holds_neither_names_nor_addresses(olympus, grace):
    fail(olympus, 5)

    names = b" ".join(valkey.client().keys())
    members = b" ".join(valkey.client().zrange(valkey.key("lockout-register", olympus.id), 0, -1))

    assert names
    assert b"grace" not in names + members
    assert HERE.address.encode() not in names + members


def test_without_valkey_only_a_known_device_gets_in(olympus, grace, settings, caplog):
    known = sign_in(olympus).device_token
    valkey.client.cache_clear()
    settings.VALKEY_URL = "unix:///tmp/there-is-no-valkey-here.sock"

    with caplog.at_level(logging.WARNING):
        stranger = sign_in(olympus)
        familiar = sign_in(olympus, circumstances=replace(HERE, device_token=known))
        wrong = sign_in(olympus, password="wrong", circumstances=replace(HERE, device_token=known))
        unknown = sign_in(olympus, "nobody", circumstances=replace(HERE, device_token=known))

    valkey.client.cache_clear()
    assert (stranger.refusal, stranger.issued) == ("unavailable", None)
    assert familiar.refusal == ""
    assert (wrong.refusal, unknown.refusal) == ("wrong", "unavailable")
    assert "Valkey does not answer" in caplog.text
    assert len(entries(olympus.id, Event.LIMITER_DEGRADED)) == 4


def test_a_device_is_recognised_by_its_token(olympus, grace):
    first = sign_in(olympus)

    again = sign_in(olympus, circumstances=replace(HERE, device_token=first.device_token))
    other = sign_in(olympus)

    with within(olympus.id):
        assert Device.objects.filter(user=grace).count() == 2
    assert again.device_token == ""
    assert again.issued.session.device_id == first.issued.session.device_id != other.issued.session.device_id


def test_the_device_of_somebody_else_is_not_ones_own(olympus, grace):
    olympus.person("eve")
    hers = sign_in(olympus).device_token

    eves = sign_in(olympus, "eve", circumstances=replace(HERE, device_token=hers))

    assert eves.device_token not in ("", hers)


def test_a_workspace_without_local_accounts_takes_no_password(olympus, grace):
    with within(olympus.id):
        Workspace.objects.filter(id=olympus.id).update(local_accounts=False)

    with pytest.raises(Conflict):
        sign_in(olympus)

    with within(olympus.id):
        assert not Session.objects.exists()


def test_a_service_account_has_no_way_in_by_password(olympus, grace):
    with within(olympus.id):
        User.objects.filter(id=grace.id).update(kind="service")

    assert sign_in(olympus).refusal == "wrong"


def test_an_old_hash_is_renewed_with_the_next_sign_in(olympus, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    olympus.person("grace")
    settings.PASSWORD_HASHERS = ["accounts.passwords.Argon2idHasher", "django.contrib.auth.hashers.MD5PasswordHasher"]

    assert sign_in(olympus).refusal == ""

    assert olympus.user("grace").password.startswith("argon2$argon2id$")


def test_the_product_hashes_with_argon2id():
    assert product.PASSWORD_HASHERS == ["accounts.passwords.Argon2idHasher"]
    assert django_settings.AUTH_USER_MODEL == "accounts.User"


def test_a_password_that_changes_between_check_and_sign_in_opens_nothing(olympus, grace):
    attempt = attempts.to_sign_in(olympus.id, username="grace", password=PASSWORD, circumstances=HERE)
    set_password(olympus.system, user_id=grace.id, password="a longer sentence than before")

    answer = begin_session(olympus.anonymous, attempt=attempt, circumstances=HERE)

    assert (answer.issued, answer.refusal) == (None, "wrong")
    with within(olympus.id):
        assert not Session.objects.exists()


def test_an_account_that_is_deactivated_between_check_and_sign_in_stays_out(olympus, grace):
    attempt = attempts.to_sign_in(olympus.id, username="grace", password=PASSWORD, circumstances=HERE)
    deactivate_user(olympus.system, user_id=grace.id)

    assert begin_session(olympus.anonymous, attempt=attempt, circumstances=HERE).refusal == "wrong"


@pytest.mark.django_db(transaction=True)
def test_neither_a_transaction_nor_a_connection_is_held_while_a_password_is_checked(monkeypatch):
    world, held_then = make_world("calm"), []
    world.person("grace")
    real = passwords.verified
    state = lambda: (connection.in_atomic_block, connection.connection is not None)  # noqa: E731
    monkeypatch.setattr(passwords, "verified", lambda *given: held_then.append(state()) or real(*given))

    assert sign_in(world).refusal == ""

    assert held_then == [(False, False)]


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_no_more_are_heard_than_one_by_one():
    world = make_world("calm")
    world.person("grace")

    def guess(number: int) -> str:
        try:
            return sign_in(world, "grace", f"guess {number}").refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(guess, range(12)))

    assert answers == {"wrong": 5, "locked": 7}


def test_who_would_wait_too_long_for_a_check_is_told_to_come_back(olympus, grace, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(passwords, "_AT_ONCE", BoundedSemaphore(1))

    with passwords._AT_ONCE, pytest.raises(Unavailable):
        sign_in(olympus)

    assert sign_in(olympus).refusal == ""
