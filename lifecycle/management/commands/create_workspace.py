"""`manage.py create_workspace SLUG --name NAME --owner USERNAME [--host HOST ..]`: a new workspace and its way in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lifecycle.actions import create_workspace, newborn_actor
from tenancy.errors import DomainError


class Command(BaseCommand):
    help = "Create a workspace with its keys, roles and first owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="address: small letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="name as people see it")
        parser.add_argument("--owner", required=True, help="user name of the first owner")
        parser.add_argument(
            "--host",
            dest="hosts",
            metavar="HOST",
            action="append",
            default=[],
            help="host name on which it answers, such as chat.example.org; may be repeated, needed in production",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        slug, owner, hosts = options["slug"], options["owner"], options["hosts"]
        if settings.PRODUCTION and not hosts:
            raise CommandError("In production a workspace answers on host names of its own: give it --host.")
        actor = newborn_actor(cause="command:create_workspace")
        try:
            workspace = create_workspace(actor, slug=slug, name=options["name"], owner=owner, hosts=hosts)
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        answers = f" and answers on {', '.join(hosts)}" if hosts else ""
        self.stdout.write(f"Workspace {workspace.slug} is ready{answers}.")
        self.stdout.write(f"Let its owner in: manage.py login_link {owner} --workspace {workspace.slug}")
