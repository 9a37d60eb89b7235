"""What is said of a log in the log itself: that it was verified, that the sealer found entries suspect.

Whoever can add rows could say so too, in any number and of any time. So only lines count that a writer of ours made as
they stand there, and one that somebody else made is suspect in itself.
"""

from collections.abc import Sequence
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
"""Lines of one kind that are looked at, the latest first, and as many of the verifications with outside help."""
COLUMNS = "id, workspace_id, store, at, env, mac"
READABLE = "isfinite(at) and at < '9000-01-01' and length(env) < 65536"
"""What a line of ours always is; whatever is not was made by somebody else, and the sealer tells of it."""
_LATEST = f"select {COLUMNS} from audit_event where log_id = %s and kind = %s and {READABLE}"  # noqa: S608
_LINES = (
    f"select {COLUMNS} from (({_LATEST} order by at desc, id desc limit %s) union"  # noqa: S608
    f" ({_LATEST} and position('\"outside\":true'::bytea in env) > 0 order by at desc, id desc limit %s)) told"
    " order by at desc, id desc"
)


@dataclass(frozen=True, slots=True)
class Verification:
    """When a log was verified, whether it was intact, and whether what is kept outside was looked at."""

    at: datetime
    intact: bool
    outside: bool


@dataclass(frozen=True, slots=True)
class Said:
    """`verified` is the one that counts; `found` by the sealer of late; `strange` is what nobody of ours said."""

    verified: Verification | None
    found: int
    strange: int

    @property
    def suspects(self) -> int:
        return self.found + self.strange


@dataclass(frozen=True, slots=True)
class Line:
    """A stored entry, as far as it takes to tell who made it, and what it says."""

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
    verified, strange = _told(log_id, Event.AUDIT_VERIFIED, using)
    degraded, more = _told(log_id, Event.AUDIT_DEGRADED, using)
    since = timezone.now() - timedelta(days=SUSPECT_DAYS)
    late = sum(1 for line in degraded if line.at > since)
    return Said(_counting([_verification(line) for line in verified]), late, strange + more)


def _told(log_id: UUID, kind: Event, using: str) -> tuple[list[Line], int]:
    """The lines of ours, the latest first, and how many of those looked at are not."""
    with connections[using].cursor() as cursor:
        cursor.execute(_LINES, [log_id, kind.value, MOST_READ, log_id, kind.value, MOST_READ])
        lines = [Line(*row) for row in cursor.fetchall()]
    ours = [line for line in lines if is_ours(line)]
    return ours, len(lines) - len(ours)


def _verification(line: Line) -> Verification:
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
