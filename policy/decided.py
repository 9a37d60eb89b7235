"""Recorded decisions as screens list them, with every name asked for once."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from audit import explorer
from audit.models import AuditEvent
from policy import naming
from policy.wording import EFFECTS, action_in_words, reason_in_words

_TONES = {"permit": "ok", "deny": "danger", "indeterminate": "warn", "not_applicable": "warn"}
_SYMBOLS = {"permit": "check", "deny": "x", "indeterminate": "help", "not_applicable": "minus"}


def decision_rows(entries: Any) -> list[dict[str, Any]]:
    """These entries of the decision store, in their order."""
    people = naming.people(entry.actor_id for entry in entries)
    rooms = naming.names("room", (entry.room_id for entry in entries))
    return [_row(entry, people, rooms) for entry in entries]


def _row(entry: AuditEvent, people: Any, rooms: Any) -> dict[str, Any]:
    told = explorer.evidence_of(entry)
    codes = list(told.get("why", []))
    refused = entry.outcome != "permit"
    return {
        "id": entry.id,
        "at": entry.at,
        "who": naming.subject(told["act"]["kind"], entry.actor_id, people),
        "action": entry.kind,
        "what": action_in_words(entry.kind),
        "where": rooms.get(entry.room_id, "") if entry.room_id else _kind_of(entry.target_type),
        "effect": entry.outcome,
        "effect_words": EFFECTS.get(entry.outcome, entry.outcome),
        "tone": _TONES.get(entry.outcome, ""),
        "symbol": _SYMBOLS.get(entry.outcome, "minus"),
        "codes": codes,
        "why": [reason_in_words(code) for code in codes],
        "redacted": "redact" in told.get("obl", []),
        "would": told.get("would", ""),
        "repeats": told.get("hits", 0),
        "policy": ", ".join(f"{name} v{version}" for name, version, _hash in told.get("pol", [])[:1]),
        "took": _took(told.get("us", 0)),
        "explain": _explain_url(entry, told) if refused else "",
    }


def _kind_of(target_type: str) -> str:
    """What was asked about, in words: `console:policy_set` is "policy set"."""
    return target_type.removeprefix("console:").replace("_", " ")


def _explain_url(entry: AuditEvent, told: Any) -> str:
    """The same question, asked now."""
    if told["act"]["kind"] != "user":
        return ""
    asked = {
        "person": entry.actor_id,
        "action": entry.kind,
        "room": entry.room_id or "",
        "session": told.get("ctx", {}).get("ses", ""),
        "decision": entry.id,
    }
    return f"{reverse('admin:explain')}?{urlencode({name: value for name, value in asked.items() if value})}"


def _took(microseconds: int) -> str:
    if not microseconds:
        return "–"
    return f"{microseconds / 1000:.1f} ms" if microseconds >= 100 else f"{microseconds} µs"  # noqa: PLR2004
