"""Child processes: started so that none outlives the supervisor, stopped by the signal each understands."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chatapp.env import BASE_DIR

NOBODY_UID = 65534


class CannotStart(Exception):
    """A process could not be brought to work; the text names the log and the remedy."""


@dataclass(frozen=True, slots=True)
class Guise:
    """How root starts a server that refuses root: words in front of its command, and who must own its files."""

    words: tuple[str, ...] = ()
    owner: int | None = None


@cache
def guise() -> Guise:
    """None needed for an ordinary user; else a user namespace of its own, else the account `nobody`.

    In the namespace the server sees itself as `nobody` while its files stay root's, so that no account and no wider
    mode is needed. Containers often forbid namespaces.
    """
    if os.geteuid() != 0:
        return Guise()
    namespace = ("unshare", "--user", f"--map-user={NOBODY_UID}", f"--map-group={NOBODY_UID}", "--")
    if shutil.which("unshare") and _works(namespace):
        return Guise(words=namespace)
    account = ("setpriv", f"--reuid={NOBODY_UID}", f"--regid={NOBODY_UID}", "--clear-groups", "--")
    if shutil.which("setpriv") and _works(account):
        return Guise(words=account, owner=NOBODY_UID)
    raise CannotStart("PostgreSQL refuses to run as root. Use an ordinary account, or set DATABASE_URL and VALKEY_URL.")


def _works(words: Sequence[str]) -> bool:
    return subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0


class Child:
    """A running process with a log of its own.

    It has its own session, so that Ctrl-C reaches only the supervisor, and it gets `orphaned` as a signal when the
    thread that started it dies, even by SIGKILL: start children from the main thread.
    """

    def __init__(  # noqa: PLR0913 - what a process is started with
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        disguise: Guise | None = None,
        stop: signal.Signals = signal.SIGTERM,
        orphaned: signal.Signals | None = None,
        grace: float = 15.0,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name, self.log, self.grace, self._stop = name, log, grace, stop
        # last in the chain of programs: a change of credentials, which a namespace makes, clears the signal
        guard = ("setpriv", "--pdeathsig", (orphaned or stop).name.removeprefix("SIG"), "--")
        words = [*(disguise.words if disguise else ()), *guard, *map(str, command)]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                words,
                cwd=BASE_DIR,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        self.started_at = time.monotonic()

    @property
    def ended(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.process.poll()

    def stop(self) -> int:
        """Ask it to end and wait; after the grace it is killed."""
        if self.ended is None:
            self.process.send_signal(self._stop)
            try:
                self.process.wait(self.grace)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def finish(self) -> int:
        """Wait for its own end and give its exit status; whoever stops waiting stops it."""
        try:
            return self.process.wait()
        except BaseException:
            self.stop()
            raise

    def wait_until(self, ready: Callable[[], object], *, seconds: float) -> None:
        """Return when `ready` gives something true; raises CannotStart if the process ends or time is over."""
        deadline, last = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            if self.ended is not None:
                raise CannotStart(f"{self.name} ended with status {self.ended}, see {self.log}")
            try:
                if ready():
                    return
            except Exception as error:  # noqa: BLE001 - any failure means: not ready yet
                last = str(error)
            time.sleep(0.03)
        raise CannotStart(f"{self.name} was not ready after {seconds:g} s, see {self.log}. {last}".rstrip())
