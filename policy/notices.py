"""What was noticed underway and belongs into the record, although it is nobody's action and refuses nothing.

Whoever notices it leaves it here, inside an action, a reading scope or neither; the next unit of the workspace that
closes writes it (`policy.pep`). So it outlives the roll-back of the action that met it, and never stops that action.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from prometheus_client import Counter

from audit.events import Event

MOST = 1_000
LOST = Counter("cordon_notices_lost", "What was noticed and could not be recorded: the log has it; alarm above 0")


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
