"""The requirement builder: rows and text that say the same, words, and who would lose access, before it is saved."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import cards
from policy import pep
from policy.catalogue import Action
from policy.console.pages import problem_of
from policy.console.standing import refuse_now
from policy.language.builder import from_rows, to_rows
from policy.language.definitions import AttributeDefinition, Category, Vocabulary
from policy.language.errors import PolicyLanguageError
from policy.language.grammar import parse_requirement
from policy.language.operators import TAKES_SET, WITH_ATTRIBUTE, WITH_VALUES, Operator
from policy.language.tree import Every, Node, print_text
from policy.language.words import in_words
from policy.requirements import checked_requirement
from policy.snapshot import snapshot
from policy.types import Resource
from rooms.actions.rooms import set_requirement
from rooms.models import Room
from rooms.roster import Affected, Roster, roster_under
from tenancy.actor import Actor
from tenancy.errors import DomainError, Invalid
from tenancy.jsontext import read_json

NAMED = 12
"""So many people are named in a preview; the others are counted."""

_WORDS = {
    Operator.EQUAL: gettext_lazy("is"),
    Operator.NOT_EQUAL: gettext_lazy("is not"),
    Operator.AT_LEAST: gettext_lazy("is at least"),
    Operator.AT_MOST: gettext_lazy("is at most"),
    Operator.ABOVE: gettext_lazy("is above"),
    Operator.BELOW: gettext_lazy("is below"),
    Operator.BEFORE: gettext_lazy("is before"),
    Operator.AFTER: gettext_lazy("is after"),
    Operator.IN: gettext_lazy("is one of"),
    Operator.ANY_OF: gettext_lazy("includes any of"),
    Operator.ALL_OF: gettext_lazy("includes all of"),
    Operator.PRESENT: gettext_lazy("is on record"),
}


def _resource(room: Room) -> Resource:
    return Resource("room", room.id, room.id)


def requirement_page(screen: Any, request: HttpRequest, room: Any) -> HttpResponse:
    """Show the builder, or save what it says."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text, named = room.requirement, list(room.named_requirements)
    problem = None
    if request.method == "POST":
        refuse_now(request, Action.REQUIREMENT_SET, _resource(room))
        text, named = request.POST.get("text", ""), request.POST.getlist("named")
        try:
            set_requirement(actor, room_id=room.id, requirement=text, named=named)
        except (DomainError, PolicyLanguageError) as refusal:
            problem = problem_of(refusal)["problem"]
        else:
            messages.success(request, _("The requirement is in force. Everybody in the room has been judged by it."))
            return HttpResponseRedirect(screen.url_of(room))
    else:
        pep.enforce(actor, Action.REQUIREMENT_SET, _resource(room))
    held = snapshot(actor.workspace_id)
    context = {
        **screen.admin_site.each_context(request),
        "title": _("What it requires"),
        "room": room,
        "list_url": screen.url_of(room),
        "list_title": room.shown,
        "text": text,
        "named": [
            {"name": name, "words": in_words(node, held.vocabulary, _), "on": name in named}
            for name, node in held.document.requirements
        ],
        "problem": problem,
        "builder": {"attributes": attributes_of(held.vocabulary), "words": _words_of_operators()},
    }
    return TemplateResponse(request, "console/requirement.html", context, status=400 if problem else 200)


def preview_requirement(request: HttpRequest, room: Room) -> HttpResponse:
    """What rows or a text say in the other form and in words, and what that would do to the members.

    What cannot be read yet is an answer too: its place and its remedy.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor: Actor = request.actor  # type: ignore[attr-defined]
    pep.enforce(actor, Action.REQUIREMENT_SET, _resource(room))
    try:
        asked = read_json(request.body.decode())
        return JsonResponse(_previewed(actor, room, asked if isinstance(asked, dict) else {}))
    except (DomainError, PolicyLanguageError) as refusal:
        return JsonResponse(problem_of(refusal))
    except ValueError:
        return JsonResponse({"problem": {"message": _("This is no JSON."), "remedy": ""}}, status=400)


def _previewed(actor: Actor, room: Room, asked: dict[str, Any]) -> dict[str, Any]:
    vocabulary = snapshot(actor.workspace_id).vocabulary
    named = _texts(asked.get("named", []))
    node = _node(asked, vocabulary)
    text = print_text(node) if node is not None else ""
    checked_requirement(actor.workspace_id, text, named)
    return {
        "text": text,
        "rows": to_rows(node) if node is not None else [],
        "words": [in_words(part, vocabulary, _) for part in _parts(node)],
        "roster": roster_view(roster_under(actor, room.id, text, named), actor.id),
    }


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Invalid(_("A list of names was expected."), field="named_requirements")
    return value


def _node(asked: dict[str, Any], vocabulary: Vocabulary) -> Node | None:
    if "rows" in asked:
        return from_rows(asked["rows"], vocabulary) if asked["rows"] else None
    text = str(asked.get("text", ""))
    return parse_requirement(text, vocabulary) if text.strip() else None


def _parts(node: Node | None) -> Sequence[Node]:
    if node is None:
        return ()
    return node.parts if isinstance(node, Every) else (node,)


def roster_view(roster: Roster, operator_id: UUID) -> dict[str, Any]:
    """The finding first, then who: names and conditions, never a value of anybody."""
    told = [*roster.loses, *roster.returns, *roster.unsure]
    people = {card.id: card.name for card in cards(one.user_id for one in told).values()}

    def named(affected: Sequence[Affected]) -> list[dict[str, Any]]:
        return [
            {"name": people.get(one.user_id, "–"), "owner": one.owner, "missing": list(one.missing)}
            for one in affected[:NAMED]
        ]

    return {
        "finding": _finding(roster),
        "members": roster.members,
        "loses": len(roster.loses),
        "returns": len(roster.returns),
        "unsure": len(roster.unsure),
        "unchanged": roster.unchanged,
        "who_loses": named(roster.loses),
        "who_unsure": named(roster.unsure),
        "ownerless": roster.ownerless,
        "yourself": any(one.user_id == operator_id for one in roster.loses),
    }


def _finding(roster: Roster) -> str:
    if not roster.members:
        return _("Nobody is in the room; nobody is affected.")
    lost = len(roster.loses)
    if not lost:
        return ngettext(
            "Nobody would lose access. One person is in the room.",
            "Nobody would lose access. %(n)d people are in the room.",
            roster.members,
        ) % {"n": roster.members}
    return ngettext(
        "%(lost)d of %(n)d person would lose access.", "%(lost)d of %(n)d people would lose access.", roster.members
    ) % {"lost": lost, "n": roster.members}


def attributes_of(vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """What the builder offers: each attribute with its operators, its values, and what it can be compared with."""
    ordered = sorted(vocabulary.values(), key=lambda one: (list(Category).index(one.category), one.label))
    return [_attribute(one, vocabulary) for one in ordered]


def _attribute(one: AttributeDefinition, vocabulary: Vocabulary) -> dict[str, Any]:
    operators = [operator for operator in Operator if operator in WITH_VALUES[one.kind] - {Operator.NOT_EQUAL}]
    return {
        "name": one.qualified,
        "label": one.label,
        "about": one.category.value,
        "values": ["true", "false"] if one.kind == "boolean" else list(one.values),
        "operators": [operator.value for operator in operators],
        "sets": [operator.value for operator in operators if operator in TAKES_SET],
        "others": {
            operator.value: [
                other.qualified
                for other in vocabulary.values()
                if other is not one and operator in WITH_ATTRIBUTE.get((one.kind, other.kind), ())
            ]
            for operator in operators
        },
    }


def _words_of_operators() -> dict[str, str]:
    return {operator.value: str(words) for operator, words in _WORDS.items()}
