"""What accounts tells the kernel: who is active, with which flags, facts and circumstances, for a batch at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts import sealing, sessions
from accounts.models import FactSource, Group, Session, SourceKind, UserKind, UserState
from keys.errors import SealError
from policy.catalogue import Flag, RoomRole, with_implied
from policy.language.values import Unknown
from policy.models import AttributeCategory
from policy.pip import SubjectState
from tenancy import statements
from tenancy.actor import Actor, ActorKey, SubjectKind
from tenancy.scoping import open_workspace_id

_PLATFORM = SubjectState(active=True, session_live=True)
_PEOPLE = (SubjectKind.USER, SubjectKind.SERVICE)

_USERS = """
select u.id, u.state, u.kind, r.flags
  from accounts_user u
  left join accounts_roleassignment a on a.user_id = u.id
  left join accounts_role r on r.id = a.role_id
 where u.workspace_id = %b and u.id = any(%b::uuid[])
"""
_SOURCES = """
select s.id, s.name, s.kind, s.freshness_minutes, t.user_id, t.synced_at
  from (select * from accounts_factsource where workspace_id = %b) s
  left join accounts_factsync t on t.source_id = s.id and t.user_id = any(%b::uuid[])
"""
_DEFINITIONS = "select name, source from policy_attributedefinition where workspace_id = %b and category = %b"
_FACTS = """
select workspace_id, user_id, source_id, attribute, id, value, expires_at
  from accounts_fact where workspace_id = %b and user_id = any(%b::uuid[])
"""
_GROUPS = """
select m.user_id, m.group_id, m.workspace_id, g.name, g.name_revision
  from accounts_groupmembership m join accounts_group g on g.id = m.group_id
 where m.workspace_id = %b and m.user_id = any(%b::uuid[])
"""


def _rows(statement: str, people: Iterable[UUID]) -> list[tuple[Any, ...]]:
    """What every decision reads of these people: plain SQL, planned once per connection (R37)."""
    return statements.rows(statement, [open_workspace_id(), list(people)])


@dataclass(slots=True)
class _Person:
    active: bool
    placeholder: bool
    flags: set[Flag] = field(default_factory=set)
    groups: set[UUID] = field(default_factory=set)
    facts: dict[str, object] = field(default_factory=dict)
    until: datetime | None = None

    def known_until(self, moment: datetime | None) -> None:
        if moment is not None:
            self.until = min(moment, self.until) if self.until else moment


class DirectorySource:
    """Implements policy.pip.SubjectSource with a fixed number of queries, however many actors are asked about."""

    def subjects(self, actors: Sequence[Actor]) -> Mapping[ActorKey, SubjectState]:
        now = timezone.now()
        people = _people({actor.id for actor in actors if actor.subject.kind in _PEOPLE})
        sources = _Sources(people) if people else None
        if sources is not None:
            _add_facts(people, sources, now)
            _add_groups(people)
        live = sessions.by_ids({actor.environment.session_id for actor in actors} - {None})
        return {actor.key: _state(actor, people, live, sources, now) for actor in actors}


class FactSources:
    """Implements policy.sources.Directory."""

    def of_people(self) -> list[str]:
        rows = FactSource.objects.exclude(kind=SourceKind.DEVICE)
        return list(rows.order_by("name").values_list("name", flat=True))

    def of_devices(self) -> list[str]:
        rows = FactSource.objects.filter(kind=SourceKind.DEVICE)
        return list(rows.order_by("name").values_list("name", flat=True))


def _state(
    actor: Actor,
    people: Mapping[UUID, _Person],
    live: Mapping[UUID, Session],
    sources: "_Sources | None",
    now: datetime,
) -> SubjectState:
    if actor.subject.kind not in _PEOPLE:
        return _PLATFORM
    person = people.get(actor.id)
    if person is None or sources is None:
        return SubjectState(active=False, session_live=False)
    session = live.get(actor.environment.session_id) if actor.environment.session_id else None
    lives = _lives(actor, session, now)
    ends = [person.until] if person.until else []
    if session is not None and lives:
        ends += [session.expires_at, sessions.idle_until(session)]
    environment, posture_until = _environment(actor, session, sources, now)
    return SubjectState(
        active=person.active,
        session_live=lives,
        placeholder=person.placeholder,
        flags=with_implied(frozenset(person.flags)),
        facts=person.facts,
        environment=environment,
        facts_until=min([*ends, *posture_until], default=None),
    )


def _lives(actor: Actor, session: Session | None, now: datetime) -> bool:
    """Who acts without a session was let in by other means, such as a job in their name; a dead session is dead."""
    if actor.environment.session_id is None:
        return True
    return session is not None and session.user_id == actor.id and sessions.end_of(session, now) == ""


def _people(user_ids: set[UUID]) -> dict[UUID, _Person]:
    """Users with the flags of their roles, in one query."""
    found: dict[UUID, _Person] = {}
    for user_id, state, kind, flags in _rows(_USERS, user_ids):
        person = found.setdefault(user_id, _Person(state == UserState.ACTIVE, kind == UserKind.PLACEHOLDER))
        person.flags.update(Flag(flag) for flag in flags or () if flag in set(Flag))
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    freshness: timedelta | None
    synced: Mapping[UUID, datetime]

    def fresh_until(self, user_id: UUID) -> datetime | None:
        """Until when what this source does not say of the user is false. None: it never said anything, or for ever."""
        synced = self.synced.get(user_id)
        return synced + self.freshness if synced and self.freshness else None


class _Sources:
    """The sources of the workspace, and when each last told what it knows of these people, in one query."""

    def __init__(self, people: Iterable[UUID]) -> None:
        synced: dict[UUID, dict[UUID, datetime]] = {}
        self._by_name: dict[str, UUID] = {}
        self._freshness: dict[UUID, timedelta | None] = {}
        self.posture: timedelta | None = None
        for source_id, name, kind, minutes, user_id, at in _rows(_SOURCES, people):
            freshness = timedelta(minutes=minutes) if minutes else None
            self._by_name[name], self._freshness[source_id] = source_id, freshness
            if kind == SourceKind.DEVICE:
                self.posture = freshness
            if user_id is not None:
                synced.setdefault(source_id, {})[user_id] = at
        self._synced = synced

    def named(self, name: str) -> tuple[UUID | None, _Source]:
        source_id = self._by_name.get(name)
        if source_id is None:
            return None, _Source(None, {})
        return source_id, _Source(self._freshness[source_id], self._synced.get(source_id, {}))


def _add_facts(people: Mapping[UUID, _Person], sources: _Sources, now: datetime) -> None:
    """What is known of each defined attribute, from its authoritative source alone (R5)."""
    told = _told(people)
    for name, source_name in statements.rows(_DEFINITIONS, [open_workspace_id(), AttributeCategory.SUBJECT.value]):
        source_id, source = sources.named(source_name)
        for user_id, person in people.items():
            fact = told.get((user_id, source_id, name)) if source_id else None
            value, until = _judged(fact, source, user_id, now)
            if value is not None:
                person.facts[name] = value
            person.known_until(until)


def _judged(
    fact: tuple[object, datetime | None] | None, source: _Source, user_id: UUID, now: datetime
) -> tuple[object, datetime | None]:
    """The value of one fact, `Unknown`, or None for absent; and until when that is so.

    A fresh source is believed in what it does not say, and in when what it said would end; a stale one in nothing.
    """
    if user_id not in source.synced:
        return Unknown.NEVER_SYNCED, None
    fresh_until = source.fresh_until(user_id)
    if fresh_until is not None and fresh_until <= now:
        return Unknown.STALE_SOURCE, None
    if fact is None:
        return None, fresh_until
    value, expires_at = fact
    if expires_at is not None and expires_at <= now:
        return None, fresh_until
    if isinstance(value, SealError):
        return Unknown.UNAVAILABLE, fresh_until
    return value, min((end for end in (fresh_until, expires_at) if end), default=None)


def _told(people: Mapping[UUID, _Person]) -> dict[tuple[UUID, UUID, str], tuple[object, datetime | None]]:
    """Every stored fact of these people, opened, in one query: by (user, source, attribute)."""
    rows = _rows(_FACTS, people)
    values = sealing.open_values(
        [(sealing.fact_place(workspace, user, fact), value) for workspace, user, _, _, fact, value, _ in rows]
    )
    return {
        (user, source, attribute): (value, expires)
        for (_, user, source, attribute, _, _, expires), value in zip(rows, values, strict=True)
    }


def _add_groups(people: Mapping[UUID, _Person]) -> None:
    """The names of the groups that each person is in, whichever source says so, as the attribute `group`."""
    groups: dict[UUID, Group] = {}
    for user_id, group_id, workspace_id, name, revision in _rows(_GROUPS, people):
        groups[group_id] = Group(id=group_id, workspace_id=workspace_id, name=name, name_revision=revision)
        people[user_id].groups.add(group_id)
    names = sealing.open_group_names(list(groups.values())) if groups else {}
    for person in people.values():
        if person.groups:
            known = person.groups <= names.keys()
            person.facts["group"] = [names[group] for group in person.groups] if known else Unknown.UNAVAILABLE
        else:
            person.facts.pop("group", None)


def _environment(
    actor: Actor, session: Session | None, sources: _Sources, now: datetime
) -> tuple[dict[str, object], list[datetime]]:
    """The circumstances that a condition may read, and when the first of them goes stale."""
    facts: dict[str, object] = {"time": now, "subject_kind": actor.subject.kind.value}
    if actor.environment.address:
        facts |= {"address": actor.environment.address, "network": _network(actor.environment.address)}
    methods = session.methods if session else actor.environment.methods
    if methods:
        facts["mfa_methods"] = list(methods)
    confirmed = session.step_up_at if session else actor.environment.step_up_at
    if confirmed is not None:
        facts["step_up_age"] = max(0, int((now - confirmed).total_seconds()))
    device = session.device if session and session.device and session.device.removed_at is None else None
    if device is None:
        return facts, []
    facts["device_id"] = str(device.id)
    until = device.posture_at + sources.posture if device.posture_at and sources.posture else None
    if device.compliant is None or device.posture_at is None:
        facts["device_compliant"] = Unknown.NEVER_SYNCED
    elif until is not None and until <= now:
        facts["device_compliant"] = Unknown.STALE_SOURCE
    else:
        facts["device_compliant"] = device.compliant
        return facts, [until] if until else []
    return facts, []


def _network(address: str) -> str:
    """The kind of network that the peer speaks from."""
    where = ip_address(address)
    if where.is_loopback:
        return "loopback"
    return "private" if where.is_private else "public"


_GRANTS = """
select k.user_id, k.room_id, p.codename
  from unnest(%(users)s::uuid[], %(rooms)s::uuid[]) as k (user_id, room_id)
  join accounts_usergrant g on g.user_id = k.user_id and g.object_pk = k.room_id::text
  join auth_permission p on p.id = g.permission_id
  join django_content_type t on t.id = g.content_type_id and t.app_label = 'rooms' and t.model = 'room'
union all
select k.user_id, k.room_id, p.codename
  from unnest(%(users)s::uuid[], %(rooms)s::uuid[]) as k (user_id, room_id)
  join accounts_groupmembership m on m.user_id = k.user_id
  join accounts_groupgrant g on g.group_id = m.group_id and g.object_pk = k.room_id::text
  join auth_permission p on p.id = g.permission_id
  join django_content_type t on t.id = g.content_type_id and t.app_label = 'rooms' and t.model = 'room'
"""
_GRANTED = """
select user_id from accounts_usergrant where object_pk = %(room)s
union
select m.user_id from accounts_groupgrant g join accounts_groupmembership m on m.group_id = g.group_id
 where g.object_pk = %(room)s
"""
_HIGHEST_FIRST = (RoomRole.OWNER, RoomRole.MODERATOR, RoomRole.MEMBER, RoomRole.READER)
GRANT_PREFIX = "stand_as_"


def room_grants(pairs: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], RoomRole]:
    """The highest role that grants on a room give, by (user, room); those to groups count for their members (AD-6)."""
    best: dict[tuple[UUID, UUID], RoomRole] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRANTS, {"users": [user for user, _ in pairs], "rooms": [room for _, room in pairs]})
        for user_id, room_id, codename in cursor:
            role = RoomRole(codename.removeprefix(GRANT_PREFIX))
            held = best.get((user_id, room_id), role)
            best[user_id, room_id] = min(held, role, key=_HIGHEST_FIRST.index)
    return best


def granted_in(room_id: UUID) -> set[UUID]:
    """To whom a grant on this room gives any role there."""
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED, {"room": str(room_id)})
        return {user_id for (user_id,) in cursor}
