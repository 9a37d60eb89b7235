"""The heartbeat of a writer: every few seconds it tells the platform log what it committed (see `audit.writer`).

Long-running processes start one at boot and stop it last; a stop tells the rest, and that nothing will follow.
"""

import contextlib
import logging
import threading
import time

from django.db import DatabaseError, InterfaceError, connections

from audit.actions import standalone
from audit.events import Event
from audit.log import PLATFORM, platform_actor, record
from audit.writer import Count, present
from tenancy.errors import Unavailable

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
IDLE_BEAT_SECONDS = 60.0


class Heartbeat:
    """A thread that tells. One per process."""

    def __init__(self, *, using: str = "default") -> None:
        self._using = using
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-heartbeat", daemon=True)
        self._last = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Tell the rest and end. Call it after the last write of the process."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(BEAT_SECONDS):
                self._beat()
            self._beat()
            tell(0, Count(), closed=True, using=self._using)
        except (DatabaseError, InterfaceError, Unavailable) as error:
            log.warning("the last heartbeat of this writer was not written: %s", error)
        finally:
            connections[self._using].close()

    def _beat(self) -> None:
        with contextlib.suppress(DatabaseError, InterfaceError, Unavailable):
            if beat(using=self._using):
                self._last = time.monotonic()
            elif time.monotonic() - self._last > IDLE_BEAT_SECONDS:
                tell(0, Count(), closed=False, using=self._using)
                self._last = time.monotonic()
            return
        connections[self._using].close()


def beat(*, using: str = "default") -> int:
    """Tell everything that was committed and not told yet; answers with the number of lines."""
    untold = present().untold()
    for interval, count in untold:
        tell(interval, count, closed=False, using=using)
    return len(untold)


def tell(interval: int, count: Count, *, closed: bool, using: str = "default") -> None:
    """Write one line of the heartbeat, numbered without gaps."""
    writer = present()
    actor = platform_actor(cause="heartbeat")
    with standalone(PLATFORM, using=using):
        record(
            Event.WRITER_TALLIED,
            actor,
            writer=writer.boot,
            n=writer.beats + 1,
            interval=interval,
            rows=count.rows,
            sum=count.sum.to_bytes(32, "big"),
            closed=closed,
        )
    writer.beats += 1
    if count.rows:
        writer.told(interval, count)
