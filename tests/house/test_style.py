"""Lint and format hold everywhere, templates included."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("djlint", "--lint", "--quiet", "templates"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_style_holds(command):
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
