"""`manage.py demo`: a workspace with a written scenario, to look around in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lifecycle.demo import NAME, SLUG
from lifecycle.demo.loader import load
from tenancy.errors import DomainError
from tenancy.scoping import workspace_for_slug


class Command(BaseCommand):
    help = f"Load the demo workspace {SLUG}, if it is not there. What is there is left as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if workspace_for_slug(SLUG) is not None:
            self.stdout.write(f"{NAME} is here already.")
            return
        try:
            load()
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        self.stdout.write(f"{NAME} is ready.")
