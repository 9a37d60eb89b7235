"""What rests on policy above the kernel: so that nobody changes a definition under a room that needs it.

The kernel knows no app; `rooms` registers a source, and the policy actions ask it before they change anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Use:
    """What one room asks of policy: its inline requirement, the named ones it refers to, its marking."""

    room: str
    requirement: str = ""
    named: tuple[str, ...] = ()
    marking: str = ""


class UsageSource(Protocol):
    """What rooms knows."""

    def uses(self) -> Sequence[Use]:
        """Every room of the present workspace."""


_sources: list[UsageSource] = []


def register(source: UsageSource) -> None:
    _sources.append(source)


def uses() -> list[Use]:
    """Everything in the present workspace that rests on policy."""
    return [use for source in _sources for use in source.uses()]
