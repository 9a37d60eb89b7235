"""Tickets: one socket, one minute, one session."""

import pytest

from accounts import valkey
from accounts.actions import end_session, issue_ticket, use_ticket
from audit.events import Event
from tenancy.errors import NotSignedIn, Unavailable
from tests.accounts.conftest import HERE
from tests.accounts.records import entries, latest


def use(world, token):
    return use_ticket(world.anonymous, token=token, circumstances=HERE)


def test_a_ticket_stands_for_its_session_once(olympus, grace):
    actor, _ = olympus.signed_in(grace)

    ticket = issue_ticket(actor)

    assert use(olympus, ticket.token).environment.session_id == actor.environment.session_id
    assert use(olympus, ticket.token) is None
    assert latest(olympus.id, Event.TICKET_USED).actor_id == grace.id
    assert latest(olympus.id, Event.TICKET_REFUSED).outcome == "refused"


def test_a_ticket_ends_after_a_minute(olympus, grace, clock):
    ticket = issue_ticket(olympus.signed_in(grace)[0])

    clock.forward(seconds=61)

    assert use(olympus, ticket.token) is None


def test_a_ticket_of_an_ended_session_is_worth_nothing(olympus, grace):
    actor, _ = olympus.signed_in(grace)
    ticket = issue_ticket(actor)

    end_session(actor)

    assert use(olympus, ticket.token) is None


def test_a_ticket_serves_in_its_own_workspace_only(olympus, vulcan, grace):
    ticket = issue_ticket(olympus.signed_in(grace)[0])

    assert use(vulcan, ticket.token) is None
    assert use(olympus, ticket.token) is not None


@pytest.mark.parametrize("token", ["", "made up", "crd_" + "A" * 49])
def test_a_made_up_ticket_is_refused(olympus, token):
    assert use(olympus, token) is None


def test_valkey_holds_no_ticket(olympus, grace):
    ticket = issue_ticket(olympus.signed_in(grace)[0])

    held = b" ".join(valkey.client().keys()).decode()

    assert ticket.token not in held


def test_there_is_no_ticket_without_a_session(olympus, grace):
    for actor in (olympus.acting(grace), olympus.anonymous):
        with pytest.raises(NotSignedIn):
            issue_ticket(actor)

    assert entries(olympus.id, Event.TICKET_ISSUED) == []


def test_without_valkey_there_are_no_tickets(olympus, grace, settings):
    actor, _ = olympus.signed_in(grace)
    valkey.client.cache_clear()
    settings.VALKEY_URL = "unix:///tmp/there-is-no-valkey-here.sock"

    with pytest.raises(Unavailable):
        issue_ticket(actor)

    valkey.client.cache_clear()
