"""Why has somebody access, or not: the verdict, both gates, each condition, and what would change it (PO-13, R12)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealing, sessions
from accounts.access import Card, cards, sight_of
from accounts.admin.fields import PersonField, UuidChoice
from accounts.agents import in_words
from accounts.circumstances import Circumstances
from accounts.models import Session
from accounts.provenance import Origin, origins_of
from audit.access import read_entry
from policy import pep
from policy.console import (
    Action,
    ConsolePage,
    Section,
    action_in_words,
    find,
    in_detail,
    reason_in_words,
    register_page,
)
from policy.console.forms import Dressed
from policy.console.markup import age
from policy.decided import decision_rows
from policy.inquiry import Inquiry, inquire
from policy.language.combine import OWN_REQUIREMENT, Clause, Demand
from policy.language.evaluate import Truth
from policy.language.explain import Explanation, Finding, Part, Reader
from policy.types import Effect, Question, Resource
from policy.wording import DOUBTS
from rooms.access import room_resource
from rooms.models import Room, RoomKind
from rooms.reasons import words_of
from rooms.sealing import room_name
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.errors import NotFound

ASKED = {
    Action.MESSAGE_READ: gettext_lazy("read messages"),
    Action.MESSAGE_POST: gettext_lazy("post messages"),
    Action.ROOM_DISCOVER: gettext_lazy("find the room"),
    Action.MEMBER_JOIN: gettext_lazy("join"),
    Action.MEMBER_HOLD: gettext_lazy("be taken in as a member"),
    Action.MEMBER_KEEP: gettext_lazy("stay a member"),
    Action.MEMBERS_LIST: gettext_lazy("see the members"),
    Action.MENTION_ROOM: gettext_lazy("call everybody"),
    Action.ROOM_UPDATE: gettext_lazy("change name and topic"),
    Action.ROOM_ARCHIVE: gettext_lazy("archive"),
    Action.MEMBER_ADD: gettext_lazy("add members"),
    Action.MEMBER_REMOVE: gettext_lazy("remove members"),
    Action.REQUIREMENT_SET: gettext_lazy("change what it requires"),
    Action.CONSOLE_ENTER: gettext_lazy("enter the console"),
}
"""What is asked most, in words; any other action comes by a link from its decision."""

_VERDICTS = {
    Effect.PERMIT: (gettext_lazy("Permitted: %(name)s may %(what)s"), "ok", "shield-check"),
    Effect.DENY: (gettext_lazy("Denied: %(name)s may not %(what)s"), "danger", "shield-x"),
    Effect.INDETERMINATE: (gettext_lazy("Can't be checked: whether %(name)s may %(what)s"), "warn", "shield-q"),
    Effect.NOT_APPLICABLE: (gettext_lazy("Not applicable: whether %(name)s may %(what)s"), "warn", "shield-q"),
}


class QuestionForm(Dressed, forms.Form):
    """Who, what, where, and from which session."""

    person = PersonField(help_text="")
    action = forms.ChoiceField(label=gettext_lazy("Action"))
    room = UuidChoice(label=gettext_lazy("Room"), required=False)
    session = UuidChoice(label=gettext_lazy("Signed in as"), required=False)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = [*ASKED, *(one for one in Action if one not in ASKED and one.value == self.data.get("action"))]
        self.fields["action"].choices = [(one.value, _phrase(one)) for one in asked]  # type: ignore[attr-defined]
        named = sorted((room_name(one), str(one.id)) for one in Room.objects.filter(kind__in=_named_kinds()))
        self.fields["room"].choices = [("", _("no room")), *((one, name) for name, one in named)]  # type: ignore[attr-defined]
        self.fields["session"].choices = self._sessions(request)  # type: ignore[attr-defined]
        self.dress()

    def _sessions(self, request: HttpRequest) -> list[tuple[str, str]]:
        nowhere = [("", _("not signed in anywhere"))]
        person = self.fields["person"]
        try:
            user_id = person.clean(self.data.get("person", ""))
        except forms.ValidationError:
            return nowhere
        if user_id is None or not request.standing.may(Action.SESSION_LIST, Resource("session")):  # type: ignore[attr-defined]
            return nowhere
        live = sessions.live_of(user_id)
        origins = sealing.open_origins(live)
        return nowhere + [(str(one.id), _session_words(one, origins.get(one.id))) for one in live]


def _named_kinds() -> list[str]:
    return [RoomKind.PUBLIC, RoomKind.PRIVATE]


def _session_words(session: Session, origin: sealing.Origin | None) -> str:
    device = in_words(origin.user_agent) if origin else ""
    return _("%(device)s, since %(time)s") % {
        "device": device or _("unknown device"),
        "time": f"{session.authenticated_at:%Y-%m-%d %H:%M}",
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the tree. `tone` is yes, no, unknown or rest; `hit` marks what the verdict rests on."""

    depth: int
    tone: str
    text: str
    hint: str = ""
    words: str = ""
    value: str = ""
    source: str = ""
    code: bool = False
    hit: bool = False


@register_page
class ExplainPage(ConsolePage):
    name = "explain"
    route = "explain/"
    title = gettext_lazy("Access explain")
    sees = (Action.ACCESS_EXPLAIN,)
    template = "console/explain.html"
    section, icon, order = Section.ACCESS, "shield-q", 20

    def respond(self, request: HttpRequest, **_parts: Any) -> HttpResponse:
        if "person" not in request.GET:
            return self.render(request, self.template, form=QuestionForm(request=request))
        asked = _asked(request.GET)
        form = QuestionForm(asked, request=request)
        context: dict[str, Any] = {"form": form, "record": _record(request.GET.get("decision", ""))}
        if form.is_valid():
            context |= explanation(request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        return self.render(request, self.template, **context)


def _asked(query: Any) -> dict[str, str]:
    """The question of a link or a form: links name a person by id, and perhaps a session that has ended since."""
    asked = {name: query.get(name, "") for name in ("person", "action", "room", "session")}
    person = find("user", asked["person"])
    known = cards([person]).get(person) if person is not None else None
    if known is None:
        return asked
    live = {str(one.id) for one in sessions.live_of(known.id)}
    return {**asked, "person": known.username, "session": asked["session"] if asked["session"] in live else ""}


def _record(decision_id: str) -> dict[str, Any] | None:
    """The recorded decision that somebody came from."""
    try:
        entry = read_entry(UUID(decision_id))
    except (ValueError, NotFound):
        return None
    return decision_rows([entry])[0] if entry.store == "decision" else None


def explanation(
    operator: Actor, *, person: UUID, action: str, room: UUID | None, session: UUID | None
) -> dict[str, Any]:
    """Everything that the page shows about one question. Raises AccessDenied."""
    pep.enforce(operator, Action.ACCESS_EXPLAIN, Resource("user", person))
    card = cards([person])[person]
    question = Question(_as(operator, person, session), Action(action), _resource(action, person, room))
    shown = _may_see_facts(operator, person, question)
    found = inquire(question, Reader(_, sight_of(operator, person) if shown else None))
    origins = {f"subject.{one.attribute}": one for one in origins_of(person, sight=None)}
    effect = found.decision.effect
    words, tone, icon = _VERDICTS[effect]
    return {
        "explained": True,
        "card": card,
        "verdict": str(words) % {"name": card.name, "what": _what(question, found)},
        "tone": tone,
        "icon": icon,
        "why": [in_detail(reason) for reason in found.decision.reasons],
        "lines": list(_tree(found, origins, card)),
        "changes": _changes(found),
        "they_see": "" if found.decision.permits else words_of(found.decision),
        "decision": found.decision,
        "facts_shown": shown,
        "without_session": session is None,
        "asked_at": timezone.now(),
        "took": f"{found.decision.latency_us / 1000:.1f} ms",
    }


def _as(operator: Actor, user_id: UUID, session_id: UUID | None) -> Actor:
    """The person in that session, or outside of any: what rests on circumstances is then unknown."""
    subject = Subject(user_id, SubjectKind.USER)
    sessions_of = Session.objects.select_related("user", "workspace").filter(user_id=user_id)
    session = sessions_of.filter(id=session_id).first() if session_id is not None else None
    if session is None:
        return Actor(operator.workspace_id, subject, Environment(cause=f"explained_for:{operator.id}"))
    origin = sealing.open_origins([session]).get(session.id, sealing.Origin())
    actor = sessions.actor_of(session, Circumstances(address=origin.address, user_agent=origin.user_agent))
    return replace(actor, environment=replace(actor.environment, cause=f"explained_for:{operator.id}"))


def _resource(action: str, person: UUID, room: UUID | None) -> Resource:
    if room is not None:
        return room_resource(room)
    return Resource("workspace", properties={"owner_id": person} if action == Action.SESSION_LIST else {})


def _may_see_facts(operator: Actor, person: UUID, question: Question) -> bool:
    """Only who may see facts, and meets what guards the room, sees another's values, and of these what they hold
    themselves; each look is on record (R12).
    """
    room_id = question.resource.room_id
    resource = Resource("user", person, room_id, {"owner_id": person})
    asked = Question(operator, Action.FACTS_VIEW, resource)
    return pep.preview([asked])[0].permits and pep.decide_many([asked])[0].permits


def _phrase(action: Action) -> str:
    return str(ASKED[action]) if action in ASKED else action_in_words(action.value)


def _what(question: Question, found: Inquiry) -> str:
    what = _phrase(question.action)
    name = found.room.name if found.room is not None else ""
    return _("%(what)s in %(room)s") % {"what": what, "room": name} if name else what


def _tree(found: Inquiry, origins: dict[str, Origin], card: Card) -> Iterator[Line]:
    effect = found.decision.effect
    tones = {Effect.PERMIT: "yes", Effect.DENY: "no"}
    whole = _("Permission to %(what)s") % {"what": _what(found.decision.question, found)}
    yield Line(0, tones.get(effect, "unknown"), whole, _("both gates must open, deny wins"))
    yield from _role(found, card)
    if found.closed:
        yield Line(1, "rest", _("Policy"), _("not reached: the role gate is shut"))
        return
    if not found.findings:
        yield Line(1, "yes" if found.decision.permits else "unknown", _("Policy"), _("nothing governs this"))
    for finding in found.findings:
        yield from _finding(finding, effect, origins)


def _role(found: Inquiry, card: Card) -> Iterator[Line]:
    if found.closed:
        for reason in found.closed:
            yield Line(1, "no", _("Role"), reason_in_words(reason.code), hit=True)
        return
    flags = ", ".join(sorted(found.subject.flags)) if found.subject is not None else ""
    yield Line(
        1, "yes", _("Role"), _("a role, a flag or a standing of %(name)s allows it") % {"name": card.name}, flags
    )


def _finding(finding: Finding, effect: Effect, origins: dict[str, Origin]) -> Iterator[Line]:
    clause = finding.clause
    tone = _tone(clause, finding.truth)
    hint = _("on trial, does not count") if clause.on_trial else _demand(clause)
    decisive = not clause.on_trial and _decides(tone, effect)
    yield Line(1, tone, _name(clause), hint, hit=decisive and finding.explanation is None)
    if finding.explanation is not None:
        yield from _part(finding.explanation, 2, decisive, origins)


def _tone(clause: Clause, truth: Truth) -> str:
    if truth is Truth.UNKNOWN:
        return "unknown"
    holds = truth is Truth.TRUE
    if clause.demand in (Demand.DENY, Demand.REDACT):
        return "no" if holds else "yes"
    return "yes" if holds else "no"


def _decides(tone: str, effect: Effect) -> bool:
    return (tone == "no" and effect is Effect.DENY) or (tone == "unknown" and effect is Effect.INDETERMINATE)


def _name(clause: Clause) -> str:
    if clause.demand is Demand.REQUIREMENT:
        return (
            _("Room requirement")
            if clause.name == OWN_REQUIREMENT
            else _("Requirement %(name)s") % {"name": clause.name}
        )
    return _("Rule %(name)s") % {"name": clause.name}


def _demand(clause: Clause) -> str:
    said = {
        Demand.REQUIREMENT: _("must be met"),
        Demand.DENY: _("denies where it holds"),
        Demand.PERMIT: _("permits where it holds"),
        Demand.REDACT: _("hides portions where it holds"),
    }
    return said[clause.demand]


def _part(one: Explanation, depth: int, decisive: bool, origins: dict[str, Origin]) -> Iterator[Line]:  # noqa: FBT001 - part of the tree
    if one.part is Part.COMPARISON:
        yield _comparison(one, depth, decisive, origins)
        return
    joined = {Part.EVERY: _("all of these"), Part.EITHER: _("one of these"), Part.NOT: _("not this")}
    if one.part is not Part.EVERY or depth > 2:  # noqa: PLR2004 - the outermost conjunction goes without saying
        yield Line(depth, _truth(one.truth), joined[one.part])
        depth += 1
    for part in one.parts:
        yield from _part(part, depth, decisive, origins)


def _comparison(one: Explanation, depth: int, decisive: bool, origins: dict[str, Origin]) -> Line:  # noqa: FBT001
    name = one.definitions[0].qualified if one.definitions else ""
    doubts = [str(DOUBTS[doubt.value]) for _name, doubt in one.doubts]
    return Line(
        depth=depth,
        tone=_truth(one.truth),
        text=one.text,
        words=one.words,
        value=", ".join(doubts) or ", ".join(value for _name, value in one.held),
        source=_source(name, origins),
        code=True,
        hit=decisive and one.counts and bool(one.changes),
    )


def _truth(truth: Truth) -> str:
    return {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "unknown"}[truth]


def _source(name: str, origins: dict[str, Origin]) -> str:
    """On whose word, and how old: people's facts have a source, the rest comes from the room or the session."""
    area = name.partition(".")[0]
    if area != "subject":
        return {"resource": _("the room"), "environment": _("the session")}.get(area, "")
    origin = origins.get(name)
    if origin is None:
        return _("memberships of groups")
    if origin.told_at is None:
        return _("%(source)s, never told") % {"source": origin.source}
    return _("%(source)s, %(age)s old") % {"source": origin.source, "age": age(origin.told_at, timezone.now())}


def _changes(found: Inquiry) -> list[str]:
    """What would have to be so, in sentences; nothing where the answer is a permit or policy was not reached."""
    if found.decision.permits:
        return []
    if found.closed:
        return [_("A role, a flag or a membership that allows it. Policy would then be asked as well.")]
    said = [
        change
        for finding in found.findings
        if finding.explanation is not None and not finding.clause.on_trial
        for change in finding.explanation.changes
        if _decides(_tone(finding.clause, finding.truth), found.decision.effect)
    ]
    return list(dict.fromkeys(said))
