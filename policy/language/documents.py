"""A policy document as JSON: every refusal names its place, writing gives back what was read, the hash is canonical."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from policy.language.definitions import Vocabulary
from policy.language.errors import CostError, DocumentError, PolicyLanguageError
from policy.language.grammar import parse, parse_requirement
from policy.language.obligations import marking, obligation
from policy.language.rules import Mode, PolicyDocument, Rule, RuleEffect, Scope, action_fits
from policy.language.tree import Node, canonical_form, digest, print_text
from policy.language.values import UnreadableError, tidy
from policy.types import Obligation

FORMAT = "cordon.policy/1"
MOST_RULES = 1_000
MOST_ENTRIES = 500

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PRIORITIES = range(-1_000_000, 1_000_001)
_DOCUMENT = frozenset({"format", "requirements", "rules"})
_RULE = frozenset({"name", "effect", "actions", "condition", "scope", "obligations", "mode", "priority"})
_SCOPE = frozenset({"markings", "kinds", "names", "rooms"})


def read_document(form: object, vocabulary: Vocabulary, actions: Collection[str]) -> PolicyDocument:
    """The document that a JSON form says. `actions` are all that exist: a pattern that fits none would never apply.

    Raises:
        PolicyLanguageError: something is missing, unknown or too much; `field` says where: `rules[3].condition`.
    """
    body = _mapping(form, _DOCUMENT, "document")
    if body.get("format") != FORMAT:
        raise DocumentError("This is no policy document.", "Use format {format}.", field="format", format=FORMAT)
    requirements = _mapping(body.get("requirements", {}), None, "requirements")
    rules = _list(body.get("rules", []), "rules", MOST_RULES)
    _refuse_too_many(requirements, "requirements", MOST_RULES)
    document = PolicyDocument(
        rules=tuple(_rule(rule, vocabulary, actions, f"rules[{index}]") for index, rule in enumerate(rules)),
        requirements=tuple(
            (_named(name, "requirements"), _requirement(text, vocabulary, f"requirements.{name}"))
            for name, text in sorted(requirements.items())
        ),
    )
    names = [rule.name for rule in document.rules]
    if len(set(names)) < len(names):
        raise DocumentError("Two rules have the same name.", "Name each rule once.", field="rules")
    return document


def write_document(document: PolicyDocument) -> dict[str, Any]:
    """The document as JSON that a person can read: conditions as text."""
    return {
        "format": FORMAT,
        "requirements": {name: print_text(node) for name, node in document.requirements},
        "rules": [_rule_form(rule) for rule in document.rules],
    }


def document_hash(document: PolicyDocument) -> str:
    """SHA-256 over the canonical syntax trees; the order of rules, selectors and conditions does not count."""
    return digest(
        {
            "format": FORMAT,
            "requirements": {name: canonical_form(node) for name, node in document.requirements},
            "rules": {rule.name: _canonical_rule(rule) for rule in document.rules},
        }
    )


def _rule_form(rule: Rule) -> dict[str, Any]:
    form: dict[str, Any] = {"name": rule.name, "effect": str(rule.effect), "actions": list(rule.actions)}
    if rule.condition is not None:
        form["condition"] = print_text(rule.condition)
    scope = {
        "markings": list(rule.scope.markings),
        "kinds": list(rule.scope.kinds),
        "names": list(rule.scope.names),
        "rooms": [str(room) for room in rule.scope.rooms],
    }
    return form | {
        "scope": {selector: entries for selector, entries in scope.items() if entries},
        "obligations": [{"name": one.name, "params": dict(one.params)} for one in rule.obligations],
        "mode": str(rule.mode),
        "priority": rule.priority,
    }


def _canonical_rule(rule: Rule) -> dict[str, Any]:
    form = _rule_form(rule)
    condition: Any = None if rule.condition is None else canonical_form(rule.condition)
    return form | {
        "condition": condition,
        "actions": sorted(set(rule.actions)),
        "scope": {selector: sorted(set(entries)) for selector, entries in form["scope"].items()},
        "obligations": sorted([one.name, sorted(dict(one.params).items())] for one in rule.obligations),
    }


def _rule(form: object, vocabulary: Vocabulary, actions: Collection[str], place: str) -> Rule:
    body = _mapping(form, _RULE, place)
    effect = RuleEffect(_choice(body.get("effect"), RuleEffect, f"{place}.effect"))
    priority = body.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or priority not in _PRIORITIES:
        raise DocumentError("The priority is no whole number in range.", "Use 0.", field=f"{place}.priority")
    return Rule(
        name=_named(body.get("name"), f"{place}.name"),
        effect=effect,
        actions=_actions(body.get("actions"), actions, f"{place}.actions"),
        condition=_condition(body.get("condition"), vocabulary, f"{place}.condition"),
        scope=_scope(body.get("scope", {}), vocabulary, f"{place}.scope"),
        obligations=_obligations(body.get("obligations", []), effect, vocabulary, f"{place}.obligations"),
        mode=Mode(_choice(body.get("mode", Mode.ENFORCE), Mode, f"{place}.mode")),
        priority=priority,
    )


def _condition(text: object, vocabulary: Vocabulary, place: str) -> Node | None:
    if text is None:
        return None
    try:
        return parse(_text(text, place), vocabulary)
    except PolicyLanguageError as refusal:
        raise refusal if refusal.field == place else refusal.located(field=place) from None


def _requirement(text: object, vocabulary: Vocabulary, place: str) -> Node:
    try:
        return parse_requirement(_text(text, place), vocabulary)
    except PolicyLanguageError as refusal:
        raise refusal if refusal.field == place else refusal.located(field=place) from None


def _actions(patterns: object, actions: Collection[str], place: str) -> tuple[str, ...]:
    listed = tuple(_text(pattern, place) for pattern in _list(patterns, place, MOST_ENTRIES))
    if not listed:
        raise DocumentError("A rule is about nothing.", "Name at least one action.", field=place)
    for pattern in listed:
        if not any(action_fits(pattern, action) for action in actions):
            raise DocumentError(
                "There is no action {pattern}.",
                "Use actions such as room:message:*.",
                field=place,
                pattern=pattern[:80],
            )
    return listed


def _scope(form: object, vocabulary: Vocabulary, place: str) -> Scope:
    body = _mapping(form, _SCOPE, place)
    entries = {
        selector: [_text(entry, f"{place}.{selector}") for entry in _list(body.get(selector, []), place, MOST_ENTRIES)]
        for selector in _SCOPE
    }
    for kind in entries["kinds"]:
        if not _KIND.fullmatch(kind):
            raise DocumentError("This is no kind of room.", "Use its short name.", field=f"{place}.kinds")
    try:
        return Scope(
            markings=tuple(marking(entry, vocabulary, f"{place}.markings") for entry in entries["markings"]),
            kinds=tuple(entries["kinds"]),
            names=tuple(tidy(entry) for entry in entries["names"]),
            rooms=tuple(UUID(entry) for entry in entries["rooms"]),
        )
    except UnreadableError as unreadable:
        raise DocumentError(unreadable.problem, unreadable.remedy, field=f"{place}.names") from None
    except PolicyLanguageError:
        raise
    except ValueError:
        raise DocumentError("This is no room.", "Give the id of a room.", field=f"{place}.rooms") from None


def _obligations(forms: object, effect: RuleEffect, vocabulary: Vocabulary, place: str) -> tuple[Obligation, ...]:
    listed = _list(forms, place, MOST_ENTRIES)
    if listed and effect is RuleEffect.DENY:
        raise DocumentError("A rule that denies has obligations.", "Leave them out.", field=place)
    return tuple(_obligation(form, vocabulary, f"{place}[{index}]") for index, form in enumerate(listed))


def _obligation(form: object, vocabulary: Vocabulary, place: str) -> Obligation:
    body = _mapping(form, frozenset({"name", "params"}), place)
    params = _mapping(body.get("params", {}), None, f"{place}.params")
    try:
        return obligation(_text(body.get("name"), place), params, vocabulary)
    except PolicyLanguageError as refusal:
        raise refusal if refusal.field == place else refusal.located(field=place) from None


def _mapping(form: object, fields: frozenset[str] | None, place: str) -> Mapping[str, Any]:
    if not isinstance(form, Mapping) or not all(isinstance(key, str) for key in form):
        raise DocumentError("An object was expected.", "Give a JSON object.", field=place)
    if fields is not None and (strange := form.keys() - fields):
        raise DocumentError(
            "There is no such field: {strange}.", "Leave it out.", field=place, strange=min(strange)[:80]
        )
    return form


def _list(form: object, place: str, most: int) -> list[Any]:
    if not isinstance(form, list | tuple):
        raise DocumentError("A list was expected.", "Give a JSON list.", field=place)
    _refuse_too_many(form, place, most)
    return list(form)


def _refuse_too_many(entries: Collection[object], place: str, most: int) -> None:
    if len(entries) > most:
        raise CostError("There are too many entries.", "Use at most {most}.", field=place, most=most)


def _text(form: object, place: str) -> str:
    if not isinstance(form, str):
        raise DocumentError("A text was expected.", "Give a text.", field=place)
    return form


def _named(name: object, place: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DocumentError(
            "This is no name.", "Use up to 64 small letters, digits, dots, dashes and underscores.", field=place
        )
    return name


def _choice(value: object, choices: type[RuleEffect] | type[Mode], place: str) -> str:
    known = [str(choice) for choice in choices]
    if value not in known:
        raise DocumentError("There is no such choice.", "Use one of: {known}.", field=place, known=", ".join(known))
    return str(value)
