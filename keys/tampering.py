"""Seals that do not open although nobody destroyed their key: evidence that somebody changed or moved them.

Each is told once for a record and a process, to the log and to the record (`protocol:seal:broken`), by ids alone. What
a shredded key has made noise is no evidence, and is told by nobody.
"""

import logging
from threading import Lock
from uuid import UUID

from audit.events import Event
from keys.errors import KeyMissing, SealBroken, SealError
from keys.format import Place
from policy import notices

MOST = 10_000
"""Of how many records this process remembers that they were told. Beyond it nothing more is told before it restarts."""

_Told = tuple[UUID, str, int]

logger = logging.getLogger(__name__)
_told: set[_Told] = set()
_lock = Lock()


def note(place: Place, error: SealError) -> None:
    """Say that what rests at this place did not open; nothing comes of a key that was destroyed on purpose."""
    if not isinstance(error, SealBroken | KeyMissing) or not _first_time(place):
        return
    room_id = place.scope.id if place.scope.kind == "room" else None
    logger.warning(
        "The seal of %s %s does not open (%s); workspace %s, room %s.",
        place.field,
        place.record_id,
        error.code,
        place.workspace_id,
        room_id,
    )
    data = {"record": place.field, "record_id": place.record_id, "room_id": room_id, "cause": error.code}
    notice = notices.Notice(place.workspace_id, Event.SEAL_BROKEN, "seal", place.record_id, room_id, data)
    if not notices.leave(notice):
        logger.error("Too many broken seals wait to be recorded in workspace %s.", place.workspace_id)


def _first_time(place: Place) -> bool:
    told = (place.record_id, place.field, place.revision)
    with _lock:
        if told in _told or len(_told) >= MOST:
            return False
        _told.add(told)
        if len(_told) == MOST:
            logger.error("%s seals did not open; this process tells of no more.", MOST)
        return True
