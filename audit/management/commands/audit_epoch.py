"""`manage.py audit_epoch`: go on writing the audit log in a restored or promoted database, as a stated act."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from audit import epochs
from audit.actions import standalone
from audit.events import Event
from audit.log import PLATFORM, platform_actor, record


class Command(BaseCommand):
    help = "Begin a new audit epoch in this database cluster. Verify first, against checkpoints from outside."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="why: kept with the epoch and in the log")

    def handle(self, *_args: object, **options: Any) -> None:
        if "owner" not in connections:
            raise CommandError("A new epoch needs the owner role. Set CORDON_DATABASE_OWNER_URL.")
        epoch = epochs.begin_next(options["reason"])
        with standalone(PLATFORM):
            record(
                Event.AUDIT_EPOCH_STARTED, platform_actor(cause="audit_epoch"), epoch=epoch, reason=options["reason"]
            )
        self.stdout.write(f"epoch {epoch} has begun; restart the web, worker and sealer processes")
