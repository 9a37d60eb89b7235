"""Leases: a permit may be used again until it runs out or one of the epochs it rests on has moved (R9, R16)."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from uuid import UUID

from django.utils import timezone

from policy.epochs import Key, keys_of
from policy.types import Decision, Question
from tenancy.actor import ActorKey

LeaseKey = tuple[ActorKey, str, UUID | None, str]


def lease_key(question: Question) -> LeaseKey:
    """Two questions with the same key have the same answer as long as no epoch moves."""
    actor, resource = question.actor, question.resource
    marking = str(resource.properties.get("marking", ""))
    return (actor.key, question.action.value, resource.room_id, marking)


class LeaseBook:
    """The permits of one process, the longest unused dropped first. Thread-safe."""

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._leases: OrderedDict[LeaseKey, Decision] = OrderedDict()
        self._lock = Lock()

    def find(self, question: Question, values: Mapping[Key, int]) -> Decision | None:
        """A permit for this question that still stands under the present epochs, or None."""
        key = lease_key(question)
        with self._lock:
            decision = self._leases.get(key)
            if decision is None:
                return None
            if decision.valid_until <= timezone.now() or not _stands(decision, question, values):
                del self._leases[key]
                return None
            self._leases.move_to_end(key)
        return decision

    def keep(self, decision: Decision) -> None:
        """Remember a permit; anything else is asked anew each time."""
        if not decision.permits:
            return
        with self._lock:
            self._leases[lease_key(decision.question)] = decision
            if len(self._leases) > self._size:
                self._leases.popitem(last=False)


def _stands(decision: Decision, question: Question, values: Mapping[Key, int]) -> bool:
    present = tuple((f"{kind}:{key}", values.get((kind, key), 0)) for kind, key in keys_of(question))
    return present == decision.epochs
