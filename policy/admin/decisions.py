"""Decisions as they were recorded: codes, ids and digests; a refused one leads to its explanation (PO-14)."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from audit import explorer
from policy import naming
from policy.catalogue import Action
from policy.console import ConsolePage, Section, register_page
from policy.decided import decision_rows
from policy.wording import EFFECTS

SPANS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}


@register_page
class DecisionsPage(ConsolePage):
    name = "decisions"
    route = "decisions/"
    title = gettext_lazy("Decisions")
    sees = (Action.DECISIONS_VIEW,)
    template = "console/decisions.html"
    section, icon, order = Section.ACCESS, "list", 30

    def context(self, request: HttpRequest, **_parts: Any) -> dict[str, Any]:
        asked = request.GET
        effect = asked.get("effect", "") if asked.get("effect") in EFFECTS else ""
        action = asked.get("action", "") if asked.get("action") in set(Action) else ""
        span = asked.get("span", "") if asked.get("span") in SPANS else ""
        person, room = naming.find("user", asked.get("person", "")), naming.find("room", asked.get("room", ""))
        unknown = [
            name for name, found in (("person", person), ("room", room)) if asked.get(name, "").strip() and not found
        ]
        search = explorer.Search(
            "decision",
            kinds=[action] if action else (),
            outcomes=[effect] if effect else (),
            actor_id=person,
            room_id=room,
            since=timezone.now() - SPANS[span] if span else None,
            before=explorer.Place.parse(asked.get("before", "")),
        )
        page = explorer.Page() if unknown else explorer.look(search)
        return {
            "rows": decision_rows(page.entries),
            "older": _link(asked, before=str(page.older)) if page.older else "",
            "effects": _choices(asked, "effect", EFFECTS, effect),
            "spans": _choices(asked, "span", {name: name for name in SPANS}, span),
            "actions": [(one.value, one.value == action) for one in Action],
            "person": asked.get("person", ""),
            "room": asked.get("room", ""),
            "kept": [(name, asked[name]) for name in ("effect", "span") if asked.get(name)],
            "unknown": unknown,
            "narrowed": any(asked.get(name) for name in ("effect", "action", "person", "room", "span")),
        }


def _link(asked: Any, **changed: str) -> str:
    kept = {name: value for name, value in asked.items() if value and name != "before"}
    wanted = {name: value for name, value in {**kept, **changed}.items() if value}
    return f"?{urlencode(wanted)}"


def _choices(asked: Any, name: str, words: Any, chosen: str) -> list[dict[str, Any]]:
    """Chips that switch a filter on and off."""
    return [
        {"words": text, "url": _link(asked, **{name: "" if value == chosen else value}), "on": value == chosen}
        for value, text in words.items()
    ]
