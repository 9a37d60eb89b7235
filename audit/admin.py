"""The audit explorer: what happened, in which order it was sealed, and the proof of each entry (AU-3, AU-6).

It reads and changes nothing. Who opens the personal part of an entry leaves an entry of their own.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import access, chain, explorer, merkle
from audit.entries import log_name
from audit.kinds import Family, Store
from audit.models import AuditBoundary, AuditEvent
from policy.console import (
    OUTCOMES,
    Action,
    ConsolePage,
    Section,
    find,
    names,
    people,
    register_page,
    subject,
)

SPANS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_BARS = 60
_STORES = {
    Store.SECURITY: gettext_lazy("Security"),
    Store.COMPLIANCE: gettext_lazy("Compliance"),
    Store.DECISION: gettext_lazy("Decisions"),
}
_FAMILIES = {
    "sign_in": (gettext_lazy("Sign-in"), (Family.AUTHENTICATION, Family.SESSION)),
    "privilege": (gettext_lazy("Privilege"), (Family.PRIVILEGE, Family.ACCOUNT)),
    "policy": (gettext_lazy("Policy"), (Family.POLICY,)),
    "rooms": (gettext_lazy("Rooms"), (Family.ROOM, Family.MESSAGE)),
    "keys": (gettext_lazy("Keys"), (Family.KEY_BACKUP,)),
    "life": (gettext_lazy("Data life cycle"), (Family.DATA_LIFECYCLE,)),
    "protocol": (gettext_lazy("Protocol"), (Family.CRYPTO_PROTOCOL,)),
    "console": (gettext_lazy("Console"), (Family.CONSOLE, Family.SYSTEM)),
}
_TONES = {"success": "", "permit": "", "refused": "danger", "deny": "danger", "failed": "danger"}
_SYMBOLS = {"success": "check", "permit": "check", "refused": "x", "deny": "x", "failed": "x"}


@register_page
class ExplorerPage(ConsolePage):
    name = "audit"
    route = "audit/"
    title = gettext_lazy("Audit explorer")
    sees = (Action.AUDIT_VIEW,)
    template = "console/audit.html"
    section, icon, order = Section.RECORDS, "link", 10

    def urls(self, site: Any) -> list[URLPattern]:
        entry = path("audit/<uuid:entry_id>/", site.admin_view(EntryPage().view), name="audit_entry")
        proof = path("audit/<uuid:entry_id>/proof/", site.admin_view(ProofPage().view), name="audit_proof")
        return [*super().urls(site), entry, proof]

    def context(self, request: HttpRequest, **_parts: Any) -> dict[str, Any]:
        asked = request.GET
        store = asked["store"] if asked.get("store") in set(Store) else Store.SECURITY.value
        span = asked["span"] if asked.get("span") in SPANS else "24h"
        search, unknown = _search(asked, store, span)
        page = explorer.Page() if unknown else explorer.look(search)
        health = chain.health_of_chain()
        return {
            "chain": health,
            "sealed": f"{health.sealed:,}",
            "states": [
                {"state": one, "words": _STORES[Store(one.store)], "url": _link(asked, store=one.store)}
                for one in access.states()
            ],
            "store": store,
            "store_words": _STORES[Store(store)],
            "rows": _rows(page.entries),
            "boundary": AuditBoundary.objects.filter(log_id=explorer.log_of(store)).order_by("-n").first()
            if not page.older
            else None,
            "older": _link(asked, before=str(page.older)) if page.older else "",
            "stores": _choices(asked, "store", _STORES, store),
            "families": [] if store == Store.DECISION else _family_choices(asked),
            "spans": _choices(asked, "span", {name: name for name in SPANS}, span),
            "refused_only": {
                "url": _link(asked, refused="" if asked.get("refused") else "1"),
                "on": bool(asked.get("refused")),
            },
            "about": asked.get("about", ""),
            "kept": [(name, asked[name]) for name in ("store", "family", "span", "refused") if asked.get(name)],
            "unknown": unknown,
            "histogram": histogram(store, SPANS[span]),
        }


def _search(asked: Any, store: str, span: str) -> tuple[explorer.Search, str]:
    """What the filters say; and the name that nobody has, if one was asked for."""
    about = asked.get("about", "").strip()
    found = (find("user", about) or find("room", about)) if about else None
    family = _FAMILIES.get(asked.get("family", ""))
    kinds = explorer.kinds_of([one.value for one in family[1]]) if family and store != Store.DECISION else ()
    search = explorer.Search(
        store,
        kinds=kinds,
        outcomes=explorer.REFUSALS if asked.get("refused") else (),
        about_id=found,
        since=timezone.now() - SPANS[span],
        before=explorer.Place.parse(asked.get("before", "")),
    )
    return search, about if about and found is None else ""


def _link(asked: Any, **changed: str) -> str:
    kept = {name: value for name, value in asked.items() if value and name not in ("before", "entry")}
    return f"?{urlencode({name: value for name, value in {**kept, **changed}.items() if value})}"


def _choices(asked: Any, name: str, words: Any, chosen: str) -> list[dict[str, Any]]:
    return [
        {"words": text, "url": _link(asked, **{name: str(value)}), "on": value == chosen}
        for value, text in words.items()
    ]


def _family_choices(asked: Any) -> list[dict[str, Any]]:
    chosen = asked.get("family", "")
    return [
        {"words": words, "url": _link(asked, family="" if name == chosen else name), "on": name == chosen}
        for name, (words, _families) in _FAMILIES.items()
    ]


def _rows(entries: Any) -> list[dict[str, Any]]:
    """Entries as a list shows them, with every name asked for once."""
    told = [explorer.evidence_of(entry) for entry in entries]
    known = people([*(entry.actor_id for entry in entries), *(_about(one) for one in entries)])
    rooms = names("room", (entry.room_id for entry in entries))
    return [_row(entry, env, known, rooms) for entry, env in zip(entries, told, strict=True)]


def _about(entry: AuditEvent) -> UUID | None:
    return entry.target_id if entry.target_type == "user" else None


def _row(entry: AuditEvent, env: Any, known: Any, rooms: Any) -> dict[str, Any]:
    return {
        "id": entry.id,
        "url": reverse("admin:audit_entry", args=[entry.id]),
        "at": entry.at,
        "kind": entry.kind,
        "who": subject(env["act"]["kind"], entry.actor_id, known),
        "on": _("damaged") if env.get("unreadable") else _on(entry, known, rooms),
        "outcome": OUTCOMES.get(entry.outcome, entry.outcome),
        "tone": _TONES.get(entry.outcome, "warn"),
        "symbol": _SYMBOLS.get(entry.outcome, "help"),
        "hash": merkle.leaf_hash(bytes(entry.env)).hex(),
    }


def _on(entry: AuditEvent, known: Any, rooms: Any) -> str:
    about = _about(entry)
    parts = [known.get(about, "")] if about else []
    parts += [rooms[entry.room_id]] if entry.room_id in rooms else []
    return ", ".join(part for part in parts if part) or entry.target_type.removeprefix("console:").replace("_", " ")


def histogram(store: str, span: timedelta) -> dict[str, Any]:
    """Entries over time as bars of a fixed number, refused ones marked; with the numbers for a table."""
    step = max(1, int(span.total_seconds()) // _BARS)
    until = timezone.now()
    first = int((until - span).timestamp()) // step * step + step
    slots = explorer.entries_by_time(store, explorer.Span(until - span, until, step))
    counted = {int(at.timestamp()): pair for at, pair in slots.items()}
    bars = [(first + index * step, *counted.get(first + index * step, (0, 0))) for index in range(_BARS)]
    top = max((count for _at, count, _bad in bars), default=0) or 1
    return {
        "bars": [
            {"x": 2 + index * 16, "h": round(58 * count / top, 1), "bad": round(58 * bad / top, 1)}
            for index, (_at, count, bad) in enumerate(bars)
        ],
        "rows": [{"at": _moment(at), "count": count, "bad": bad} for at, count, bad in bars if count],
        "total": sum(count for _at, count, _bad in bars),
        "bad": sum(bad for _at, _count, bad in bars),
        "begins": _moment(first),
        "ends": until,
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class EntryPage(ConsolePage):
    """One entry: what it says, its place in the chain, and whether the proof holds."""

    name = "audit_entry"
    route = ""
    title = gettext_lazy("Audit entry")
    sees = (Action.AUDIT_VIEW,)
    template = "console/audit_entry.html"

    def context(self, request: HttpRequest, **parts: Any) -> dict[str, Any]:  # noqa: ARG002 - the page's signature
        entry = access.read_entry(parts["entry_id"])
        told = explorer.evidence_of(entry)
        known = people([entry.actor_id, _about(entry)])
        rooms = names("room", [entry.room_id])
        return {
            "list_url": f"{reverse('admin:audit')}?store={entry.store}",
            "list_title": _("Audit explorer"),
            "entry": entry,
            "store_words": _STORES[Store(entry.store)],
            "row": _row(entry, told, known, rooms),
            "data": _said(told, known, rooms),
            "raw": _raw(entry, told),
            "leaf": merkle.leaf_hash(bytes(entry.env)).hex(),
            "proof": chain.proof_of(entry),
            "personal": "body" in told,
            "log": log_name(entry.workspace_id, entry.store),
            "twin": told.get("twin", ""),
        }


def _raw(entry: AuditEvent, told: Any) -> str:
    if told.get("unreadable"):
        return bytes(entry.env).hex(" ")
    return json.dumps(told, indent=2, ensure_ascii=False, sort_keys=True)


_LABELS = {
    "act": gettext_lazy("Kind of actor"),
    "req": gettext_lazy("Request"),
    "ctx": gettext_lazy("Circumstances"),
    "why": gettext_lazy("Reasons"),
    "pol": gettext_lazy("Policies that counted"),
    "obl": gettext_lazy("Obligations"),
    "pdp": gettext_lazy("Decision point"),
    "us": gettext_lazy("Microseconds"),
    "would": gettext_lazy("With rules on trial"),
    "hits": gettext_lazy("Repeated"),
    "data": gettext_lazy("Data"),
    "twin": gettext_lazy("Twin in the other store"),
    "envd": gettext_lazy("Digest of the circumstances"),
}


def _said(told: Any, known: Any, rooms: Any) -> list[tuple[Any, str]]:
    """What an entry says besides who, what and when, as pairs of words and values."""
    shown = {**told, "act": told["act"]["kind"]}
    return [(label, _plain(shown[name], known, rooms)) for name, label in _LABELS.items() if shown.get(name)]


def _plain(value: Any, known: Any, rooms: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(
            f"{name}: {_moment_of(name, one) or _plain(one, known, rooms)}" for name, one in sorted(value.items())
        )
    if isinstance(value, list):
        return ", ".join(_plain(one, known, rooms) for one in value)
    return str(value)


def _moment_of(name: str, value: Any) -> str:
    """A time of the evidence, which counts microseconds, as one reads it."""
    if not name.endswith("_at") or not str(value).isdigit():
        return ""
    return f"{datetime.fromtimestamp(int(value) / 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"


class ProofPage(ConsolePage):
    """The proof of one entry as a file, to be checked anywhere: hash, path, signed checkpoint, public keys."""

    name = "audit_proof"
    route = ""
    title = gettext_lazy("Proof")
    sees = (Action.AUDIT_VIEW,)
    template = ""

    def respond(self, request: HttpRequest, **parts: Any) -> HttpResponse:  # noqa: ARG002 - as ConsolePage
        entry = access.read_entry(parts["entry_id"])
        proof = access.prove(entry)
        document = {
            "v": 1,
            "log": log_name(entry.workspace_id, entry.store),
            "entry": base64.b64encode(proof.entry).decode(),
            "leaf": merkle.leaf_hash(proof.entry).hex(),
            "index": proof.index,
            "size": proof.size,
            "path": [one.hex() for one in proof.path],
            "checkpoint": proof.checkpoint,
            "vkeys": chain.vkeys(),
        }
        response = HttpResponse(json.dumps(document, indent=1), content_type="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="proof-{entry.id}.json"'
        return response
