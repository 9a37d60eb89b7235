"""`manage.py sealer`: the process that seals the audit log. Its own database role, and alone with the signing key."""

import contextlib
import logging
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connections

from audit import epochs
from audit.actions import standalone
from audit.events import Event
from audit.heads import RoundsUnsound
from audit.log import PLATFORM, Target, platform_actor, record
from audit.sealer import AnotherSeals, MustBeginAnew, Round, Sealer
from audit.trust import Untrusted
from tenancy.actor import Actor, system_actor

log = logging.getLogger("audit.sealer")

STANDBY_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
ALIAS = "sealer"


class Command(BaseCommand):
    help = "Seal the audit log every second; a second sealer stands by until the first one ends."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what is finished now, and end")
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between rounds (default 1)")
        parser.add_argument("--anchor", type=Path, help="append every round's checkpoint to this file, on another disk")

    def handle(self, *_args: object, **options: Any) -> None:
        if ALIAS not in connections:
            raise CommandError("Sealing needs its own role. Set CORDON_DATABASE_SEALER_URL.")
        self._anchor = options["anchor"]
        self._stopping = threading.Event()
        if options["once"]:
            self._once()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._run(options["interval"])

    def _once(self) -> None:
        sealer = Sealer(using=ALIAS)
        try:
            self._begin(sealer)
        except AnotherSeals:
            raise CommandError("Another sealer works on this database; it seals every second.") from None
        except (RoundsUnsound, Untrusted) as error:
            raise CommandError(f"{error}. Run: manage.py verify_audit") from error
        self._drain(sealer)

    def _run(self, interval: float) -> None:
        """Seal until told to stop. A failure costs the connection and a pause, never the process."""
        pause = interval
        while not self._stopping.is_set():
            try:
                self._serve(interval)
                pause = interval
            except AnotherSeals:
                self._stopping.wait(STANDBY_SECONDS)
            except MustBeginAnew:
                log.warning("a new audit epoch began")
            except epochs.OtherCluster as error:
                raise CommandError(f"{error} {error.remedy}") from error
            except (DatabaseError, InterfaceError, RoundsUnsound, Untrusted) as error:
                log.error("sealing failed, next try in %.0f s: %s", pause, error)  # noqa: TRY400 - told in one line
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            finally:
                with contextlib.suppress(DatabaseError, InterfaceError):
                    connections[ALIAS].close()

    def _serve(self, interval: float) -> None:
        sealer = Sealer(using=ALIAS)
        self._begin(sealer)
        rounds = rows = 0
        while not self._stopping.is_set():
            done = self._round(sealer)
            rounds, rows = rounds + (done is not None), rows + (done.rows if done else 0)
            if done is None or not done.more:
                self._stopping.wait(interval)
        self._say(Event.AUDIT_SEALING_STOPPED, rounds=rounds, rows=rows)
        self._drain(sealer)

    def _begin(self, sealer: Sealer) -> None:
        changed = sealer.begin()
        self._say(Event.AUDIT_SEALING_STARTED, epoch=sealer.epoch)
        for vkey, state in changed:
            name, key_id, _ = vkey.split("+", 2)
            self._say(Event.AUDIT_KEY_CHANGED, key_id=key_id, state=state, key_name=name)
        for unsound in sealer.unsound.values():
            log.error("%s; run: manage.py verify_audit", unsound)
            self._say(Event.AUDIT_DEGRADED, target=Target("audit_log", unsound.log_id), finding="tree")
        log.info("sealing from round %d on, epoch %d", sealer.last.n + 1, sealer.epoch)

    def _drain(self, sealer: Sealer) -> None:
        while (done := self._round(sealer)) is not None and done.more:
            pass

    def _round(self, sealer: Sealer) -> Round | None:
        done = sealer.round()
        if done is None:
            return None
        if self._anchor:
            with self._anchor.open("a") as anchor:
                anchor.write(done.note + "\n")
        for suspect in done.suspects:
            log.error("entry %s of the %s log is suspect: %s", suspect.entry_id, suspect.store, suspect.finding)
            workspace_id = suspect.workspace_id or PLATFORM
            self._say(
                Event.AUDIT_DEGRADED,
                system_actor(workspace_id, cause="sealer"),
                finding=suspect.finding,
                store=suspect.store,
                entries=[suspect.entry_id],
            )
        return done

    def _say(self, event: Event, actor: Actor | None = None, target: Target | None = None, **data: Any) -> None:
        """A line of the sealer's own; it is sealed in the next round."""
        speaker = actor or platform_actor(cause="sealer")
        with standalone(speaker.workspace_id, using=ALIAS):
            record(event, speaker, target=target, **data)
