"""What is said of a log in the log itself: that it was verified, that the sealer found entries suspect.

Whoever can add rows could say so too, in any number and of any time. So only lines count that a writer of ours made as
they stand there, and one that somebody else made is suspect in itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connections
from django.utils import timezone

from audit.entries import is_ours
from audit.events import Event

SUSPECT_DAYS = 7
MOST_READ = 500
"""Lines of one kind that are looked at, the latest first."""
_LINES = (
    "select id, workspace_id, store, at, env, mac from audit_event where log_id = %s and kind = %s"
    " order by at desc, id desc limit %s"
)


@dataclass(frozen=True, slots=True)
class Verification:
    """When a log was verified, whether it was intact, and whether what is kept outside was looked at."""

    at: datetime
    intact: bool
    outside: bool


@dataclass(frozen=True, slots=True)
class Said:
    """`verified` is the verification that counts. `suspects`: findings of the sealer of late, and lines nobody of ours
    made.
    """

    verified: Verification | None
    suspects: int


@dataclass(frozen=True, slots=True)
class _Line:
    id: UUID
    workspace_id: UUID | None
    store: str
    at: datetime
    env: bytes
    mac: bytes

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(bytes(self.env))["data"]
        return found


def said_of(log_id: UUID, *, using: str = "default") -> Said:
    """What is said of the log whose security store this is."""
    verified, degraded = (list(_lines(log_id, kind, using)) for kind in (Event.AUDIT_VERIFIED, Event.AUDIT_DEGRADED))
    ours = [line for line in verified if is_ours(line)]
    since = timezone.now() - timedelta(days=SUSPECT_DAYS)
    late = [line for line in degraded if is_ours(line) and line.at > since]
    strange = sum(1 for line in (*verified, *degraded) if not is_ours(line) and line.at > since)
    return Said(_counting([_verification(line) for line in ours]), len(late) + strange)


def _lines(log_id: UUID, kind: Event, using: str) -> Iterator[_Line]:
    with connections[using].cursor() as cursor:
        cursor.execute(_LINES, [log_id, kind.value, MOST_READ])
        yield from (_Line(*row) for row in cursor.fetchall())


def _verification(line: _Line) -> Verification:
    data = line.data
    return Verification(line.at, bool(data["intact"]), bool(data.get("outside")))


def _counting(told: Sequence[Verification]) -> Verification | None:
    """The last one, of these with the latest first. What was found by what is kept outside is only taken back by one
    that had such help too.
    """
    if not told or not told[0].intact:
        return told[0] if told else None
    strong = next((one for one in told if one.outside), None)
    return strong if strong is not None and not strong.intact else told[0]
