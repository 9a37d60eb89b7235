"""`manage.py verify_audit`: whether the audit log is as it was sealed."""

import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault
from django.db import connections

from audit import health, notes
from audit.actions import note_verification, standalone
from audit.evidence import ALL, Report
from audit.log import PLATFORM
from audit.notes import BadNote, Note
from audit.trust import Trust, of_vkeys
from audit.verify import verify
from tenancy.actor import system_actor
from tenancy.errors import Unavailable
from tenancy.scoping import active_workspaces, workspace_for_slug

log = logging.getLogger(__name__)

ALIAS = "auditor"


class Command(BaseCommand):
    help = (
        "Verify every entry, seal and signature. Exit status 0: intact. 1: not, with store, seal and first bad entry."
        " 2: it could not be verified."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="only this workspace")
        parser.add_argument("--checkpoint", type=Path, help="signed checkpoints that were kept outside the platform")
        parser.add_argument("--vkeys", type=Path, help="the keys to trust, one vkey a line, instead of audit_key")
        parser.add_argument("--save-checkpoint", type=Path, help="write the present checkpoints here, to keep outside")

    def handle(self, *_args: object, **options: Any) -> None:
        try:
            self._verify(options)
        except DatabaseFault as error:
            raise _unusable(f"The log could not be read: {error}") from error

    def _verify(self, options: dict[str, Any]) -> None:
        workspace_id = _workspace(options["workspace"])
        outside, trust = _outside(options["checkpoint"]), _trust(options["vkeys"])
        using = ALIAS if ALIAS in connections else "owner"
        report = verify(using=using, workspace_id=workspace_id, checkpoints=outside, trust=trust)
        self._print(report)
        if report.unopened:
            self.stdout.write(f"{report.unopened} personal parts were not compared: their key is not at hand")
        if not outside and report.intact:
            self.stdout.write("No checkpoint from outside was given: a truncated tail or a stolen key would not show.")
        _record(report, workspace_id, outside=bool(outside))
        self._warn(using)
        if not report.intact:
            raise SystemExit(1)
        if options["save_checkpoint"]:
            rounds = "" if workspace_id else report.rounds_note
            kept = [rounds, *(one.note for one in report.walked)]
            options["save_checkpoint"].write_text("\n".join(note for note in kept if note))

    def _warn(self, using: str) -> None:
        """Of what makes tampering easier. That it cannot be asked changes nothing of what was found."""
        try:
            for weak in health.weakened_guards(using):
                self.stderr.write(f"warning: {weak}")
        except DatabaseFault as error:
            log.warning("the guards of the tables could not be looked at: %s", error)

    def _print(self, report: Report) -> None:
        for one in report.walked:
            begins = f", from entry {one.begins} on" if one.begins else ""
            tail = f", {one.unsealed} not sealed yet" if one.unsealed else ""
            counted = f"{one.size - one.begins} entries in {one.seals} seals{begins}{tail}"
            self.stdout.write(f"{one.name.workspace} {one.name.store}: {counted}")
        if report.rounds:
            self.stdout.write(f"{report.rounds} rounds of sealing")
        rate = report.entries / max(report.seconds, 1e-9)
        self.stdout.write(f"{report.entries} entries in {report.seconds:.2f} s ({rate:,.0f}/s)")
        for finding in report.findings:
            self.stdout.write(f"NOT INTACT: {finding}")
        if report.intact:
            self.stdout.write("intact")


def _unusable(problem: str) -> CommandError:
    """Nothing was verified: that is another answer than "not intact"."""
    return CommandError(problem, returncode=2)


def _workspace(slug: str | None) -> UUID | None:
    if slug is None:
        return None
    found = workspace_for_slug(slug)
    if found is None:
        raise _unusable(f"There is no workspace {slug}.")
    return found


def _outside(path: Path | None) -> list[Note]:
    if path is None:
        return []
    try:
        kept = notes.parse_many(path.read_text())
    except (OSError, UnicodeDecodeError, BadNote) as error:
        raise _unusable(f"The checkpoint file cannot be used: {error}") from error
    if not kept:
        raise _unusable("The checkpoint file cannot be used: there is no checkpoint in it")
    return kept


def _trust(path: Path | None) -> Trust | None:
    if path is None:
        return None
    try:
        return of_vkeys(path.read_text().splitlines())
    except (OSError, BadNote) as error:
        raise _unusable(f"The file of keys cannot be used: {error}") from error


def _record(report: Report, workspace_id: UUID | None, *, outside: bool) -> None:
    """That somebody verified is an event too, of the platform and of each workspace. A log that cannot be written must
    not hide the finding, nor keep the others from hearing of theirs.
    """
    try:
        outcomes = list(_outcomes(report, workspace_id))
    except DatabaseFault as error:
        log.warning("the verification was not recorded: %s", error)
        return
    for place, intact, sizes in outcomes:
        try:
            with standalone(place):
                actor = system_actor(place, cause="verify_audit")
                note_verification(actor, intact=intact, sizes=sizes, outside=outside)
        except (DatabaseFault, Unavailable) as error:
            log.warning("the verification was not recorded: %s", error)


def _outcomes(report: Report, workspace_id: UUID | None) -> Iterator[tuple[UUID, bool, dict[str, int]]]:
    """What is said where: whether it was intact, and how far each log reached."""
    if workspace_id is None:
        yield PLATFORM, report.intact, {"rounds": report.rounds}
    known = {one.name.workspace: one.name.workspace_id for one in report.walked}
    bad = {known.get(one.workspace) or workspace_for_slug(one.workspace) for one in report.findings}
    all_of_them = any(one.workspace == ALL for one in report.findings)
    there = {one for one in known.values() if one} | set(active_workspaces())
    for place in [workspace_id] if workspace_id else sorted(there | {one for one in bad if one}):
        sizes = {one.name.store: one.size for one in report.walked if one.name.workspace_id == place}
        yield place, report.intact if workspace_id else not (all_of_them or place in bad), sizes
