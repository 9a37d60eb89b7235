"""Migrations are whole, linear and never forgotten."""

import io

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command


@pytest.mark.django_db
def test_every_model_change_has_its_migration():
    printed = io.StringIO()

    call_command("makemigrations", "--check", "--dry-run", stdout=printed)

    assert printed.getvalue().strip() == "No changes detected"


@pytest.mark.parametrize(
    "name", [name for name in settings.HOUSE if (settings.BASE_DIR / name / "migrations").exists()]
)
def test_each_package_names_its_last_migration(name):
    folder = settings.BASE_DIR / name / "migrations"
    last = max(path.stem for path in folder.glob("[0-9]*.py"))

    assert (folder / "max_migration.txt").read_text().strip() == last
    assert apps.is_installed(name)
