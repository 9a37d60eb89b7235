"""`manage.py export_audit`: a workspace's sealed log as a folder that can be checked without the platform."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actions import note_export, standalone
from audit.bundle import export
from audit.trust import Untrusted
from tenancy.actor import system_actor
from tenancy.errors import DomainError
from tenancy.scoping import workspace_for_slug


class Command(BaseCommand):
    help = "Export a workspace's sealed audit log. Check it with: python audit/offline.py DIR --checkpoint FILE"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", required=True)
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")

    def handle(self, *_args: object, **options: Any) -> None:
        workspace_id = workspace_for_slug(options["workspace"])
        if workspace_id is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        try:
            exported = export(workspace_id, options["out"])
        except (DomainError, Untrusted) as error:
            raise CommandError(str(error)) from error
        with standalone(workspace_id):
            note_export(system_actor(workspace_id, cause="export_audit"), sizes=exported.sizes)
        for store, size in sorted(exported.sizes.items()):
            self.stdout.write(f"{store}: up to entry {size}")
        self.stdout.write(f"exported to {exported.folder}")
