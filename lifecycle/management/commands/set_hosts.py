"""`manage.py set_hosts SLUG [HOST ..]`: the host names on which a workspace answers, in place of those it had."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lifecycle.actions import set_hosts
from policy.pep import as_system
from tenancy.errors import DomainError
from tenancy.scoping import workspace_for_slug


class Command(BaseCommand):
    help = "Let a workspace answer on these host names and on no others. Without a name it answers on none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="address of the workspace")
        parser.add_argument("hosts", nargs="*", metavar="HOST", help="such as chat.example.org; links show the first")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace_id = workspace_for_slug(options["slug"])
        if workspace_id is None:
            raise CommandError(f"There is no workspace {options['slug']}.")
        try:
            with as_system(workspace_id, cause="command:set_hosts") as actor:
                set_hosts(actor, hosts=options["hosts"])
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        self.stdout.write(f"Workspace {options['slug']} answers on {', '.join(options['hosts']) or 'no host name'}.")
