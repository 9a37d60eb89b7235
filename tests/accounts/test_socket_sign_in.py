"""Who opens a socket: by cookie from our own page, or by ticket; never from a page of somebody else."""

import pytest

from accounts.actions import end_session, issue_ticket
from accounts.authentication import OriginRefused, actor_for_scope
from audit.events import Event
from policy import epochs
from tenancy.errors import NotFound, NotSignedIn, RateLimited
from tenancy.scoping import within
from tests import boot
from tests.accounts.records import entries

HOST = b"olympus.localhost:8000"
OURS = b"http://olympus.localhost:8000"


def scope(*headers, path="/ws/chat", subprotocols=("cordon.chat.v1",), client=("10.1.2.3", 50000)):
    return {"path": path, "headers": [(b"host", HOST), *headers], "subprotocols": list(subprotocols), "client": client}


def cookie(token):
    return (b"cookie", f"other=1; cordon_session={token}".encode())


def test_a_cookie_opens_a_socket_from_our_own_page(olympus, grace):
    actor, token = olympus.signed_in(grace)

    opened = actor_for_scope(scope((b"origin", OURS), cookie(token), (b"user-agent", b"Firefox")))

    assert (opened.id, opened.environment.session_id) == (grace.id, actor.environment.session_id)
    assert (opened.environment.address, opened.environment.user_agent) == ("10.1.2.3", "Firefox")


@pytest.mark.parametrize(
    "origin",
    [b"http://evil.example", b"http://olympus.localhost", b"null", b"", b"ftp://olympus.localhost:8000", None],
)
def test_a_page_of_somebody_else_opens_nothing(olympus, grace, origin):
    _, token = olympus.signed_in(grace)
    headers = [cookie(token)] if origin is None else [cookie(token), (b"origin", origin)]

    with pytest.raises(OriginRefused):
        actor_for_scope(scope(*headers))

    assert len(entries(olympus.id, Event.ORIGIN_REFUSED)) == 1


def test_an_origin_that_is_sent_twice_counts_as_none(olympus, grace):
    _, token = olympus.signed_in(grace)

    with pytest.raises(OriginRefused):
        actor_for_scope(scope(cookie(token), (b"origin", OURS), (b"origin", OURS)))


def test_a_ticket_needs_neither_cookie_nor_origin_and_works_once(olympus, grace):
    ticket = issue_ticket(olympus.signed_in(grace)[0]).token
    asked = scope(subprotocols=("cordon.chat.v1", f"ticket.{ticket}"))

    assert actor_for_scope(asked).id == grace.id
    with pytest.raises(NotSignedIn):
        actor_for_scope(asked)


def test_a_ticket_in_a_foreign_page_is_refused_and_not_spent(olympus, grace):
    ticket = issue_ticket(olympus.signed_in(grace)[0]).token
    protocols = ("cordon.chat.v1", f"ticket.{ticket}")

    with pytest.raises(OriginRefused):
        actor_for_scope(scope((b"origin", b"https://evil.example"), subprotocols=protocols))

    assert actor_for_scope(scope(subprotocols=protocols)).id == grace.id


def test_two_tickets_are_none(olympus, grace):
    actor, _ = olympus.signed_in(grace)
    tickets = [f"ticket.{issue_ticket(actor).token}" for _ in range(2)]

    with pytest.raises(OriginRefused):
        actor_for_scope(scope(subprotocols=("cordon.chat.v1", *tickets)))


@pytest.mark.parametrize("token", ["", "crd_" + "A" * 49, "nonsense"])
def test_without_a_live_session_nobody_is_there(olympus, token):
    with pytest.raises(NotSignedIn):
        actor_for_scope(scope((b"origin", OURS), cookie(token)))


def test_an_ended_session_opens_no_socket(olympus, grace):
    actor, token = olympus.signed_in(grace)
    end_session(actor)

    with pytest.raises(NotSignedIn):
        actor_for_scope(scope((b"origin", OURS), cookie(token)))


def test_a_host_without_a_workspace_is_refused(olympus):
    with pytest.raises(NotFound):
        actor_for_scope({"path": "/ws/chat", "headers": [(b"host", b"nowhere.localhost")], "subprotocols": []})


@pytest.mark.django_db(transaction=True)
def test_a_suspended_workspace_takes_no_tickets(olympus, grace):
    ticket = issue_ticket(olympus.signed_in(grace)[0]).token
    boot.suspend(olympus.id)
    with within(olympus.id):
        epochs.bump(olympus.id, "policy", [olympus.id])

    with pytest.raises(NotSignedIn):
        actor_for_scope(scope(subprotocols=("cordon.chat.v1", f"ticket.{ticket}")))


def test_a_storm_of_sockets_is_slowed_down(olympus):
    codes = []
    for _ in range(70):
        try:
            actor_for_scope(scope((b"origin", OURS)))
        except (NotSignedIn, RateLimited) as refused:
            codes.append(refused.code)

    assert codes[:60] == ["not_signed_in"] * 60
    assert "rate_limited" in codes


@pytest.mark.parametrize(
    ("proxies", "forwarded", "believed"),
    [
        ((), b"1.2.3.4", "10.1.2.3"),
        (("10.0.0.0/8",), b"1.2.3.4", "1.2.3.4"),
        (("10.0.0.0/8",), b"6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"),
        (("10.0.0.0/8",), b"unknown", "10.1.2.3"),
        (("10.0.0.0/8",), b"::ffff:1.2.3.4", "1.2.3.4"),
    ],
)
def test_only_our_own_proxies_are_believed_about_addresses(olympus, grace, settings, proxies, forwarded, believed):
    settings.TRUSTED_PROXIES = proxies
    _, token = olympus.signed_in(grace)

    opened = actor_for_scope(scope((b"origin", OURS), cookie(token), (b"x-forwarded-for", forwarded)))

    assert opened.environment.address == believed
