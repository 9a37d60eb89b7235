"""Policy sets: what decides, what somebody means to decide, and the way from one to the other (R6, R15)."""

import json
from difflib import unified_diff
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policy import jsonplaces, naming, testcases
from policy.actions import (
    activate_policy_set,
    approve_policy_set,
    draft_policy_set,
    return_policy_set,
    roll_back_policy_set,
    submit_policy_set,
)
from policy.console import (
    Action,
    Button,
    ConsoleAdmin,
    ConsoleForm,
    Panel,
    ReasonForm,
    Section,
    code,
    listed,
    moment,
    status,
    tag,
    two_lines,
)
from policy.language.documents import FORMAT, read_document
from policy.language.errors import PolicyLanguageError
from policy.language.rules import Mode, PolicyDocument, Rule, RuleEffect
from policy.language.tree import print_text
from policy.language.words import in_words
from policy.models import PolicySet, PolicySetState
from policy.snapshot import ACTIONS, vocabulary_of
from tenancy.actor import Actor
from tenancy.jsontext import read_storable_json

_STATES = {
    PolicySetState.DRAFT: ("", "edit"),
    PolicySetState.REVIEW: ("warn", "eye"),
    PolicySetState.APPROVED: ("ok", "check"),
    PolicySetState.ACTIVE: ("ok", "shield-check"),
    PolicySetState.RETIRED: ("", "history"),
}
_EFFECTS = {RuleEffect.PERMIT: "ok", RuleEffect.DENY: "danger", RuleEffect.REDACT: "warn"}
_EMPTY = {"format": FORMAT, "requirements": {}, "rules": []}


class CommentForm(ReasonForm):
    """A word to whoever reads the record; may be left out."""

    reason = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept in the audit log. Do not write down anything classified."),
    )


class JsonField(forms.CharField):
    """A JSON text; what is wrong with it is told by line and character."""

    widget = forms.Textarea

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return read_storable_json(text)
        except json.JSONDecodeError as error:
            place = {"line": error.lineno, "column": error.colno, "problem": error.msg}
            raise ValidationError(
                _("Line %(line)s, character %(column)s: this is no JSON (%(problem)s)."), params=place
            ) from None
        except ValueError as error:
            raise ValidationError(_("This cannot be taken: %(problem)s."), params={"problem": error}) from None


class PolicySetForm(ConsoleForm):
    """The document and its test cases, as JSON."""

    document = JsonField(
        label=gettext_lazy("Rules and requirements"),
        widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "false", "data-editor": "json"}),
        help_text=gettext_lazy(
            "The format is described in docs/policy-language.md. Conditions are checked when you save."
        ),
    )
    test_cases = JsonField(
        label=gettext_lazy("Test cases"),
        widget=forms.Textarea(attrs={"rows": 14, "class": "mono", "spellcheck": "false", "data-editor": "json"}),
        help_text=gettext_lazy("At least one must be there, and all must come out as expected, before review."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:  # noqa: SLF001 - Django's own word for "stored"
            return
        base = PolicySet.objects.filter(state=PolicySetState.ACTIVE).first()
        self.initial.setdefault("document", _text(base.document if base else _EMPTY))
        self.initial.setdefault("test_cases", _text(base.test_cases if base else []))

    def written(self, obj: Any) -> dict[str, Any]:
        if obj._state.adding:  # noqa: SLF001
            return {}
        return {"document": _text(obj.document), "test_cases": _text(obj.test_cases)}

    def add_error(self, field: str | None, error: Any) -> None:
        """Say the line in the editor as well where the problem names a place in the document."""
        if field in ("document", "test_cases") and isinstance(error, str):
            place = error.partition(",")[0].partition(": ")[0].removeprefix(f"{field}")
            line = jsonplaces.line_of(self.data.get(field, ""), place)
            error = _("Line %(line)s: %(problem)s") % {"line": line, "problem": error} if line > 1 else error
        super().add_error(field, error)


_ORDER = (
    *("format", "requirements", "rules", "name", "effect", "actions", "condition", "scope", "obligations", "mode"),
    *("priority", "subject", "environment", "unknown", "room", "action", "expect"),
)


def _text(value: Any) -> str:
    """JSON in the order in which one reads it: the database keeps none."""
    return json.dumps(_ordered(value), indent=2, ensure_ascii=False)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        known = sorted(value, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
        return {name: _ordered(value[name]) for name in known}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def _the_author(actor: Actor, row: PolicySet, _filled: Any) -> bool:
    return row.author_id == actor.id


def _all_but_the_author(actor: Actor, row: PolicySet, _filled: Any) -> bool:
    return row.author_id != actor.id


def _is(*states: PolicySetState) -> Any:
    return lambda row: row.state in states


@admin.register(PolicySet)
class PolicySetAdmin(ConsoleAdmin):
    sees = (Action.POLICY_VIEW,)
    adds, saves, key = draft_policy_set, draft_policy_set, "set_id"
    noun = "policy_set"
    section, icon, order = Section.ACCESS, "scale", 10
    adding = gettext_lazy("New version")
    help = gettext_lazy(
        "One set of rules decides at a time. A new version is drafted, reviewed by somebody else, and then activated."
    )
    empty = gettext_lazy("No set of rules yet: roles, and what single rooms require, decide alone.")
    form = PolicySetForm
    list_display = ("version_shown", "standing", "author", "approver", "hash_shown", "created", "activated")
    list_filter = ("state",)
    ordering = ("-version",)
    panels = ("rules_panel", "requirements_panel", "tests_panel", "diff_panel")
    buttons = (
        Button(
            submit_policy_set,
            gettext_lazy("Submit for review"),
            warns=gettext_lazy("The text is fixed from now on. Somebody else has to approve it."),
            tone="primary",
            fits=_is(PolicySetState.DRAFT),
            bars=_all_but_the_author,
        ),
        Button(
            approve_policy_set,
            gettext_lazy("Approve"),
            asks=CommentForm,
            warns=gettext_lazy("You stand in for this version: read its difference to the active one first."),
            tone="primary",
            fits=_is(PolicySetState.REVIEW),
            bars=_the_author,
        ),
        Button(
            activate_policy_set,
            gettext_lazy("Activate"),
            warns=gettext_lazy("It decides from now on. Every membership and every open room is judged by it at once."),
            tone="primary",
            fits=_is(PolicySetState.APPROVED),
        ),
        Button(
            return_policy_set,
            gettext_lazy("Return to author"),
            asks="reason",
            fits=_is(PolicySetState.REVIEW, PolicySetState.APPROVED),
        ),
        Button(
            roll_back_policy_set,
            gettext_lazy("Roll back to this"),
            asks="reason",
            warns=gettext_lazy("This version decides again, at once. The one that is active now is retired."),
            tone="danger",
            fits=lambda row: row.state == PolicySetState.RETIRED and row.activated_at is not None,
        ),
    )

    def open_to_change(self, obj: Any) -> bool:
        return obj is None or obj.state == PolicySetState.DRAFT

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the author writes a draft."""
        mine = obj is None or obj.author_id == request.actor.id  # type: ignore[attr-defined]
        return mine and super().has_change_permission(request, obj)

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        people = naming.people([*(one.author_id for one in rows), *(one.approver_id for one in rows)])
        for one in rows:
            one.author_name, one.approver_name = people.get(one.author_id, "–"), people.get(one.approver_id, "–")
        return rows

    @admin.display(description=gettext_lazy("Version"), ordering="version")
    def version_shown(self, row: Any) -> str:
        return f"v{row.version}"

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def standing(self, row: Any) -> Any:
        tone, symbol = _STATES[PolicySetState(row.state)]
        return status(row.get_state_display(), tone, symbol)

    @admin.display(description=gettext_lazy("Author"))
    def author(self, row: Any) -> str:
        return str(row.author_name)

    @admin.display(description=gettext_lazy("Approved by"))
    def approver(self, row: Any) -> str:
        return str(row.approver_name)

    @admin.display(description=gettext_lazy("Hash"))
    def hash_shown(self, row: Any) -> Any:
        return code(row.content_hash[:12])

    @admin.display(description=gettext_lazy("Drafted"), ordering="created_at")
    def created(self, row: Any) -> Any:
        return moment(row.created_at)

    @admin.display(description=gettext_lazy("Last activated"), ordering="activated_at")
    def activated(self, row: Any) -> Any:
        return moment(row.activated_at)

    def headline(self, obj: Any) -> str:
        return _("Policy set %(version)s") % {"version": obj}

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("State"), self.standing(obj)),
            (_("Author"), obj.author_name),
            (_("Approved by"), obj.approver_name),
            (_("Drafted"), moment(obj.created_at)),
            (_("Last activated"), moment(obj.activated_at)),
            (_("Hash"), code(obj.content_hash)),
        ]

    def rules_panel(self, request: HttpRequest, obj: Any) -> Panel:
        document, vocabulary = _read(request, obj)
        rows = [
            (
                two_lines(rule.name, _("on trial") if rule.mode is Mode.LOG_ONLY else _("in force")),
                tag(rule.effect.value, _EFFECTS[rule.effect]),
                listed(list(rule.actions), "–"),
                _scope(rule),
                two_lines(in_words(rule.condition, vocabulary, _), print_text(rule.condition))
                if rule.condition is not None
                else _("always"),
                listed([one.name for one in rule.obligations], "–"),
            )
            for rule in (document.rules if document else ())
        ]
        columns = (_("Rule"), _("Effect"), _("Actions"), _("Where"), _("Condition"), _("Obligations"))
        empty = (
            _("No rule: roles, and what rooms require, decide.")
            if document
            else _("It no longer fits the definitions.")
        )
        return Panel(_("Rules"), columns, rows, empty=empty)

    def requirements_panel(self, request: HttpRequest, obj: Any) -> Panel | None:
        document, vocabulary = _read(request, obj)
        if document is None or not document.requirements:
            return None
        rows = [(name, in_words(node, vocabulary, _), code(print_text(node))) for name, node in document.requirements]
        return Panel(_("Named requirements"), (_("Name"), _("In words"), _("Text")), rows)

    def tests_panel(self, request: HttpRequest, obj: Any) -> Panel:
        document, vocabulary = _read(request, obj)
        outcomes: list[testcases.Outcome] = []
        empty = _("No test case: it cannot be submitted.")
        try:
            if document is not None:
                cases = testcases.read_cases(obj.test_cases, vocabulary, ACTIONS)
                outcomes = testcases.run(document, vocabulary, cases)
        except PolicyLanguageError as refusal:
            empty = f"{refusal.field}: {refusal.in_words(_)[0]}"
        rows = [
            (
                one.name,
                status(_("passes"), "ok") if one.passed else status(_("fails"), "danger"),
                one.expected,
                one.got,
                code(one.decided_by),
            )
            for one in outcomes
        ]
        columns = (_("Case"), _("Now"), _("Expected"), _("Comes out as"), _("Decided by"))
        return Panel(_("Test cases"), columns, rows, empty=empty, hint=_("Run when this page was opened"))

    def diff_panel(self, _request: HttpRequest, obj: Any) -> Panel | None:
        """What would change if this set became active."""
        active = PolicySet.objects.filter(state=PolicySetState.ACTIVE).first()
        if active is not None and active.pk == obj.pk:
            return None
        before = _text(active.document).splitlines() if active else []
        after = _text(obj.document).splitlines()
        lines = list(unified_diff(before, after, lineterm="", n=3))[2:]
        title = (
            _("Difference to the active set v%(version)s") % {"version": active.version}
            if active
            else _("All of it is new")
        )
        return Panel(title, template="console/panel_diff.html", extra={"lines": [(one[:1], one[1:]) for one in lines]})


def _read(request: HttpRequest, obj: PolicySet) -> tuple[PolicyDocument | None, Any]:
    vocabulary = vocabulary_of(request.actor.workspace_id)  # type: ignore[attr-defined]
    try:
        return read_document(obj.document, vocabulary, ACTIONS), vocabulary
    except PolicyLanguageError:
        return None, vocabulary


def _scope(rule: Rule) -> Any:
    scope = rule.scope
    parts = [*scope.markings, *scope.kinds, *scope.names, *(naming.names("room", scope.rooms).values())]
    return listed(parts, _("everywhere"))
