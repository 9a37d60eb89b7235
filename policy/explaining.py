"""Explain one question: each condition that counted, its truth, and where each fact comes from (PO-13).

Uses the same snapshot, facts and closures as a decision, so that an explanation never disagrees with the decision.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from policy import pip
from policy.language.definitions import Category
from policy.language.errors import PolicyLanguageError
from policy.language.evaluate import Truth
from policy.language.explain import Explanation, Reader
from policy.language.explain import explain as explain_node
from policy.language.grammar import parse_requirement
from policy.language.rules import Mode, RuleEffect
from policy.language.sight import OWN
from policy.language.tree import Node, print_text
from policy.pdp import facts_of, target_of
from policy.snapshot import Snapshot, snapshot
from policy.types import Question


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the text, in words what serves and whether it is so, one's own value where the reader may see it.

    What serves is the opposite of what a rule that denies or hides says.
    """

    text: str
    words: str
    verdict: str
    yours: str | None
    attribute: str
    from_: str
    changes: tuple[str, ...]
    doubts: tuple[str, ...]

    def view(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "words": self.words,
            "verdict": self.verdict,
            "yours": self.yours,
            "from": self.from_,
            "changes": list(self.changes),
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True)
class End:
    """Something that will end the access by itself."""

    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything that stands between a subject and a room."""

    text: str
    conditions: tuple[Condition, ...]
    ends: tuple[End, ...]


def explain_own(question: Question) -> Explained:
    """Why this question is answered as it is, for its own subject, who sees the facts that it rests on (R12)."""
    held = snapshot(question.actor.workspace_id)
    room_id = question.resource.room_id
    pairs = [(question.actor.id, room_id)] if room_id is not None else []
    gathered = pip.gather([question.actor], pairs)
    room = gathered.rooms.get(room_id) if room_id is not None else None
    facts = facts_of(question, held, gathered, room)

    nodes = _requirements(held, room) + _rules(held, question, room)
    conditions: list[Condition] = []
    for origin, node, serves in nodes:
        explained = explain_node(node, held.vocabulary, facts, Reader(gettext, OWN, serves))
        conditions.extend(_condition(one, origin) for one in explained.comparisons())
    state = gathered.subjects.get(question.actor.key)
    until = state.facts_until if state is not None else None
    ends = (
        (End(gettext("The first of these facts, or your session, runs out"), until),)
        if until and until > timezone.now()
        else ()
    )
    text = " AND ".join(print_text(node) for origin, node, _ in nodes if origin == "room")
    return Explained(text, tuple(conditions), ends)


Clause = tuple[str, Node, Truth]


def _requirements(held: Snapshot, room: pip.GuardedRoom | None) -> list[Clause]:
    if room is None:
        return []
    named = dict(held.document.requirements)
    clauses: list[Clause] = [("room", named[name], Truth.TRUE) for name in room.named if name in named]
    if room.requirement:
        try:
            clauses.append(("room", parse_requirement(room.requirement, held.vocabulary), Truth.TRUE))
        except PolicyLanguageError:
            return clauses
    return clauses


def _rules(held: Snapshot, question: Question, room: pip.GuardedRoom | None) -> list[Clause]:
    target = target_of(question, room, governed=True)
    serves = {RuleEffect.PERMIT: Truth.TRUE, RuleEffect.DENY: Truth.FALSE, RuleEffect.REDACT: Truth.FALSE}
    return [
        ("workspace", rule.condition, serves[rule.effect])
        for rule in held.document.rules
        if rule.condition is not None and rule.mode is Mode.ENFORCE and rule.applies_to(target) is not False
    ]


def _condition(one: Explanation, origin: str) -> Condition:
    own = dict(one.held)
    mine = [value for name, value in own.items() if name.startswith(f"{Category.SUBJECT}.")]
    return Condition(
        text=one.text,
        words=one.needed,
        verdict=one.met.value,
        yours=mine[0] if mine else next(iter(own.values()), None),
        attribute=one.definitions[0].name,
        from_=origin,
        changes=one.changes,
        doubts=tuple(value.value for _name, value in one.doubts),
    )
