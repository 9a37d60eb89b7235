"""Figures about sessions and facts for the dashboard: counts, never names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import Fact, FactSource, FactSync
from tenancy.models import Workspace
from tenancy.scoping import open_workspace_id

_LIVE = """
select count(*), count(distinct s.user_id),
       count(*) filter (where s.expires_at < %(soon)s or s.last_used_at + %(idle)s < %(soon)s)
  from accounts_session s join accounts_user u on u.id = s.user_id and u.state = 'active'
 where s.revoked_at is null and s.expires_at > %(now)s and s.last_used_at + %(idle)s > %(now)s
"""
_OVER_TIME = """
select t.at, (select count(*) from accounts_session s
               where s.authenticated_at <= t.at and coalesce(s.revoked_at, 'infinity') > t.at and s.expires_at > t.at
                 and s.last_used_at + %(idle)s > t.at)
  from generate_series(%(since)s::timestamptz, %(now)s::timestamptz, %(step)s) as t (at) order by t.at
"""


@dataclass(frozen=True, slots=True)
class LiveSessions:
    """Sessions that would be let in now, of how many people, and how many of them end within a quarter of an hour."""

    sessions: int
    people: int
    ending: int
    over_time: Sequence[int]
    """How many there were at each step of the last hour."""


def live_sessions(now: datetime, *, steps: int = 60) -> LiveSessions:
    minutes = Workspace.objects.values_list("session_idle_minutes", flat=True).get(id=open_workspace_id())
    values: dict[str, datetime | timedelta] = {
        "now": now,
        "soon": now + timedelta(minutes=15),
        "idle": timedelta(minutes=minutes),
        "since": now - timedelta(hours=1),
        "step": timedelta(hours=1) / steps,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, values)  # type: ignore[arg-type]  # the stubs leave out timedelta, which psycopg adapts
        sessions, people, ending = cursor.fetchone()
        cursor.execute(_OVER_TIME, values)  # type: ignore[arg-type]
        return LiveSessions(sessions, people, ending, [count for _at, count in cursor.fetchall()])


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many people one source has told about, and of how many its word no longer stands."""

    source: str
    people: int
    stale: int
    latest: datetime | None


def freshness(now: datetime) -> list[Freshness]:
    """Every source whose word has to be renewed."""
    found = []
    for source in FactSource.objects.filter(freshness_minutes__gt=0).order_by("name"):
        told = list(FactSync.objects.filter(source=source).values_list("synced_at", flat=True))
        edge = now - timedelta(minutes=source.freshness_minutes)
        stale = sum(at <= edge for at in told)
        found.append(Freshness(source.name, len(told), stale, max(told, default=None)))
    return found


def running_out(now: datetime, within: timedelta) -> int:
    """How many people have a fact that ends within this time."""
    facts = Fact.objects.filter(expires_at__gt=now, expires_at__lte=now + within, user__state="active")
    return facts.values("user_id").distinct().count()
