"""The audit explorer: filters, the place of an entry in the chain, its proof, and its personal part (AU-3, AU-6)."""

import base64
import json
from collections.abc import Iterator

import pytest
from django.db import connections

from audit import merkle, notes
from audit.sealer import Sealer
from policy.catalogue import Flag
from tests import boot
from tests.console.conftest import Console
from tests.world import furnish

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

AUDIT = "/console/audit/"


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
