"""`manage.py import_archive PATH --format zulip-archive --workspace SLUG [--dry-run]`: the history of another chat."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from tqdm import tqdm

from accounts.actions import note_violation
from audit.events import Event
from integrations.actions.importing import finish_import, start_import
from integrations.archives.job import bring_in
from integrations.archives.reconciliation import Reconciliation, as_text
from integrations.archives.sinks import Into, Rehearsal
from integrations.archives.tarball import PathRefused
from integrations.archives.zulip import FORMAT, ZulipArchive
from lifecycle.actions import create_workspace, newborn_actor
from tenancy.actor import system_actor
from tenancy.errors import DomainError
from tenancy.scoping import workspace_for_slug

STEPS = 10


class Command(BaseCommand):
    help = (
        "Bring the history of another chat in: channels become rooms, topics threads, authors placeholders. What"
        " is here already is left alone, so an import that was stopped is continued by starting it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the packed archive (.tar.xz)")
        parser.add_argument("--format", choices=[FORMAT], required=True)
        parser.add_argument("--workspace", metavar="SLUG", required=True, help="made if there is none of this address")
        parser.add_argument("--owner", default="owner", metavar="USERNAME", help="who owns a workspace that is made")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace_id = workspace_for_slug(options["workspace"])
        archive = ZulipArchive(options["path"])
        try:
            self._look_through(archive, workspace_id)
            if options["dry_run"]:
                account = self._rehearse(archive, workspace_id)
            else:
                account = self._import(archive, workspace_id or self._made(options["workspace"], options["owner"]))
        except DomainError as refused:
            raise CommandError(f"{refused.message} {refused.remedy}".strip()) from refused
        except OSError as error:
            raise CommandError(f"{options['path']}: {error.strerror}") from error
        self._tell(as_text(account))
        if not account.balanced:
            raise CommandError("The account does not add up: please report this, with the lines above.")

    def _look_through(self, archive: ZulipArchive, workspace_id: UUID | None) -> None:
        try:
            survey = archive.look_through()
        except PathRefused as refused:
            if workspace_id is not None:
                system = system_actor(workspace_id, cause="command:import_archive")
                note_violation(system, event=Event.PATH_TRAVERSAL_REFUSED, data={"path": refused.path[:400]})
            raise
        self.stdout.write(
            f"{archive.path.name}: {survey.messages:,} messages in {survey.topic_files:,} topics of"
            f" {len(survey.channels)} channels, by {len(survey.senders):,} authors"
        )

    def _made(self, slug: str, owner: str) -> UUID:
        newborn = newborn_actor(cause="command:import_archive")
        workspace = create_workspace(newborn, slug=slug, name=slug.replace("-", " ").title(), owner=owner)
        self.stdout.write(
            f"Workspace {slug} is new; its owner gets in by: manage.py login_link {owner} --workspace {slug}"
        )
        return workspace.id

    def _rehearse(self, archive: ZulipArchive, workspace_id: UUID | None) -> Reconciliation:
        self.stdout.write("This is a dry run: nothing is changed. What would happen:")
        return bring_in(archive, Rehearsal(workspace_id, archive.survey.archive_id), Shown(self.stdout))

    def _import(self, archive: ZulipArchive, workspace_id: UUID) -> Reconciliation:
        sink = Into(workspace_id, archive.survey.archive_id)
        start_import(sink.actor, import_id=sink.import_id, format=FORMAT, digest=archive.survey.digest)
        account = bring_in(archive, sink, Shown(self.stdout))
        finish_import(sink.actor, import_id=sink.import_id, format=FORMAT, counts=account.counts())
        return account

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


class Shown:
    """A bar on a terminal, a line for each tenth anywhere else."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._bar: Any = None
        self._what = ""
        self._total = self._done = self._told = 0

    def begin(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._told = what, total, 0, 0
        if self._out.isatty():
            self._bar = tqdm(total=total, desc=what, file=self._out, unit_scale=True)

    def advance(self, number: int) -> None:
        self._done += number
        if self._bar is not None:
            self._bar.update(number)
            return
        step = STEPS * self._done // self._total if self._total else STEPS
        if step > self._told:
            self._told = step
            self._out.write(f"  {self._what}: {self._done:,} of {self._total:,}")

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
