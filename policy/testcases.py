"""Test cases of a policy set: made-up people and rooms, and the effect that is expected (policy.md §7).

A case names no real person and reads no stored fact, so that it means the same in a year's time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.language.combine import compile_policy
from policy.language.definitions import Category, Vocabulary
from policy.language.errors import DocumentError, PolicyLanguageError
from policy.language.evaluate import Condition, compile_condition
from policy.language.grammar import parse_requirement
from policy.language.obligations import MARKING
from policy.language.rules import PolicyDocument, Target
from policy.language.values import Unknown, Value
from policy.types import Effect
from tenancy.actor import new_id

MOST_CASES = 200
_FIELDS = frozenset({"name", "subject", "environment", "unknown", "room", "action", "expect", "obligations"})
_ROOM = frozenset({"kind", "marking", "name", "requirement", "named"})


@dataclass(frozen=True, slots=True)
class Case:
    """One made-up question and the answer that is expected of it."""

    name: str
    target: Target
    own: Condition | None
    facts: Mapping[str, Value]
    expect: Effect
    obligations: frozenset[str] | None
    """The names of the obligations that are expected; None where they do not matter."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to."""

    name: str
    expected: str
    got: str
    decided_by: str
    passed: bool


def read_cases(forms: object, vocabulary: Vocabulary, actions: Sequence[str]) -> list[Case]:
    """The cases that a JSON form says.

    Raises PolicyLanguageError; `field` says where: `test_cases[1].subject.clearance`.
    """
    if not isinstance(forms, list):
        raise DocumentError("A list of test cases was expected.", "Give a JSON list.", field="test_cases")
    if len(forms) > MOST_CASES:
        raise DocumentError(
            "There are too many test cases.", "Use at most {most}.", field="test_cases", most=MOST_CASES
        )
    return [_case(form, vocabulary, actions, f"test_cases[{index}]") for index, form in enumerate(forms)]


def run(document: PolicyDocument, vocabulary: Vocabulary, cases: Sequence[Case]) -> list[Outcome]:
    """Judge every case by this document. Raises PolicyLanguageError if the document no longer fits the definitions."""
    policy = compile_policy(document, vocabulary)
    outcomes = []
    for case in cases:
        verdict = policy.plan(case.target, case.own).judge(case.facts)
        owed = frozenset(one.name for one in verdict.obligations)
        fits = verdict.effect is case.expect and case.obligations in (None, owed)
        outcomes.append(
            Outcome(
                name=case.name,
                expected=_said(case.expect, case.obligations or frozenset()),
                got=_said(verdict.effect, owed),
                decided_by=verdict.decided_by,
                passed=fits,
            )
        )
    return outcomes


def _said(effect: Effect, obligations: frozenset[str]) -> str:
    return f"{effect} ({', '.join(sorted(obligations))})" if obligations else str(effect)


def _case(form: object, vocabulary: Vocabulary, actions: Sequence[str], place: str) -> Case:
    body = _mapping(form, _FIELDS, place)
    action = _text(body.get("action"), f"{place}.action")
    if action not in actions:
        raise DocumentError("There is no such action.", "Use one such as room:message:read.", field=f"{place}.action")
    room = _mapping(body.get("room", {}), _ROOM, f"{place}.room")
    requirement = _text(room.get("requirement", ""), f"{place}.room.requirement")
    facts = _facts(body, room, vocabulary, place)
    return Case(
        name=_text(body.get("name"), f"{place}.name"),
        target=_target(action, room, str(facts.get(MARKING, "")), f"{place}.room"),
        own=_own(requirement, vocabulary, f"{place}.room.requirement"),
        facts=facts,
        expect=_expected(body.get("expect"), f"{place}.expect"),
        obligations=_obligations(body.get("obligations"), f"{place}.obligations"),
    )


def _target(action: str, room: Mapping[str, Any], marking: str, place: str) -> Target:
    if not room:
        return Target(action)
    named = tuple(_text(one, f"{place}.named") for one in _list(room.get("named", []), f"{place}.named"))
    return Target(
        action=action,
        room_id=new_id(),
        kind=_text(room.get("kind", "private"), f"{place}.kind"),
        marking=marking,
        name=_text(room.get("name", ""), f"{place}.name"),
        governed=bool(named or room.get("requirement")),
        named=named,
    )


def _own(requirement: str, vocabulary: Vocabulary, place: str) -> Condition | None:
    if not requirement:
        return None
    try:
        return compile_condition(parse_requirement(requirement, vocabulary), vocabulary)
    except PolicyLanguageError as refusal:
        raise refusal.located(field=place) from None


def _facts(body: Mapping[str, Any], room: Mapping[str, Any], vocabulary: Vocabulary, place: str) -> dict[str, Value]:
    known: dict[str, Value] = {}
    about = {
        Category.SUBJECT: _mapping(body.get("subject", {}), None, f"{place}.subject"),
        Category.ENVIRONMENT: _mapping(body.get("environment", {}), None, f"{place}.environment"),
        Category.RESOURCE: {name: room[name] for name in ("kind", "marking") if room.get(name)},
    }
    for category, raw in about.items():
        where = f"{place}.room" if category is Category.RESOURCE else f"{place}.{category}"
        _refuse_misfits(category, raw, vocabulary, where)
        known |= vocabulary.facts(category, raw)
    for name in _list(body.get("unknown", []), f"{place}.unknown"):
        try:
            known[vocabulary.resolve(_text(name, f"{place}.unknown")).qualified] = Unknown.UNAVAILABLE
        except PolicyLanguageError as refusal:
            raise refusal.located(field=f"{place}.unknown") from None
    return known


def _refuse_misfits(category: Category, raw: Mapping[str, Any], vocabulary: Vocabulary, place: str) -> None:
    """A value that does not fit its definition would silently count as unknown."""
    for name, value in raw.items():
        definition = vocabulary.get(f"{category}.{name}")
        if definition is None:
            raise DocumentError("No attribute of this name is defined.", "Define it first.", field=f"{place}.{name}")
        try:
            definition.canonical(value)
        except PolicyLanguageError as refusal:
            where = f"{place}.{name}"
            raise type(refusal)(
                refusal.problem, refusal.remedy_template, field=where, position=(0, 0), **refusal.params
            ) from None


def _expected(value: object, place: str) -> Effect:
    known = [Effect.PERMIT.value, Effect.DENY.value, Effect.INDETERMINATE.value]
    if value not in known:
        raise DocumentError("There is no such effect.", "Use one of: {known}.", field=place, known=", ".join(known))
    return Effect(str(value))


def _obligations(value: object, place: str) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(_text(one, place) for one in _list(value, place))


def _mapping(form: object, fields: frozenset[str] | None, place: str) -> Mapping[str, Any]:
    if not isinstance(form, Mapping):
        raise DocumentError("An object was expected.", "Give a JSON object.", field=place)
    if fields is not None and (strange := form.keys() - fields):
        raise DocumentError(
            "There is no such field: {strange}.", "Leave it out.", field=place, strange=min(strange)[:80]
        )
    return form


def _list(form: object, place: str) -> list[Any]:
    if not isinstance(form, list):
        raise DocumentError("A list was expected.", "Give a JSON list.", field=place)
    return form


def _text(form: object, place: str) -> str:
    if not isinstance(form, str):
        raise DocumentError("A text was expected.", "Give a text.", field=place)
    return form
