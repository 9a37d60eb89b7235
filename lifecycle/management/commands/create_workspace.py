"""`manage.py create_workspace SLUG --name NAME --owner USERNAME`: a new workspace, and how its owner gets in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lifecycle.actions import create_workspace, newborn_actor
from tenancy.errors import DomainError


class Command(BaseCommand):
    help = "Create a workspace with its keys, roles and first owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="address: small letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="name as people see it")
        parser.add_argument("--owner", required=True, help="user name of the first owner")

    def handle(self, *_args: Any, **options: Any) -> None:
        actor = newborn_actor(cause="command:create_workspace")
        try:
            workspace = create_workspace(actor, slug=options["slug"], name=options["name"], owner=options["owner"])
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        self.stdout.write(f"Workspace {workspace.slug} is ready.")
        self.stdout.write(f"Let its owner in: manage.py login_link {options['owner']} --workspace {workspace.slug}")
