"""Why do I have access? The verdict, each condition with its truth, and one's own facts with their sources (PO-13)."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.provenance import origins_of
from policy import explaining, pep
from policy.catalogue import Action
from policy.models import AttributeDefinition
from policy.types import AccessDenied, Decision, Question
from rooms import frames
from rooms.access import access_room, membership_of, room_resource
from rooms.bars import written
from rooms.models import Room
from rooms.powers import post_questions
from rooms.reasons import words_of
from rooms.views import stamp
from tenancy.actor import Actor

_CAN = (
    (Action.MESSAGE_READ, gettext_noop("Read messages")),
    (Action.MESSAGE_POST, gettext_noop("Post messages")),
    (Action.MENTION_ROOM, gettext_noop("Call everybody in the room")),
    (Action.MEMBER_ADD, gettext_noop("Add people")),
    (Action.ROOM_UPDATE, gettext_noop("Change name and topic")),
    (Action.REQUIREMENT_SET, gettext_noop("Change what the room requires")),
    (Action.ROOM_ARCHIVE, gettext_noop("Archive the room")),
)

_STEP_UP = "step_up_required"

_SOURCES = {
    "manual": _("kept by hand"),
    "membership": _("groups"),
    "posture": _("device management"),
    "room": _("this room"),
    "session": _("this session"),
}


def explain_access(actor: Actor, frame: frames.ExplainAccess) -> dict[str, Any]:
    """The actor's own access to one room, with the actor's own facts and nobody else's."""
    room = access_room(actor, frame.room, Action.ROOM_DISCOVER)
    question = Question(actor, Action.MESSAGE_READ, room_resource(room.id))
    decision = pep.preview([question])[0]
    explained = explaining.explain_own(question)
    membership = membership_of(room.id, actor.id)
    return {
        "verdict": decision.effect,
        "checked_at": stamp(timezone.now()),
        "valid_until": stamp(decision.valid_until) if decision.permits else None,
        "reason": "" if decision.permits else words_of(decision),
        "conditions": _conditions(actor, explained.conditions),
        "role": membership.role if membership else None,
        "can": _powers(actor, room),
        "rule_text": explained.text,
        "ends": [{"words": end.words, "at": stamp(end.at)} for end in explained.ends],
    }


def _conditions(actor: Actor, conditions: Sequence[explaining.Condition]) -> list[dict[str, Any]]:
    """Each condition with the source whose word counts, and how old that word is."""
    sources = dict(AttributeDefinition.objects.values_list("name", "source"))
    told = {origin.attribute: origin.told_at for origin in origins_of(actor.id, sight=None)}
    views = []
    for condition in conditions:
        source, at = sources.get(condition.attribute, ""), told.get(condition.attribute)
        age = max(0, int((timezone.now() - at).total_seconds())) if at is not None else None
        views.append({**condition.view(), "source": str(_SOURCES.get(source, source)), "age_seconds": age})
    return views


def _powers(actor: Actor, room: Room) -> list[dict[str, str]]:
    posts = post_questions(actor, room)
    asked = [Question(actor, action, room_resource(room.id)) for action, _words in _CAN]
    answers = pep.preview([*asked, *posts])
    views = []
    for (action, words), answer in zip(_CAN, answers[: len(_CAN)], strict=True):
        told, best = gettext(words), answer
        if action is Action.MESSAGE_POST:
            told, best = _posting(answers[len(_CAN) :], answer)
        views.append({"action": action.value, "words": told, **_effect(best)})
    return views


def _posting(by_marking: Sequence[Decision], at_room: Decision) -> tuple[str, Decision]:
    """Who may post at some of the room's markings may post, and is told at which."""
    open_ = [answer for answer in by_marking if answer.permits]
    if not open_:
        asks = [answer for answer in by_marking if AccessDenied(answer).code == _STEP_UP]
        return gettext("Post messages"), asks[0] if asks else at_room
    if len(open_) == len(by_marking):
        return gettext("Post messages"), open_[0]
    names = ", ".join(written(str(answer.question.resource.properties["marking"])) for answer in open_)
    return gettext("Post messages marked %(markings)s") % {"markings": names}, open_[0]


def _effect(answer: Decision) -> dict[str, str]:
    if answer.permits:
        return {"effect": "yes", "why": ""}
    return {"effect": "step_up" if AccessDenied(answer).code == _STEP_UP else "no", "why": words_of(answer)}
