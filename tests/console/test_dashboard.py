"""The figures of the dashboard are counts of what is there, shown to who may open the page behind them (AD-5)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.actions import deactivate_user, revoke_session
from accounts.models import Session
from policy.catalogue import Flag
from policy.types import AccessDenied
from tests.console.conftest import Console

FIGURES = "/console/figures/"


def figures(console: Console, who: str = "ada") -> dict:
    answer = console.get(who, FIGURES)
    assert answer.status_code == 200
    return answer.json()


def card(told: dict, name: str) -> dict:
    return next(one for one in told["cards"] if one["name"] == name)


def test_sessions_are_counted_as_they_live(console: Console):
    before = card(figures(console), "sessions")
    grace = console.rows(Session, user=console.world.people["grace"])[0]

    revoke_session(console.world.system, session_id=grace.id)

    after = card(figures(console), "sessions")
    assert before["big"] == "3"
    assert after["big"] == "2"
    assert after["sub"].startswith("2 people")


def test_decisions_per_minute_are_those_on_record(console: Console):
    world = console.world
    minute = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=2)
    with time_machine.travel(minute + timedelta(seconds=5), tick=False):
        world.says("grace", "titan", "one")
        with pytest.raises(AccessDenied):
            world.says("eve", "titan", "two")
    recorded = [e for e in console.entries(store="decision") if minute <= e.at < minute + timedelta(minutes=1)]

    with time_machine.travel(minute + timedelta(seconds=65), tick=False):
        told = figures(console)

    now = {effect: int(count) for effect, _words, count in card(told, "decisions")["parts"]}
    assert now["permit"] == sum(1 for entry in recorded if entry.outcome == "permit") > 0
    assert now["deny"] == sum(1 for entry in recorded if entry.outcome == "deny") > 0
    row = next(row for row in told["chart"]["rows"] if row["at"] == f"{minute:%H:%M}")
    assert row["permit"] == now["permit"]


def test_a_minute_that_is_over_is_counted_once_and_stays(console: Console):
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=False):
        first = figures(console)["chart"]
        second = figures(console)["chart"]

    assert first["paths"]["deny"] == second["paths"]["deny"]


def test_revocations_of_today_are_counted_by_kind(console: Console):
    world = console.world
    before = int(card(figures(console), "revocations")["big"])

    world.knows("grace", {})
    deactivate_user(world.system, user_id=world.people["eve"].id)

    told = card(figures(console), "revocations")
    assert int(told["big"]) == before + 3
    assert "1 membership suspended" in told["sub"]


def test_what_was_refused_last_stands_first_and_leads_to_its_explanation(console: Console):
    console.get("eve", "/console/keys/")

    row = figures(console)["refused"][0]

    assert row["who"] == "Eve"
    assert row["codes"] == ["role_missing"]
    assert row["explain"].startswith("/console/explain/?person=")


def test_the_chain_of_a_log_that_nobody_seals_is_not_called_intact(console: Console):
    control = next(one for one in figures(console)["controls"] if one["name"] == "chain")

    assert control["tone"] == "warn"
    assert control["word"] == "Not sealed yet"
    assert figures(console)["lede"]["tone"] == "warn"


def test_nobody_sees_a_figure_whose_page_they_may_not_open(console: Console):
    keeper = console.flagged("hedy", Flag.MANAGE_ENCRYPTION)
    bare = console.flagged("mary", Flag.VIEW_CONSOLE)

    keys, nothing = figures(console, keeper), figures(console, bare)

    assert [one["name"] for one in keys["controls"]] == ["keys"]
    assert keys["cards"] == []
    assert keys["chart"] is None
    assert keys["refused"] is None
    assert (nothing["cards"], nothing["controls"], nothing["refused"]) == ([], [], None)
    assert "Nothing waits for you here." in console.text(bare, "/console/")


def test_the_page_and_the_poll_say_the_same(console: Console):
    text = console.text("ada", "/console/")
    told = figures(console)

    for one in told["cards"]:
        assert one["title"] in text
    assert card(told, "sessions")["paths"]["line"] in text
    assert "Show data" in text


def test_polling_is_decided_like_any_page(console: Console):
    assert console.get("eve", FIGURES).status_code == 403
    assert console.decided("console:console:enter", "deny", "eve") == 1
