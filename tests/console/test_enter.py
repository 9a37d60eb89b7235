"""Who gets into the console, and which flag opens which page (AD-2, AD-5)."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.actions import assign_role, unassign_role
from accounts.models import Role
from policy.catalogue import Flag
from policy.console import ConsoleAdmin
from tests.console.conftest import Console
from tests.console.pages import OPENS, PAGES


def test_who_is_not_signed_in_is_sent_to_sign_in(console: Console):
    answer = Client(HTTP_HOST="olympus.localhost").get("/console/rooms/room/")

    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/console/rooms/room/"


def test_a_member_is_refused_by_a_page_that_names_reason_and_decision(console: Console):
    answer = console.get("eve", "/console/")

    assert answer.status_code == 403
    decision = console.entries(store="decision", kind="console:console:enter", outcome="deny")[0]
    text = answer.content.decode()
    assert "role_missing" in text
    assert str(decision.id) in text
    assert "View the console" in text
    assert 'class="uf-nav' in text
    assert "Rooms" not in text
    assert len(console.entries(kind="console:page:refused", store="security")) == 1


def test_the_table_speaks_of_every_flag():
    assert OPENS.keys() == set(Flag)


def _together() -> list[tuple[Flag, ...]]:
    """Flags with pages one by one; those that open the same few pages as one bundle."""
    alone = [(flag,) for flag, pages in OPENS.items() if len(pages) > 1]
    home = tuple(flag for flag, pages in OPENS.items() if pages == {"dashboard"})
    none = tuple(flag for flag, pages in OPENS.items() if not pages)
    return [*alone, home, none]


@pytest.mark.parametrize("flags", _together(), ids=lambda flags: flags[0].value)
def test_a_flag_opens_exactly_its_pages(console: Console, flags: tuple[Flag, ...]):
    who = console.flagged("hedy", *flags)

    answers = {name: console.get(who, path).status_code for name, path in PAGES.items()}

    assert {name for name, status in answers.items() if status in (200, 302)} == OPENS[flags[0]]
    assert {status for name, status in answers.items() if name not in OPENS[flags[0]]} <= {403, 404}
    refused = console.entries(store="decision", outcome="deny", actor_id=console.world.people[who].id)
    assert len(refused) == len(PAGES) - len(OPENS[flags[0]])


def test_the_sidebar_offers_only_what_opens(console: Console):
    who = console.flagged("hedy", Flag.MANAGE_ENCRYPTION)

    text = console.text(who, "/console/")

    assert 'href="/console/keys/"' in text
    assert 'href="/console/audit/"' not in text
    assert 'href="/console/accounts/user/"' not in text


def test_a_room_is_only_created_by_who_may_do_so(console: Console):
    who = console.flagged("hedy", Flag.MANAGE_DIRECTORY, Flag.CREATE_ROOMS)

    assert console.get(who, PAGES["new room"]).status_code == 200


def test_a_role_that_is_taken_away_closes_the_console_at_once(console: Console):
    world = console.world
    with world.inside():
        auditor = Role.objects.get(system="auditor").id
    assign_role(world.system, role_id=auditor, user_id=world.people["eve"].id)
    assert console.get("eve", PAGES["audit"]).status_code == 200

    unassign_role(world.system, role_id=auditor, user_id=world.people["eve"].id)

    assert console.get("eve", PAGES["audit"]).status_code == 403


def test_only_our_own_screens_are_registered():
    assert all(isinstance(screen, ConsoleAdmin) for screen in admin.site._registry.values())
    assert not admin.site.is_registered(LogEntry)


@pytest.mark.parametrize(
    "path",
    [
        "/console/password_change/",
        "/console/logout/",
        "/console/autocomplete/",
        "/console/jsi18n/",
        "/console/auth/group/",
        "/console/accounts/fielddiff/",
        "/console/accounts/",
    ],
)
def test_nothing_of_the_stock_admin_is_left_open(console: Console, path: str):
    assert console.get("ada", path).status_code == 404


def test_no_screen_deletes_or_edits_in_the_list(console: Console):
    user_id = console.world.people["eve"].id

    assert console.get("ada", f"/console/accounts/user/{user_id}/delete/").status_code == 404
    answer = console.post("ada", PAGES["users"], action="delete_selected", _selected_action=str(user_id))
    assert answer.status_code in (403, 404)


def test_a_screen_cannot_declare_what_by_passes_actions():
    with pytest.raises(TypeError, match="list_editable"):
        type("Hasty", (ConsoleAdmin,), {"list_editable": ("name",)})


def test_opening_a_page_writes_nothing_to_the_admins_own_log(console: Console):
    console.text("ada", PAGES["users"])
    console.post("ada", PAGES["new group"], name="Crew", kind="public")

    from django.db import ProgrammingError, connection, transaction  # noqa: PLC0415

    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute("select count(*) from django_admin_log")
            written = cursor.fetchone()[0]
        except ProgrammingError:
            transaction.set_rollback(True)
            written = 0
    assert written == 0
