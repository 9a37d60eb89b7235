"""Leases: a permit may be used again until it runs out or one of the epochs it rests on has moved (R9, R16)."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Lease:
    """A permit, with the epochs that it rests on as they were when it was given."""

    decision: Decision
    standing: tuple[tuple[Key, int], ...]

    @classmethod
    def of(cls, decision: Decision) -> "_Lease":
        values = (value for _name, value in decision.epochs)
        return cls(decision, tuple(zip(keys_of(decision.question), values, strict=True)))

    def stands(self, values: Mapping[Key, int]) -> bool:
        return all(values.get(key, 0) == value for key, value in self.standing)


class LeaseBook:
    """The permits of one process, the longest unused dropped first. Thread-safe."""

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._leases: OrderedDict[LeaseKey, _Lease] = OrderedDict()
        self._lock = Lock()

    def find(self, question: Question, values: Mapping[Key, int]) -> Decision | None:
        """A permit for this question that still stands under the present epochs, or None."""
        key = lease_key(question)
        with self._lock:
            lease = self._leases.get(key)
            if lease is None:
                return None
            if lease.decision.valid_until <= timezone.now() or not lease.stands(values):
                del self._leases[key]
                return None
            self._leases.move_to_end(key)
        return lease.decision

    def keep(self, decision: Decision) -> None:
        """Remember a permit; anything else is asked anew each time."""
        if not decision.permits:
            return
        with self._lock:
            self._leases[lease_key(decision.question)] = _Lease.of(decision)
            if len(self._leases) > self._size:
                self._leases.popitem(last=False)
