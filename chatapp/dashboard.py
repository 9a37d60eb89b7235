"""The dashboard: the finding first, then figures, each shown to who may open the page behind it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import figures as people
from audit import chain, explorer
from chatapp import charts, figures
from keys.access import key_overview
from policy import naming
from policy.catalogue import Action
from policy.console.markup import age
from policy.console.standing import Standing
from policy.decided import decision_rows
from policy.models import PolicySet, PolicySetState
from policy.snapshot import snapshot
from policy.types import Resource
from rooms.models import Membership, MembershipState

REFRESH_SECONDS = 10
REFUSED_SHOWN = 5
_SOON = timedelta(days=14)

_DECISIONS = ((Action.DECISIONS_VIEW,), Resource("console:decisions"))
_AUDIT = ((Action.AUDIT_VIEW,), Resource("console:audit"))
_KEYS = ((Action.KEY_VIEW,), Resource("console:keys"))
_SESSIONS = ((Action.SESSION_LIST,), Resource("session"))
_USERS = ((Action.USER_UPDATE, Action.FACTS_VIEW), Resource("user"))
_ROOMS = ((Action.ROOM_MANAGE, Action.REQUIREMENT_SET), Resource("room"))
_POLICY = ((Action.POLICY_VIEW,), Resource("policy_set"))


@dataclass(frozen=True, slots=True)
class Card:
    """One figure with what it is made of. `paths` are the `d` of its chart by name."""

    name: str
    title: str
    url: str
    big: str
    sub: str
    paths: dict[str, str] = field(default_factory=dict)
    chart: str = ""
    parts: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Control:
    """One control and whether it works: a word with a tone, and what it rests on."""

    name: str
    title: str
    icon: str
    url: str
    detail: str
    word: str
    tone: str

    @property
    def symbol(self) -> str:
        return {"ok": "check", "warn": "alert", "danger": "x"}.get(self.tone, "clock")


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Everything that the page shows first; the same figures are then polled."""
    found = live(request)
    return {**found, "refresh_seconds": REFRESH_SECONDS, "approvals": _approvals(request)}


def figures_view(request: HttpRequest) -> HttpResponse:
    """The figures as data, for the page that is open."""
    found = live(request)
    return JsonResponse(
        {
            "at": found["at"].isoformat(),
            "lede": found["lede"],
            "cards": [asdict(one) for one in found["cards"]],
            "chart": found["chart"],
            "controls": [{**asdict(one), "symbol": one.symbol} for one in found["controls"]],
            "refused": [_told(row) for row in found["refused"]] if found["refused"] is not None else None,
        }
    )


def live(request: HttpRequest) -> dict[str, Any]:
    """The figures of this moment, as far as the operator may see them."""
    standing: Standing = request.standing  # type: ignore[attr-defined]
    now = timezone.now()
    shown = (_DECISIONS, _AUDIT, _KEYS, _SESSIONS, _USERS, _ROOMS, _POLICY)
    standing.learn((action, resource) for sees, resource in shown for action in sees)
    minutes = figures.decisions(standing.actor.workspace_id, now) if standing.opens(*_DECISIONS) else None
    controls = list(_controls(standing, now))
    return {
        "at": now,
        "lede": _lede(controls),
        "cards": list(_cards(standing, now, minutes)),
        "chart": _chart(minutes) if minutes else None,
        "controls": controls,
        "refused": _refused() if minutes else None,
    }


def _lede(controls: list[Control]) -> dict[str, str]:
    """One sentence that is the finding."""
    bad = [one for one in controls if one.tone == "danger"]
    doubtful = [one for one in controls if one.tone == "warn"]
    if bad:
        return {"tone": "danger", "icon": "alert", "words": f"{bad[0].title}: {bad[0].word}.", "more": bad[0].detail}
    if doubtful:
        first = doubtful[0]
        return {"tone": "warn", "icon": "alert", "words": f"{first.title}: {first.word}.", "more": first.detail}
    if controls:
        return {
            "tone": "ok",
            "icon": "shield-check",
            "words": _("Every control that you watch over is working."),
            "more": "",
        }
    more = _("Your role opens the console, and no figure in it. The pages it opens stand in the sidebar.")
    return {"tone": "", "icon": "home", "words": _("Nothing waits for you here."), "more": more}


# --- figures


def _cards(standing: Standing, now: datetime, minutes: figures.Minutes | None) -> Iterator[Card]:
    if standing.opens(*_SESSIONS):
        yield _sessions_card(now)
    if minutes is not None:
        yield _decisions_card(minutes)
    if standing.opens(*_AUDIT) or standing.opens(*_DECISIONS):
        yield _revocations_card(standing, now)
    if standing.opens(*_POLICY):
        yield _policy_card(standing, now)


def _sessions_card(now: datetime) -> Card:
    found = people.live_sessions(now)
    top = charts.top_of(found.over_time)
    whose = ngettext("%(n)d person", "%(n)d people", found.people) % {"n": found.people}
    ending = _("%(n)d end within 15 min") % {"n": found.ending}
    size = {"width": 240, "height": 36}
    return Card(
        name="sessions",
        title=_("Active sessions"),
        url=f"{reverse('admin:accounts_session_changelist')}?state=live",
        big=_n(found.sessions),
        sub=f"{whose}, {ending}",
        paths={"line": charts.line(found.over_time, top, **size), "fill": charts.area(found.over_time, top, **size)},
        chart=_("Active sessions over the last hour, between %(low)s and %(high)s")
        % {"low": min(found.over_time), "high": max(found.over_time)},
    )


def _decisions_card(minutes: figures.Minutes) -> Card:
    total = minutes.total
    allowed = minutes.per_minute("permit") + minutes.per_minute("redact")
    share = (
        _("%(share)s%% permitted") % {"share": f"{100 * allowed / total:.1f}"}
        if total
        else _("none in the last minute")
    )
    words = {"permit": _("Permit"), "deny": _("Deny"), "redact": _("Redact"), "error": _("Can't tell")}
    parts = [(effect, words[effect], _n(minutes.per_minute(effect))) for effect in figures.EFFECTS]
    url = reverse("admin:decisions")
    return Card("decisions", _("Decisions per minute"), url, _n(total), share, parts=parts)


def _revocations_card(standing: Standing, now: datetime) -> Card:
    found = figures.revocations(now)
    counts = found.counts
    said = [
        ngettext("%(n)d membership suspended", "%(n)d memberships suspended", counts["suspended"])
        % {"n": counts["suspended"]},
        ngettext("%(n)d removed", "%(n)d removed", counts["removed"]) % {"n": counts["removed"]},
        ngettext("%(n)d session ended", "%(n)d sessions ended", counts["sessions"]) % {"n": counts["sessions"]},
    ]
    places = [(at.hour * 3600 + at.minute * 60 + at.second) / 86400 for at in found.at]
    page = "admin:audit" if standing.opens(*_AUDIT) else "admin:decisions"
    return Card(
        name="revocations",
        title=_("Revocations today"),
        url=reverse(page),
        big=_n(found.total),
        sub=", ".join(said),
        paths={"tick": charts.ticks(places)},
        chart=_("%(n)s revocations since midnight UTC") % {"n": found.total},
    )


def _policy_card(standing: Standing, now: datetime) -> Card:
    held = snapshot(standing.actor.workspace_id)
    version = f"v{held.refs[0].version}" if held.refs else _("no set")
    p95 = explorer.latency_p95(now - timedelta(minutes=15))
    took = _("p95 %(time)s in 15 min") % {"time": _duration(p95)} if p95 is not None else _("not asked in 15 min")
    rules = ngettext("%(n)d rule", "%(n)d rules", len(held.document.rules)) % {"n": len(held.document.rules)}
    return Card(
        name="policy",
        title=_("Policy"),
        url=reverse("admin:policy_policyset_changelist"),
        big=_("Deciding") if held.policy is not None else _("Cannot be used"),
        sub=f"{_('Built-in decision point')}, {version}, {rules}; {took}",
    )


def _chart(minutes: figures.Minutes) -> dict[str, Any]:
    """Permits on a scale of their own, the rest on another: sizes this unlike never share one."""
    permit = minutes.effects["permit"]
    rest = [count for effect in figures.EFFECTS[1:] for count in minutes.effects[effect]]
    top, low = charts.top_of(permit), charts.top_of(rest)
    return {
        "paths": {
            "permit": charts.line(permit, top),
            "permit_fill": charts.area(permit, top),
            **{effect: charts.line(minutes.effects[effect], low) for effect in figures.EFFECTS[1:]},
        },
        "tops": _scale(top),
        "lows": _scale(low),
        "now": {effect: _n(minutes.per_minute(effect)) for effect in figures.EFFECTS},
        "hours": [f"{minutes.begins + timedelta(minutes=15 * quarter):%H:%M}" for quarter in range(5)],
        "said": _(
            "Decisions per minute over the last hour: permits between %(low)s and %(high)s, at most %(deny)s denials"
        )
        % {"low": min(permit), "high": max(permit), "deny": max(minutes.effects["deny"])},
        "rows": [
            {
                "at": f"{minutes.begins + timedelta(minutes=index):%H:%M}",
                **{e: minutes.effects[e][index] for e in figures.EFFECTS},
            }
            for index in range(len(permit))
            if any(minutes.effects[effect][index] for effect in figures.EFFECTS)
        ],
    }


def _scale(top: int) -> list[str]:
    return [_n(top * (charts.STEPS - index) // charts.STEPS) for index in range(charts.STEPS + 1)]


def _refused() -> list[dict[str, Any]]:
    search = explorer.Search("decision", outcomes=("deny", "indeterminate"))
    return decision_rows(explorer.look(search, limit=REFUSED_SHOWN).entries)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    shown = ("who", "what", "where", "why", "codes", "explain", "redacted")
    return {**{name: row[name] for name in shown}, "at": f"{row['at']:%H:%M:%S}"}


# --- controls


def _controls(standing: Standing, now: datetime) -> Iterator[Control]:
    watched: tuple[tuple[tuple[Any, Any], Callable[..., Control]], ...] = (
        (_AUDIT, _chain_control),
        (_KEYS, _keys_control),
        (_USERS, _sources_control),
        (_USERS, _expiry_control),
        (_ROOMS, _suspended_control),
    )
    for page, control in watched:
        if standing.opens(*page):
            yield control(standing, now)


def _chain_control(_standing: Standing, now: datetime) -> Control:
    found = chain.health_of_chain()
    words = {
        chain.Verdict.INTACT: (_("Intact"), "ok"),
        chain.Verdict.LATE: (_("Sealing is late"), "danger"),
        chain.Verdict.NOT_BEGUN: (_("Not sealed yet"), "warn"),
        chain.Verdict.SUSPECT: (_("Entries are suspect"), "danger"),
        chain.Verdict.FAILED: (_("Verification failed"), "danger"),
        chain.Verdict.BROKEN: (_("Broken"), "danger"),
    }
    word, tone = words[found.verdict]
    sealed = _("Sealed to %(n)s entries, %(age)s ago") % {"n": _n(found.sealed), "age": _age(found.sealed_at, now)}
    detail = sealed if found.sealed_at else _("The sealer has not made a seal for this workspace.")
    if found.broken:
        detail = _("The last seal of %(stores)s does not hold. Keep the database as it is.") % {
            "stores": ", ".join(found.broken)
        }
    if found.verdict is chain.Verdict.FAILED:
        detail = _("manage.py verify_audit found entries that are not as they were sealed. Keep the database as it is.")
    if found.verdict is chain.Verdict.SUSPECT:
        detail = _("The sealer found %(n)s lately that are not as they should be. Run manage.py verify_audit.") % {
            "n": _n(found.suspects)
        }
    return Control("chain", _("Audit chain"), "link", reverse("admin:audit"), detail, word, tone)


def _keys_control(standing: Standing, _now: datetime) -> Control:
    found = key_overview(standing.actor)
    url = reverse("admin:keys")
    if not found.kms_health.healthy:
        return Control("keys", _("Keys"), "key", url, found.kms_health.remedy, _("Not answering"), "danger")
    waiting = found.waiting_for_rewrap
    version = found.tenant_keys[0].version if found.tenant_keys else 0
    detail = _("Tenant key v%(version)s, every key under it") % {"version": version}
    if waiting:
        detail = _("Tenant key v%(version)s, %(n)s keys still to be rewrapped") % {"version": version, "n": _n(waiting)}
    return Control("keys", _("Keys"), "key", url, detail, _("Healthy"), "ok")


def _sources_control(_standing: Standing, now: datetime) -> Control:
    found = people.freshness(now)
    stale = sum(one.stale for one in found)
    said = [f"{one.source} {_age(one.latest, now)}" for one in found if one.latest is not None]
    detail = ", ".join(said) or _("No source has to renew its word")
    word = ngettext("%(n)d person stale", "%(n)d people stale", stale) % {"n": stale} if stale else _("Fresh")
    url = reverse("admin:accounts_user_changelist")
    return Control("sources", _("Sources of facts"), "refresh", url, detail, word, "warn" if stale else "ok")


def _expiry_control(_standing: Standing, now: datetime) -> Control:
    count = people.running_out(now, _SOON)
    detail = ngettext("%(n)d person within 14 days", "%(n)d people within 14 days", count) % {"n": count}
    url = reverse("admin:accounts_user_changelist")
    word, tone = (_("Plan"), "") if count else (_("None"), "ok")
    return Control("expiry", _("Facts running out"), "card", url, detail, word, tone)


def _suspended_control(_standing: Standing, _now: datetime) -> Control:
    count = Membership.objects.filter(state=MembershipState.SUSPENDED).count()
    detail = _("Denied by policy, removed after the grace unless access returns")
    word = _n(count) if count else _("None")
    url = reverse("admin:rooms_room_changelist")
    return Control("suspended", _("Suspended memberships"), "hold", url, detail, word, "" if count else "ok")


def _approvals(request: HttpRequest) -> dict[str, Any] | None:
    """Policy sets that wait for somebody, with one's own marked: nobody approves those themselves."""
    standing: Standing = request.standing  # type: ignore[attr-defined]
    if not standing.opens(*_POLICY):
        return None
    rows = list(
        PolicySet.objects.filter(state__in=[PolicySetState.REVIEW, PolicySetState.APPROVED]).order_by("-version")
    )
    authors = naming.people(one.author_id for one in rows)
    return {
        "rows": [
            {
                "title": _("Policy set %(version)s") % {"version": one},
                "detail": _("Written by %(name)s, %(age)s ago")
                % {"name": authors[one.author_id], "age": _age(one.created_at, timezone.now())},
                "approved": one.state == PolicySetState.APPROVED,
                "own": one.author_id == standing.actor.id and one.state == PolicySetState.REVIEW,
                "url": reverse("admin:policy_policyset_change", args=[one.id]),
            }
            for one in rows
        ]
    }


def _n(count: int) -> str:
    return f"{count:,}"


def _duration(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms" if microseconds >= 100 else f"{microseconds} µs"  # noqa: PLR2004


def _age(at: datetime | None, now: datetime) -> str:
    return age(at, now) if at is not None else "–"
