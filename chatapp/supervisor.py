"""The supervisor: starts servers and processes in order, brings a dead one back, stops them in the opposite order."""

import fcntl
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from chatapp.children import CannotStart, Child
from chatapp.deployment import Deployment

_STEADY_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(slots=True)
class Service:
    """Something that must run: how it is started, and how often it had to be."""

    name: str
    start: Callable[[], Child]
    child: Child | None = None
    restarts: int = 0
    last_status: int | None = None
    pause: float = 0.5
    resume_at: float = field(default=0.0)

    def look_after(self, now: float) -> str:
        """Start it again if it is dead and its pause is over; each death doubles the pause. Says what was done."""
        if self.child is None:
            return self._resume(now)
        status = self.child.ended
        if status is None:
            return ""
        if now - self.child.started_at > _STEADY_SECONDS:
            self.pause = 0.5
        self.last_status, self.child = status, None
        self.resume_at, self.pause = now + self.pause, min(self.pause * 2, _LONGEST_PAUSE_SECONDS)
        return f"{self.name} ended with status {status}; starting it again"

    def _resume(self, now: float) -> str:
        if now < self.resume_at:
            return ""
        self.restarts += 1
        try:
            self.child = self.start()
        except CannotStart as error:
            self.resume_at, self.pause = now + self.pause, min(self.pause * 2, _LONGEST_PAUSE_SECONDS)
            return str(error)
        return f"{self.name} runs again"


@dataclass(slots=True)
class Chore:
    """Something that runs to its end, now and then."""

    name: str
    start: Callable[[], Child]
    every_seconds: float
    due_at: float
    child: Child | None = None

    def look_after(self, now: float) -> str:
        """Start it when it is due; says only if it failed."""
        if self.child is not None and self.child.ended is not None:
            status, self.child = self.child.ended, None
            return f"{self.name} failed with status {status}" if status else ""
        if self.child is None and now >= self.due_at:
            self.child, self.due_at = self.start(), now + self.every_seconds
        return ""


class AlreadyRunning(Exception):
    """Another supervisor holds this data directory."""


class Interrupted(Exception):
    """A signal asked to stop before everything had started."""


class Supervisor:
    """Holds the data directory and everything that runs on it. Use it from the main thread only."""

    def __init__(self, root: Path, say: Callable[[str], None], *, port: int) -> None:
        self.root, self.say, self.port = root, say, port
        self.services: list[Service] = []
        self.chores: list[Chore] = []
        self.asked_to_stop = threading.Event()
        self._starting = True
        self._lock = (root / "up.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(
                f"Cordon is already running on {root}. Stop it first, or set CORDON_DATA_DIR."
            ) from None
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys never end up in a core file
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_signal: object) -> None:
        self.asked_to_stop.set()
        if self._starting:
            raise Interrupted

    def add(self, name: str, start: Callable[[], Child]) -> Child:
        """Start a service and look after it from now on."""
        service = Service(name, start)
        service.child = start()
        self.services.append(service)
        self.report()
        return service.child

    def add_chore(self, name: str, start: Callable[[], Child], *, every_seconds: float) -> None:
        """Run something every so often, for the first time after that time."""
        self.chores.append(Chore(name, start, every_seconds, time.monotonic() + every_seconds))

    def watch(self) -> None:
        """Bring back what dies, until a signal asks to stop."""
        self._starting = False
        while not self.asked_to_stop.wait(0.2):
            watched: list[Service | Chore] = [*self.services, *self.chores]
            news = [line for one in watched if (line := one.look_after(time.monotonic()))]
            for line in news:
                self.say(line)
            if news:
                self.report()

    def stop(self) -> None:
        """Stop everything, last started first; nothing is left behind."""
        self._starting = False
        last_first: list[Service | Chore] = [*self.chores, *reversed(self.services)]
        for one in last_first:
            if one.child is not None:
                began = time.monotonic()
                status = one.child.stop()
                self.say(f"stopped {one.name} ({status}) in {time.monotonic() - began:.1f} s")
        Deployment(self.root).processes.unlink(missing_ok=True)

    def report(self) -> None:
        """Leave a note for other commands and the console: what runs, how often it was brought back, on which port."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [
            {
                "name": service.name,
                "pid": service.child.process.pid if service.child else None,
                "restarts": service.restarts,
                "last_status": service.last_status,
            }
            for service in self.services
        ]
        note = Deployment(self.root).processes
        draft = note.with_suffix(".draft")
        draft.write_text(json.dumps({"supervisor": os.getpid(), "at": now, "port": self.port, "services": rows}))
        draft.replace(note)
