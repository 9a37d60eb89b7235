"""The import contracts hold, and each of them rejects a sample that breaks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SAMPLES = {
    "stack": ("tenancy/sample.py", "import policy.types"),
    "inside-an-app": ("rooms/access.py", "import rooms.actions"),
    "audit-emission": ("rooms/sample.py", "import audit.log"),
    "no-rows-in-doors": ("rooms/tasks.py", "import rooms.models"),
    "crypto": ("rooms/sample.py", "import cryptography"),
    "guardian": ("rooms/sample.py", "import guardian"),
    "pure-language": ("policy/language/sample.py", "import django"),
}


def broken_contracts(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources without their history, to plant samples in."""
    folder = tmp_path_factory.mktemp("house")
    for package in settings.HOUSE:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "migrations"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


def test_the_contracts_hold():
    status, text = broken_contracts(ROOT)

    assert status == 0, text


@pytest.mark.slow
@pytest.mark.parametrize("contract", SAMPLES)
def test_a_contract_rejects_its_bad_sample(copy, contract):
    name, line = SAMPLES[contract]
    sample = copy / name
    before = sample.read_text() if sample.exists() else None
    sample.write_text((before or "") + f"\n{line}\n")

    status, text = broken_contracts(copy, "--contract", contract)

    sample.unlink() if before is None else sample.write_text(before)
    assert status == 1, text
    assert "BROKEN" in text
