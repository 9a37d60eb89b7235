"""The audit explorer: filters, the place of an entry in the chain, its proof, and its personal part (AU-3, AU-6)."""

import base64
import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from audit import health, merkle, notes
from audit.actions import note_verification, standalone
from audit.events import Event
from audit.explorer import log_of
from audit.log import record
from audit.said import said_of
from audit.sealer import Sealer
from policy.catalogue import Flag
from tenancy.actor import new_id, system_actor
from tests import boot
from tests.audit.conftest import Hand
from tests.console.conftest import Console
from tests.world import furnish

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

AUDIT = "/console/audit/"
FIGURES = "/console/figures/"


@pytest.fixture
def console(db) -> Console:
    return Console(furnish("olympus"))


@pytest.fixture
def sealer(db) -> Iterator[Sealer]:
    one = Sealer()
    one.begin()
    yield one
    connections["sealer"].close()


def test_a_sealed_log_is_called_intact_and_its_entry_is_proven(console: Console, sealer: Sealer):
    sealer.round()
    entry = console.entries(kind="account:user:created", store="security")[0]

    assert "entries are sealed, and the last seals hold" in console.text("ada", AUDIT)
    text = console.text("ada", f"{AUDIT}{entry.id}/")
    proof = json.loads(console.get("ada", f"{AUDIT}{entry.id}/proof/").content)

    assert "Verified just now." in text
    leaf = merkle.leaf_hash(base64.b64decode(proof["entry"]))
    root = merkle.root_from_inclusion(
        leaf, proof["index"], proof["size"], [bytes.fromhex(one) for one in proof["path"]]
    )
    checkpoint = notes.parse_checkpoint(notes.parse(proof["checkpoint"]).text)
    assert (checkpoint.root, checkpoint.size) == (root, proof["size"])
    key = notes.PublicKey.parse(proof["vkeys"][0])
    assert notes.vouching(notes.parse(proof["checkpoint"]), {key.key_id: key}) == [key]


def test_a_log_whose_verification_found_something_is_nowhere_called_intact(console: Console, sealer: Sealer):
    sealer.round()
    call_command("verify_audit", stdout=StringIO())
    assert "and was intact" in console.text("ada", AUDIT)
    gone = console.entries(kind="account:user:created", store="security")[0]
    sealer.round()

    with boot.admin(boot.DATABASE) as connection:
        Hand(connection).does("delete from audit_event where id = %s", gone.id)
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=StringIO())
    sealer.round()

    text = console.text("ada", AUDIT)
    assert "The last verification found entries that are not as they were sealed" in text
    assert "and was not intact" in text
    assert chain_control(console) == ("Verification failed", "danger")
    found = "the last verification found something"
    assert health.told_of_logs() == [f"olympus: {found}", f"the platform: {found}"]


def test_a_verification_that_nobody_of_ours_made_counts_for_nothing(console: Console, sealer: Sealer):
    sealer.round()
    with boot.admin(boot.DATABASE) as connection:
        Hand(connection).does("delete from audit_seal where n = 1")
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=StringIO())
    failed = console.entries(kind="audit:log:verified", store="security")[0]

    with boot.admin(boot.DATABASE) as connection:
        Hand(connection).does(
            "insert into audit_event select gen_random_uuid(), workspace_id, log_id, store, epoch, xid, now(), kind,"
            " 'success', actor_id, target_type, target_id, room_id, request_id,"
            " replace(encode(env, 'escape'), '\"intact\":false', '\"intact\":true')::bytea, mac from audit_event"
            " where id = %s",
            failed.id,
        )

    assert "olympus: the last verification found something" in health.told_of_logs()
    with console.world.inside():
        assert said_of(log_of("security")).suspects == 1


KEY_MESSAGE = (
    "select convert_to(concat_ws(chr(10), 'audit key', vkey, state, round), 'UTF8') as env, mac from audit_key limit 1"
)
"""Text under a MAC of ours that is no entry."""


def copy_verification(
    console: Console,
    *,
    at: str,
    entry_id: str = "gen_random_uuid()",
    said: str = "e.env, e.mac",
    beside: str = "(select) k",
) -> None:
    """Put the line of a verification into the log again, as somebody would who can add rows and holds no key."""
    call_command("verify_audit", stdout=StringIO())
    intact = console.entries(kind="audit:log:verified", store="security")[0]
    with boot.admin(boot.DATABASE) as connection:
        Hand(connection).does(
            f"insert into audit_event select {entry_id}, workspace_id, log_id, store, epoch, xid, {at}, kind, outcome,"  # noqa: S608
            f" actor_id, target_type, target_id, room_id, request_id, {said} from audit_event e, {beside}"
            " where e.id = %s",
            intact.id,
        )


REPLAYED = {
    "under another id": ("gen_random_uuid()", "'2099-01-01'"),
    "at another time": ("id", "'2099-01-01'"),
}


@pytest.mark.parametrize("how", REPLAYED)
def test_a_verification_of_long_ago_is_not_told_again(console: Console, sealer: Sealer, how: str):
    sealer.round()
    entry_id, at = REPLAYED[how]

    copy_verification(console, entry_id=entry_id, at=at)
    with boot.admin(boot.DATABASE) as connection:
        Hand(connection).does("delete from audit_seal where n = 1")
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=StringIO())

    with console.world.inside():
        said = said_of(log_of("security"))
    assert not said.verified.intact
    assert said.suspects == 1


@pytest.mark.parametrize("dated", ["'2099-01-01'", "at", "at + interval '1 microsecond' - interval '30 days'"])
def test_a_flood_of_lines_that_nobody_of_ours_made_hides_nothing(console: Console, sealer: Sealer, dated: str):
    sealer.round()

    copy_verification(console, at=dated, beside="generate_series(1, 600) k")

    assert chain_control(console) == ("Entries are suspect", "danger")
    assert any(told.startswith("olympus: ") for told in health.told_of_logs())


@pytest.mark.parametrize("at", ["'infinity'", "'12000-01-01'", "now()"])
def test_a_line_that_makes_no_sense_does_not_take_the_page_down(console: Console, sealer: Sealer, at: str):
    sealer.round()

    copy_verification(console, at=at, said="k.env, k.mac", beside=f"({KEY_MESSAGE}) k")

    assert chain_control(console)[1] in {"ok", "danger"}


def test_what_a_checkpoint_from_outside_showed_is_taken_back_by_such_a_one_alone(console: Console):
    def verified(*, intact: bool, outside: bool) -> str:
        with standalone(console.world.id):
            actor = system_actor(console.world.id, cause="test")
            note_verification(actor, intact=intact, sizes={}, outside=outside)
        with console.world.inside():
            return "intact" if said_of(log_of("security")).verified.intact else "failed"

    assert verified(intact=True, outside=True) == "intact"
    assert verified(intact=False, outside=False) == "failed"
    assert verified(intact=True, outside=False) == "intact"
    assert verified(intact=False, outside=True) == "failed"
    assert verified(intact=True, outside=False) == "failed"
    assert verified(intact=True, outside=True) == "intact"


def test_entries_that_the_sealer_found_suspect_are_told(console: Console, sealer: Sealer):
    sealer.round()
    with standalone(console.world.id, using="sealer"):
        record(
            Event.AUDIT_DEGRADED,
            system_actor(console.world.id, cause="sealer"),
            finding="mac",
            store="security",
            entries=[new_id()],
        )
    sealer.round()

    assert "The sealer found entries that are not as they should be (1 lately)" in console.text("ada", AUDIT)
    assert chain_control(console) == ("Entries are suspect", "danger")


def chain_control(console: Console) -> tuple[str, str]:
    controls = console.get("ada", FIGURES).json()["controls"]
    control = next(one for one in controls if one["name"] == "chain")
    return control["word"], control["tone"]


def test_an_entry_that_waits_for_its_seal_says_so(console: Console, sealer: Sealer):
    sealer.round()
    console.world.person("hedy")
    entry = console.entries(kind="account:user:created", store="security")[0]

    assert "It waits to be sealed" in console.text("ada", f"{AUDIT}{entry.id}/")


def test_an_entry_that_was_changed_breaks_the_finding(console: Console, sealer: Sealer):
    sealer.round()
    entry = console.entries(kind="account:user:created", store="security")[0]
    with boot.admin(boot.DATABASE) as hand:
        hand.execute("alter table audit_event disable trigger append_only")
        hand.execute(
            "update audit_event set env = overlay(env placing '\\x20'::bytea from 1) where id = %s", [entry.id]
        )
        hand.execute("alter table audit_event enable always trigger append_only")

    assert "The last seal of security does not hold" in console.text("ada", AUDIT)
    control = next(one for one in console.get("ada", "/console/figures/").json()["controls"] if one["name"] == "chain")
    assert (control["word"], control["tone"]) == ("Broken", "danger")


def test_filters_narrow_by_store_family_person_and_refusal(console: Console):
    console.get("eve", "/console/")
    grace = console.world.people["grace"]

    keys = console.text("ada", AUDIT, family="keys")
    about_grace = console.text("ada", AUDIT, about="grace")
    refused = console.text("ada", AUDIT, refused="1")
    decisions = console.text("ada", AUDIT, store="decision")

    assert "key:key:created" in keys
    assert "account:user:created" not in keys
    assert "account:user:created" in about_grace
    assert "console:page:refused" in refused
    assert "account:user:created" not in refused
    assert "console:console:enter" in decisions
    assert "No entry fits this filter." in console.text("ada", AUDIT, family="protocol")
    assert "Nobody and no room is called mallory." in console.text("ada", AUDIT, about="mallory")
    assert str(grace.id) not in about_grace


def test_older_entries_follow_without_a_gap_and_without_repeats(console: Console):
    for number in range(60):
        console.world.person(f"crew{number}")
    seen: list[str] = []
    url = f"{AUDIT}?family=privilege&store=security"
    while url:
        text = console.client("ada").get(url).content.decode()
        seen += [part.split('"')[0] for part in text.split('href="/console/audit/')[1:] if "/" in part.split('"')[0]]
        rest = text.partition('">Older</a>')[0].rpartition('href="')[2] if ">Older</a>" in text else ""
        url = f"{AUDIT}{rest.replace('&amp;', '&')}" if rest else ""

    wanted = {
        f"{entry.id}/"
        for entry in console.entries(store="security")
        if entry.kind.startswith(("account:", "privilege:", "policy:access:")) and "session" not in entry.kind
    }
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted


def test_the_personal_part_is_opened_for_a_reason_and_that_is_on_record(console: Console):
    console.get("eve", "/console/")
    entry = console.entries(kind="console:page:refused", store="security")[0]
    page = f"{AUDIT}{entry.id}/reveal/"

    assert "127.0.0.1" not in console.text("ada", f"{AUDIT}{entry.id}/")
    assert "This field is required." in console.post("ada", page, reason="").content.decode()
    answer = console.post("ada", page, reason="Inquiry 17").content.decode()

    assert "127.0.0.1" in answer
    looks = console.entries(kind="console:record:revealed", store="security")
    assert [look.target_id for look in looks] == [entry.id]


def test_who_may_not_view_the_log_opens_no_entry(console: Console):
    entry = console.entries(kind="account:user:created", store="security")[0]
    who = console.flagged("hedy", Flag.MANAGE_USERS)

    for more in ("", "proof/", "reveal/"):
        assert console.get(who, f"{AUDIT}{entry.id}/{more}").status_code == 403
