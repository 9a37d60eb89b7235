"""`manage.py prune_audit`: take the beginning of a log away, so that what stays can still be verified."""

import time
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import prune
from audit.actions import announce_pruning, standalone
from audit.kinds import Store
from tenancy.actor import system_actor
from tenancy.errors import DomainError
from tenancy.scoping import workspace_for_slug

WAIT_SECONDS = 60


class Command(BaseCommand):
    help = "Prune a workspace's log at the last seal before a date: announced, sealed, then done."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", required=True)
        parser.add_argument("--store", choices=[one.value for one in Store], required=True)
        parser.add_argument("--days", type=int, required=True, help="keep this many days")

    def handle(self, *_args: object, **options: Any) -> None:
        workspace_id = workspace_for_slug(options["workspace"])
        if workspace_id is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        store, rule = Store(options["store"]), f"days:{options['days']}"
        try:
            seal = prune.edge_before(workspace_id, store, datetime.now(UTC) - timedelta(days=options["days"]))
            with standalone(workspace_id):
                actor = system_actor(workspace_id, cause="prune_audit")
                announce_pruning(actor, store=store, seal=seal, rule=rule)
            self._wait(lambda: prune.is_announced(workspace_id, store, seal))
            pruned = prune.execute(workspace_id, store, seal, rule=rule)
        except DomainError as error:
            raise CommandError(f"{error} {error.remedy}".strip()) from error
        self.stdout.write(f"{pruned.entries} entries pruned; the log begins at entry {pruned.begins}")

    def _wait(self, sealed: Any) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not sealed():
            if time.monotonic() > deadline:
                raise CommandError("The announcement is not sealed yet. Is the sealer running?")
            time.sleep(0.5)
