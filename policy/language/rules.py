"""What a rule is: where it applies, to what, under which condition, and what follows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from uuid import UUID

from policy.language.evaluate import Answer
from policy.language.tree import Node
from policy.language.values import Unknown, in_one_case
from policy.types import Obligation


class RuleEffect(StrEnum):
    """What a rule does where its condition holds. `redact` never permits by itself: it binds what others permit."""

    PERMIT = "permit"
    DENY = "deny"
    REDACT = "redact"


class Mode(StrEnum):
    """Whether a rule counts, or is only on trial and tells what it would have done."""

    ENFORCE = "enforce"
    LOG_ONLY = "log_only"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be done, and where: all that decides which rules apply.

    Without `room_id` only rules for the whole workspace apply. `named` are the requirements that the room refers to.
    In a governed room nothing is permitted that no requirement and no rule permits.
    """

    action: str
    room_id: UUID | None = None
    kind: str | Unknown = ""
    marking: str | Unknown = ""
    name: str | Unknown = ""
    governed: bool = False
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rooms a rule is for. Every selector that is used must fit; one that is empty fits all rooms.

    Without any selector the rule is for the whole workspace, rooms or not. `names` are patterns with `*` and `?`.
    """

    markings: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rooms: tuple[UUID, ...] = ()

    def covers(self, target: Target) -> Answer:
        """Whether the target is in scope; None where what the scope asks for is unknown of it."""
        if not (self.markings or self.kinds or self.names or self.rooms):
            return True
        if target.room_id is None:
            return False
        fits = (
            not self.rooms or target.room_id in self.rooms,
            _listed(target.marking, self.markings),
            _listed(target.kind, self.kinds),
            _named(target.name, self.names),
        )
        return False if False in fits else None if None in fits else True


def _listed(value: str | Unknown, listed: Sequence[str]) -> Answer:
    if not listed:
        return True
    return None if isinstance(value, Unknown) else value in listed


def _named(name: str | Unknown, patterns: Sequence[str]) -> Answer:
    if not patterns:
        return True
    if isinstance(name, Unknown):
        return None
    folded = in_one_case(name)
    return any(_glob(pattern).match(folded) is not None for pattern in patterns)


@lru_cache(maxsize=1_000)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(in_one_case(pattern).replace("[", "[[]")))


def action_fits(pattern: str, action: str) -> bool:
    """Whether `room:message:*` is about `room:message:post`: a star is one word, at the end all the rest."""
    wanted, words = pattern.split(":"), action.split(":")
    if wanted[-1] == "*" and len(words) >= len(wanted):
        wanted = wanted[:-1]
        words = words[: len(wanted)]
    return len(wanted) == len(words) and all(one in ("*", word) for one, word in zip(wanted, words, strict=True))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy set. Immutable; a change is a new rule in a new version.

    Without a `condition` it holds always. `priority` only orders rules of one effect: which of them is named as the
    one that decided. It never lets a permit win over a deny.
    """

    name: str
    effect: RuleEffect
    actions: tuple[str, ...]
    condition: Node | None = None
    scope: Scope = field(default_factory=Scope)
    obligations: tuple[Obligation, ...] = ()
    mode: Mode = Mode.ENFORCE
    priority: int = 0

    def names(self, action: str) -> bool:
        """Whether one of the patterns fits this action."""
        return any(action_fits(pattern, action) for pattern in self.actions)

    def applies_to(self, target: Target) -> Answer:
        """Whether the rule is about this target; None where that cannot be told."""
        if not self.names(target.action):
            return False
        return self.scope.covers(target)


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """What a workspace has decided: rules and named requirements, one immutable version of both (R6)."""

    rules: tuple[Rule, ...] = ()
    requirements: tuple[tuple[str, Node], ...] = ()
