# ruff: noqa: E501 - statements stand whole
"""A bundle is checked by one file that knows nothing of the product, and a changed bundle does not pass."""

import ast
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from audit import notes, offline
from audit.actions import announce_pruning, standalone, switch_compliance
from audit.bundle import export
from audit.kinds import Store
from audit.prune import execute
from audit.verify import verify
from tenancy.errors import Conflict
from tests.audit.conftest import Place, sealed
from tests.audit.signer import TestSigner

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def history(olympus, sealer) -> Place:
    for _ in range(4):
        olympus.posts(4)
        olympus.makes_roles(2)
        olympus.decides(2)
        sealed(sealer)
    return olympus


@pytest.fixture
def bundle(history, tmp_path) -> Path:
    exported = export(history.id, tmp_path / "bundle")
    assert exported.sizes == {"compliance": 24, "decision": 8, "security": 8}
    return exported.folder


def judged(bundle: Path, *arguments: object) -> tuple[int, str]:
    """What the verifier says when it stands alone in an empty folder, with nothing of the product in reach."""
    alone = bundle.parent / "verifier.py"
    shutil.copy(offline.__file__, alone)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO", "CORDON"))}
    done = subprocess.run(
        [sys.executable, "-I", alone, bundle, *map(str, arguments)],
        cwd=bundle.parent,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_verifier_needs_the_standard_library_and_cryptography_alone():
    tree = ast.parse(Path(offline.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in getattr(node, "names", [])]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_an_untouched_bundle_passes(bundle):
    status, said = judged(bundle)

    assert status == 0, said
    assert "40 entries" in said
    assert "intact" in said
    assert "No checkpoint from outside" in said


def test_it_passes_against_the_checkpoints_kept_before(history, sealer, tmp_path):
    kept = tmp_path / "kept.txt"
    call_command("verify_audit", workspace="olympus", save_checkpoint=kept, stdout=StringIO())
    history.posts(5)
    sealed(sealer)
    folder = export(history.id, tmp_path / "bundle").folder

    assert judged(folder, "--checkpoint", kept)[0] == 0
    assert judged(folder, "--checkpoint", folder / "checkpoints.txt")[0] == 0


def test_only_sealed_entries_leave(history, tmp_path):
    history.posts(9)

    assert export(history.id, tmp_path / "bundle").sizes["compliance"] == 24
    assert judged(tmp_path / "bundle")[0] == 0


def test_no_other_workspace_leaves_with_it(history, pluto, sealer, tmp_path):
    pluto.makes_roles(2)
    sealed(sealer)

    folder = export(history.id, tmp_path / "bundle").folder

    for path in folder.iterdir():
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert str(pluto.id).encode() not in data


def test_the_same_log_gives_the_same_bytes(history, tmp_path):
    one, two = export(history.id, tmp_path / "one").folder, export(history.id, tmp_path / "two").folder

    for path in one.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (two / path.name).read_bytes()


def test_a_folder_that_is_not_empty_is_refused(bundle, history):
    with pytest.raises(Conflict):
        export(history.id, bundle)


def test_a_pruned_log_passes(history, sealer, tmp_path):
    with standalone(history.id):
        announce_pruning(history.actor, store=Store.COMPLIANCE, seal=2, rule="days:30")
    sealed(sealer)
    execute(history.id, Store.COMPLIANCE, 2, rule="days:30")
    connections["pruner"].close()

    folder = export(history.id, tmp_path / "bundle").folder

    status, said = judged(folder)
    assert status == 0, said
    assert "compliance: 13 entries in 3 seals, up to entry 25" in said


def test_a_log_with_a_closed_store_passes(history, sealer, tmp_path):
    with standalone(history.id):
        switch_compliance(history.actor, entitled=False)
    history.makes_roles(3)
    sealed(sealer)

    assert judged(export(history.id, tmp_path / "bundle").folder)[0] == 0


def rewritten(path: Path, change) -> None:
    lines = gzip.decompress(path.read_bytes()).split(b"\n")[:-1]
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in change(lines))))


def swapped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:7], lines[8], lines[7], *lines[9:]]


def with_seal(change) -> object:
    def changed(lines: list[bytes]) -> list[bytes]:
        seal = json.loads(lines[1])
        change(seal)
        return [lines[0], json.dumps(seal).encode(), *lines[2:]]

    return changed


TAMPERED = {
    "one byte of an entry": (
        "entries.ndjson.gz",
        lambda lines: [*lines[:7], lines[7].replace(b"success", b"failed"), *lines[8:]],
        "compliance, seal 2, entry 7",
    ),
    "the order of two entries": ("entries.ndjson.gz", swapped, "compliance, seal 2, entry 7"),
    "a missing entry": ("entries.ndjson.gz", lambda lines: [*lines[:7], *lines[8:]], "compliance, seal 2, entry 7"),
    "a missing last entry": ("entries.ndjson.gz", lambda lines: lines[:-1], "compliance, seal 4, entry 23"),
    "one entry too many": ("entries.ndjson.gz", lambda lines: [*lines, lines[0]], "compliance, entry 24"),
    "no entries": ("entries.ndjson.gz", lambda _lines: [], "compliance, seal 1, entry 0"),
    "a missing seal": ("seals.ndjson.gz", lambda lines: [lines[0], *lines[2:]], "compliance, seal 2, entry 6"),
    "a missing last seal": ("seals.ndjson.gz", lambda lines: lines[:-1], "compliance, entry 18"),
    "a changed root": (
        "seals.ndjson.gz",
        with_seal(lambda seal: seal.update(root="00" * 32)),
        "compliance, seal 2, entry 6",
    ),
    "a changed window": ("seals.ndjson.gz", with_seal(lambda seal: seal.update(lo="1")), "compliance, seal 2, entry 6"),
    "a changed note": (
        "seals.ndjson.gz",
        with_seal(lambda seal: seal.update(note=seal["note"].replace("seal 2", "seal 3"))),
        "compliance, seal 2, entry 6",
    ),
    "a seal that cannot be read": (
        "seals.ndjson.gz",
        lambda lines: [lines[0], b"{", *lines[2:]],
        "compliance, entry 6",
    ),
}


@pytest.mark.parametrize("changed", TAMPERED)
def test_a_tampered_bundle_does_not_pass_even_with_a_new_manifest(bundle, changed):
    name, change, place = TAMPERED[changed]
    rewritten(bundle / f"compliance.{name}", change)

    status, said = judged(bundle)
    assert status == 1
    assert "NOT INTACT: compliance" in said
    findings, _ = offline.check(bundle, [])
    assert f"compliance.{name}: the file is not the one that was exported" in map(str, findings)
    assert any(str(finding).startswith(place + ":") for finding in findings), findings


def test_a_changed_leaf_does_not_pass(bundle):
    leaves = bytearray((bundle / "compliance.leaves").read_bytes())
    leaves[32 * 20] ^= 1
    (bundle / "compliance.leaves").write_bytes(leaves)

    findings, _ = offline.check(bundle, [])

    assert "compliance, seal 4, entry 20: the entry is not the sealed one" in map(str, findings)


def test_a_missing_file_does_not_pass(bundle):
    (bundle / "security.entries.ndjson.gz").unlink()

    assert judged(bundle)[0] == 1


def renewed(bundle: Path, change) -> None:
    """Change the manifest, and make its digests fit the files again."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    manifest["files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in bundle.iterdir()
        if path.name != "manifest.json"
    }
    (bundle / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("gone", ["security", "decision", "compliance", "security decision compliance"])
def test_a_bundle_without_one_of_its_logs_does_not_pass(bundle, gone):
    def take_out(manifest: dict) -> None:
        manifest["logs"] = [one for one in manifest["logs"] if one["store"] not in gone.split()]

    renewed(bundle, take_out)

    status, said = judged(bundle)
    assert status == 1
    assert f"NOT INTACT: {gone.split()[0]}: " in said


def test_a_bundle_that_calls_itself_one_of_the_platform_does_not_pass(bundle):
    renewed(bundle, lambda manifest: manifest.update(workspace=None))

    status, said = judged(bundle)
    assert status == 1
    assert "NOT INTACT: security: the log is not one of the workspace of the bundle" in said


def test_a_log_of_an_older_bundle_in_a_newer_one_does_not_pass(bundle, history, sealer, tmp_path):
    history.makes_roles(1)
    history.decides(1)
    sealed(sealer)
    newer = export(history.id, tmp_path / "newer").folder
    for path in bundle.glob("decision.*"):
        shutil.copy(path, newer)
    (older,) = [one for one in json.loads((bundle / "manifest.json").read_text())["logs"] if one["store"] == "decision"]
    assert judged(newer.parent / "newer")[0] == 1

    renewed(newer, lambda manifest: manifest.update(logs=[older, *(manifest["logs"][place] for place in (0, 2))]))

    status, said = judged(newer)
    assert status == 1
    assert "decision, seal 4, entry 8: its last seal does not stand in the last round" in said


def test_the_rounds_of_an_older_bundle_in_a_newer_one_do_not_pass(bundle, history, sealer, tmp_path):
    history.decides(1)
    sealed(sealer)
    newer = export(history.id, tmp_path / "newer").folder
    shutil.copy(bundle / "rounds.json", newer)
    renewed(newer, lambda _manifest: None)

    assert "NOT INTACT: decision, seal 5, entry 9: its last seal does not stand" in judged(newer)[1]


@pytest.mark.parametrize("changed", ["note", "path", "absence"])
def test_a_changed_place_in_the_rounds_does_not_pass(bundle, changed):
    rounds = json.loads((bundle / "rounds.json").read_text())
    if changed == "note":
        rounds["note"] = rounds["note"].replace("round 4", "round 5")
    if changed == "path":
        rounds["logs"]["security"]["path"][0] = "00" * 32
    if changed == "absence":
        rounds["logs"].pop("security")
    (bundle / "rounds.json").write_text(json.dumps(rounds))
    renewed(bundle, lambda _manifest: None)

    assert judged(bundle)[0] == 1


def test_a_workspace_without_a_sealed_decision_is_not_exported(olympus, sealer, tmp_path):
    olympus.makes_roles(1)
    sealed(sealer)

    with pytest.raises(Conflict):
        export(olympus.id, tmp_path / "bundle")

    assert list((tmp_path / "bundle").iterdir()) == []


@pytest.mark.parametrize("kept", ["", "\n\n", "hello\nworld\n"])
def test_a_checkpoint_file_without_a_checkpoint_is_no_check(bundle, kept):
    (bundle.parent / "kept.txt").write_text(kept)

    status, said = judged(bundle, "--checkpoint", bundle.parent / "kept.txt")

    assert status == 2
    assert "cannot be read: " in said


def test_junk_after_a_checkpoint_is_refused(bundle):
    kept = bundle.parent / "kept.txt"
    kept.write_text((bundle / "checkpoints.txt").read_text() + "\nhello\n")

    assert judged(bundle, "--checkpoint", kept)[0] == 2


def test_something_that_is_no_bundle_cannot_be_read(tmp_path):
    (tmp_path / "empty").mkdir()

    assert judged(tmp_path / "empty")[0] == 2


def test_a_checkpoint_of_a_longer_log_shows_the_truncation(bundle, history, sealer):
    history.posts(2)
    sealed(sealer)
    kept = bundle.parent / "kept.txt"
    kept.write_text("".join(one.note for one in verify().walked))
    connections["auditor"].close()

    status, said = judged(bundle, "--checkpoint", kept)

    assert status == 1
    assert "compliance, entry 24: the log ends here, but had 26 entries: it was truncated" in said


def test_a_checkpoint_with_another_root_shows_the_rewriting(bundle):
    signer = TestSigner(f"{settings.DEPLOYMENT_ID}/audit")
    forged = notes.sign(
        notes.Checkpoint(json.loads((bundle / "manifest.json").read_text())["logs"][0]["origin"], 12, b"\1" * 32),
        [signer],
    )
    kept, keys = bundle.parent / "kept.txt", bundle.parent / "vkeys.txt"
    kept.write_text(forged)
    own = [one["vkey"] for one in json.loads((bundle / "vkeys.json").read_text())]
    keys.write_text("\n".join([*own, signer.vkey]))

    status, said = judged(bundle, "--checkpoint", kept, "--vkeys", keys)

    assert status == 1
    assert "compliance: the first 12 entries are not those of the checkpoint" in said
    assert "no key of the bundle signed the checkpoint" in judged(bundle, "--checkpoint", kept)[1]


def test_keys_from_outside_decide(bundle):
    keys = bundle.parent / "vkeys.txt"
    keys.write_text(TestSigner(f"{settings.DEPLOYMENT_ID}/audit").vkey + "\n")

    status, said = judged(bundle, "--vkeys", keys)

    assert status == 1
    assert "compliance, seal 1, entry 0: no key in force signed it" in said


def test_a_twin_that_is_missing_is_found_in_the_bundle_too(olympus, sealer, hand, tmp_path):
    olympus.makes_roles(3)
    olympus.decides(1)
    hand.does(
        "delete from audit_event where store = 'compliance' and id = (select id from audit_event where store = 'compliance' limit 1)"
    )
    sealed(sealer)

    status, said = judged(export(olympus.id, tmp_path / "bundle").folder)

    assert status == 1
    assert "NOT INTACT: compliance: the twin" in said


def test_the_command_exports_and_records_it(history, tmp_path):
    out = StringIO()

    call_command("export_audit", workspace="olympus", out=tmp_path / "bundle", stdout=out)

    assert "compliance: up to entry 24" in out.getvalue()
    assert judged(tmp_path / "bundle")[0] == 0
    assert [entry.kind for entry in history.entries(Store.SECURITY)][-1] == "audit:log:exported"
