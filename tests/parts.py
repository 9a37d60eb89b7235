"""Parts that a machine may lack: a test that needs one says so; CORDON_REQUIRE_ALL=1 makes a lack a failure (R30)."""

import os
import shutil
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    programs: tuple[str, ...]
    remedy: str

    @property
    def path(self) -> str | None:
        return next((found for program in self.programs if (found := shutil.which(program))), None)


CHROMIUM = Part("Chromium", ("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium")

POSTGRES_15 = Part("PostgreSQL 15", ("/usr/lib/postgresql/15/bin/postgres",), "apt-get install postgresql-15")


def need(part: Part) -> str:
    """The path of the part. Without it the test is skipped, or fails where everything is required."""
    if part.path:
        return part.path
    message = f"{part.name} is missing: {part.remedy}"
    if os.environ.get("CORDON_REQUIRE_ALL") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
