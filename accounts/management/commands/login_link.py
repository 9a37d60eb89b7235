"""`manage.py login_link USERNAME [--workspace SLUG]`: lets somebody in who has no password yet."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access import user_by_username
from accounts.actions import issue_login_link
from accounts.addressing import url_of
from policy.pep import as_system
from tenancy.errors import DomainError
from tenancy.models import Workspace
from tenancy.scoping import first_workspace, within, workspace_for_slug


class Command(BaseCommand):
    help = "Print a link by which one person signs in once, within ten minutes. It is recorded who it was made for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--workspace", metavar="SLUG", help="default: the first workspace")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace_id = self._workspace(options["workspace"])
        with within(workspace_id):
            workspace, user = Workspace.objects.get(id=workspace_id), user_by_username(options["username"])
        if user is None:
            raise CommandError(f"{workspace.slug} has nobody of the user name {options['username']}.")
        try:
            with as_system(workspace_id, cause="command:login_link") as actor:
                link = issue_login_link(actor, user_id=user.id)
                address = url_of(workspace, f"/login/{link.token}")
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        self.stdout.write(address)

    @staticmethod
    def _workspace(slug: str | None) -> UUID:
        workspace_id = workspace_for_slug(slug) if slug else first_workspace()
        if workspace_id is None:
            raise CommandError(f"There is no workspace {slug}." if slug else "There is no workspace yet.")
        return workspace_id
