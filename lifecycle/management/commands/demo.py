"""`manage.py demo`: a workspace with a written scenario, to look around in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lifecycle.demo import NAME, SLUG
from lifecycle.demo.loader import load
from tenancy.errors import DomainError


class Command(BaseCommand):
    help = f"Load the demo workspace {SLUG}, if it is not there. What is there is left as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            made = load()
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        self.stdout.write(f"{NAME} is ready." if made else f"{NAME} is here already.")
