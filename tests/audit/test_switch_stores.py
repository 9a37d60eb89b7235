"""The compliance store is not switched unseen: every switch is a row for good, and has its line in the security log."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.db import DatabaseError, connection, connections

from audit.actions import is_entitled, standalone, switch_compliance
from audit.kinds import Store
from tenancy.errors import Conflict
from tenancy.scoping import within
from tests.audit.conftest import Place, sealed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ADD = (
    "insert into audit_entitlement (id, workspace_id, store, entitled) values (gen_random_uuid(), %s, 'compliance', %s)"
)
BACK_DATED = (
    "insert into audit_entitlement (id, workspace_id, store, entitled, at)"
    " select gen_random_uuid(), workspace_id, store, true, at - interval '1 day' from audit_entitlement"
)


def switch(place: Place, *, entitled: bool) -> None:
    with standalone(place.id):
        switch_compliance(place.actor, entitled=entitled)


def as_the_app(place: Place, statement: str, *values: object) -> None:
    with within(place.id), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_every_switch_is_a_row_of_its_own_and_the_last_one_is_in_force(olympus, sealer, hand, findings):
    for entitled in (False, True, False):
        switch(olympus, entitled=entitled)
    sealed(sealer)

    rows = hand.sees("select entitled from audit_entitlement order by at")

    assert [entitled for (entitled,) in rows] == [False, True, False]
    with within(olympus.id):
        assert not is_entitled(olympus.id)
    assert findings() == []
    assert findings(workspace_id=olympus.id) == []


WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


@pytest.mark.parametrize(("then", "rows"), [(False, [(False,)]), (True, [(False,), (True,)])])
def test_of_two_switches_at_once_the_second_sees_the_first(olympus, sealer, hand, findings, then, rows):
    def second() -> str:
        try:
            switch(olympus, entitled=then)
        except Conflict as conflict:
            return conflict.code
        finally:
            connections.close_all()
        return "switched"

    with ThreadPoolExecutor(1) as other:
        with standalone(olympus.id):
            switch_compliance(olympus.actor, entitled=False)
            later = other.submit(second)
            until = monotonic() + 10
            while hand.sees(WAITING) != [(1,)] and not later.done() and monotonic() < until:
                sleep(0.01)
        answer = later.result(10)
    sealed(sealer)

    assert answer == ("switched" if then else "conflict")
    assert hand.sees("select entitled from audit_entitlement order by at") == rows
    with within(olympus.id):
        assert is_entitled(olympus.id) is then
    assert findings() == []


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entitlement set entitled = true",
        "update audit_entitlement set at = at - interval '1 day'",
        "delete from audit_entitlement",
        BACK_DATED,
    ],
)
def test_the_app_cannot_change_or_date_back_a_switch(olympus, hand, statement):
    switch(olympus, entitled=False)

    with pytest.raises(DatabaseError):
        as_the_app(olympus, statement)

    assert hand.sees("select entitled from audit_entitlement") == [(False,)]


def test_a_store_switched_off_and_on_without_a_line_is_found_for_good(olympus, pluto, sealer, findings):
    olympus.posts(1)
    pluto.makes_roles(1)
    as_the_app(olympus, ADD, olympus.id, False)
    olympus.posts(1)
    as_the_app(olympus, ADD, olympus.id, True)
    olympus.makes_roles(1)
    sealed(sealer)

    found = findings()

    assert len(olympus.entries(Store.COMPLIANCE)) == 2
    assert [one.partition(" by row ")[0] for one in found] == [
        "olympus, compliance: the compliance store was closed",
        "olympus, compliance: the compliance store was opened",
    ]
    assert all(one.endswith("and no line tells of it") for one in found)
    assert findings(workspace_id=olympus.id) == found
    assert findings(workspace_id=pluto.id) == []


@pytest.mark.parametrize("statement", ["delete from audit_entitlement", "update audit_entitlement set entitled = true"])
def test_a_switch_whose_row_was_taken_away_or_changed_is_found(olympus, sealer, hand, findings, statement):
    switch(olympus, entitled=False)
    sealed(sealer)

    assert hand.does(statement) == 1

    assert findings()[-1].endswith("by which the compliance store was closed, is gone or changed")


def test_the_app_cannot_switch_another_workspace(olympus, pluto, hand):
    with pytest.raises(DatabaseError):
        as_the_app(olympus, ADD, pluto.id, False)

    assert hand.sees("select 1 from audit_entitlement") == []
