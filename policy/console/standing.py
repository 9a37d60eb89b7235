"""What an operator may do now, for what is shown and offered. Whatever is then done is decided again."""

from collections.abc import Iterable
from typing import Any

from policy import pep
from policy.catalogue import Action
from policy.types import Question, Resource
from tenancy.actor import Actor

Sees = tuple[Action, ...]
"""The Actions of which any one opens a page."""


class Standing:
    """The powers of one operator for the length of one request, asked in batches."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._known: dict[tuple[Action, Resource], bool] = {}

    def learn(self, wanted: Iterable[tuple[Action, Resource]]) -> None:
        """Ask for all of these at once."""
        fresh = [pair for pair in dict.fromkeys(wanted) if pair not in self._known]
        answers = pep.preview([Question(self.actor, action, resource) for action, resource in fresh])
        self._known.update(zip(fresh, (answer.permits for answer in answers), strict=True))

    def may(self, action: Action, resource: Resource) -> bool:
        self.learn([(action, resource)])
        return self._known[action, resource]

    def opens(self, sees: Sees, resource: Resource) -> bool:
        """Whether any of these Actions is permitted."""
        self.learn((action, resource) for action in sees)
        return any(self._known[action, resource] for action in sees)


def enforce_any(request: Any, sees: Sees, resource: Resource) -> None:
    """Open a page on the strength of one Action, and record that decision. Raises AccessDenied.

    The Action that permits is the one that is decided; if none does, the first is, so that the refusal is recorded.
    """
    standing: Standing = request.standing
    standing.learn((action, resource) for action in sees)
    chosen = next((action for action in sees if standing.may(action, resource)), sees[0])
    pep.enforce(request.actor, chosen, resource)


def refuse_now(request: Any, action: Action, resource: Resource) -> None:
    """Refuse, with a record, what would be refused anyway; what is permitted is decided by the action that runs."""
    if not request.standing.may(action, resource):
        pep.enforce(request.actor, action, resource)
