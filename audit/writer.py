"""Who writes in this process: a boot id and the number of the present interval, stamped into every entry."""

import os
import time
from dataclasses import dataclass, field
from uuid import UUID

from tenancy.actor import new_id

INTERVAL_SECONDS = 5.0


@dataclass(slots=True)
class Writer:
    boot: UUID = field(default_factory=new_id)
    began: float = field(default_factory=time.monotonic)

    def interval(self) -> int:
        return int((time.monotonic() - self.began) / INTERVAL_SECONDS)

    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = str(self.boot)

    def stamp(self) -> list[str | int]:
        return [self.name, self.interval()]


_writer = Writer()


def present() -> Writer:
    return _writer


def _after_fork() -> None:
    global _writer  # noqa: PLW0603 - a forked process is another writer
    _writer = Writer()


os.register_at_fork(after_in_child=_after_fork)
