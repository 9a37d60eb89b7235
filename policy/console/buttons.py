"""What can be done to an object beyond saving it: one action function each, with what it asks for first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.functional import Promise

from policy.catalogue import Action
from policy.console.forms import AskForm, Nothing, ReasonForm
from policy.types import Resource
from tenancy.actor import Actor

ActionFunction = Callable[..., Any]

ASKS: Mapping[str, type[AskForm]] = {"": Nothing, "reason": ReasonForm}


def always(_obj: Any) -> bool:
    return True


def nobody(_actor: Actor, _obj: Any, _filled: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Button:
    """One action of an object or a page. It is shown where the action is permitted and the object's state fits, to whom
    no rule of the action itself bars.

    `asks` is "reason" or a form; `warns` says what will happen. With neither, one press is enough.
    """

    action: ActionFunction
    label: str | Promise
    asks: str | type[AskForm] = ""
    warns: str | Promise = ""
    tone: str = ""
    fits: Callable[[Any], bool] = always
    done: str | Promise = ""
    decides: Action | None = None
    """The Action of a function that hands its work on to the one that performs it."""
    about: Callable[[Any], Resource] | None = None
    """What the decision is made on, where that is not the object itself."""
    bars: Callable[[Actor, Any, Mapping[str, Any]], bool] = nobody
    """Whom the action would refuse though policy permits it, on this object and with what the link fills in."""
    in_row: bool = False
    """Whether it is offered beside the rows of a panel alone, and not at the top."""

    @property
    def name(self) -> str:
        return self.action.__name__

    @property
    def performs(self) -> Action:
        return self.decides or self.action.performs  # type: ignore[attr-defined]

    @property
    def at_once(self) -> bool:
        return not self.asks and not self.warns

    def form(self, request: HttpRequest, obj: Any) -> forms.Form:
        """The form that asks; on GET with what the link has filled in."""
        kind = ASKS[self.asks] if isinstance(self.asks, str) else self.asks
        if request.method == "POST":
            return kind(request.POST, obj=obj, request=request)
        return kind(initial=request.GET.dict(), obj=obj, request=request)
