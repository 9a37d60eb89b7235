"""What was noticed underway and belongs into the record, although it is nobody's action and refuses nothing.

Whoever notices it leaves it here, inside an action, a reading scope or neither; the next unit of the workspace that
closes writes it (`policy.pep`). So it outlives the roll-back of the action that met it, and never stops that action.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from django.db import InterfaceError, OperationalError
from prometheus_client import Counter

from audit import log
from audit.events import Event
from tenancy.actor import system_actor
from tenancy.errors import Unavailable
from tenancy.scoping import within

logger = logging.getLogger(__name__)
MOST = 1_000
LOST = Counter("cordon_notices_lost", "What was noticed and could not be recorded: the log has it; alarm above 0")
_AWAY = (OperationalError, InterfaceError, Unavailable)
"""The record can't be reached or must not be written now; that may pass."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a thing of the workspace, and the room that guards it, if one does."""

    workspace_id: UUID
    event: Event
    target_type: str
    target_id: UUID
    room_id: UUID | None
    data: Mapping[str, object]


_waiting: defaultdict[UUID, list[Notice]] = defaultdict(list)
_lock = Lock()


def leave(notice: Notice) -> bool:
    """Have this written; False where so much waits in this workspace that it is dropped."""
    with _lock:
        waiting = _waiting[notice.workspace_id]
        if len(waiting) >= MOST:
            return False
        waiting.append(notice)
        return True


def waits(workspace_id: UUID) -> bool:
    return workspace_id in _waiting


def take(workspace_id: UUID) -> list[Notice]:
    """What waits to be written, each once."""
    with _lock:
        return _waiting.pop(workspace_id, [])


def write(workspace_id: UUID) -> None:
    """Put into the record what waits. That this fails is no reason to fail what met it, so nothing is raised.

    All at once, and each alone where that fails, so that none takes another with it. While there is no record to
    write to, they wait on; what cannot be recorded at all is left to the log.
    """
    noticed = take(workspace_id)
    try:
        _record(workspace_id, noticed)
    except Exception:  # noqa: BLE001 — whatever is wrong with one of them; with which, shows when each stands alone
        _record_each(noticed)


def _record_each(noticed: Sequence[Notice]) -> None:
    """Give up when two in a row find the record away: then it is not about them."""
    held_up: list[Notice] = []
    running = 0
    for at, one in enumerate(noticed):
        try:
            _record(one.workspace_id, [one])
        except _AWAY as away:
            logger.warning("%s waits, since the record is away.", one.event, exc_info=away)
            held_up.append(one)
            running += 1
            if running > 1:
                held_up += noticed[at + 1 :]
                break
            continue
        except Exception:
            logger.exception("%s, noticed in workspace %s, could not be recorded.", one.event, one.workspace_id)
            LOST.inc()
        running = 0
    LOST.inc(sum(not leave(one) for one in held_up))


def _record(workspace_id: UUID, noticed: Sequence[Notice]) -> None:
    platform = system_actor(workspace_id, cause="noticed")
    with within(workspace_id), log.collecting() as ledger:
        for one in noticed:
            target = log.Target(one.target_type, one.target_id, one.room_id)
            log.record(one.event, platform, target=target, outcome="failed", **one.data)
        log.write(ledger)
