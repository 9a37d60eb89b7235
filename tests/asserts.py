"""What a test proves about a refusal, a record, a sealed value and a secret: one assertion for each."""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection

from audit.events import Event
from audit.kinds import Store
from audit.log import Target
from audit.models import AuditEvent
from keys.format import OVERHEAD
from policy.catalogue import Action
from policy.types import AccessDenied, Decision, Effect
from tenancy.actor import Actor
from tenancy.scoping import within

if TYPE_CHECKING:
    from tests.world import World

_TABLES = """
select relname from pg_class
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relrowsecurity
   and relname !~ '^audit_' and has_table_privilege('cordon_app', oid, 'select') order by relname
"""
_COUNTERS = "'{uses,last_used_at}'::text[]"
"""Columns that move whenever somebody is there, refused or not."""


def state_of(workspace_id: UUID) -> dict[str, str]:
    """A digest of every row that a workspace has, table by table; its records are no part of it."""
    with within(workspace_id), connection.cursor() as cursor:
        cursor.execute(_TABLES)
        digest = f"md5(coalesce(string_agg(md5((to_jsonb(t) - {_COUNTERS})::text), '' order by t::text), ''))"
        each = [f"select '{name}', {digest} from {name} t" for (name,) in cursor.fetchall()]  # noqa: S608 - catalogue
        cursor.execute(" union all ".join(each))
        return dict(cursor.fetchall())


@contextmanager
def unchanged(*worlds: "World") -> Iterator[None]:
    """The block leaves every row of these workspaces as it was."""
    before = [state_of(world.id) for world in worlds]
    yield
    after = [state_of(world.id) for world in worlds]
    changed = [name for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]]
    assert not changed, f"rows of {', '.join(changed)} have changed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One audit entry, as its sealed bytes say it."""

    id: UUID
    kind: str
    store: str
    outcome: str
    actor_id: UUID
    target_type: str
    target_id: UUID | None
    room_id: UUID | None
    env: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return self.env.get("data", {})

    @property
    def why(self) -> list[str]:
        return self.env.get("why", [])


def recorded(world: "World", kind: str | None = None, *, store: Store | None = None) -> list[Entry]:
    """What the log of a workspace says, the oldest first: everything, one kind of event, or one Action."""
    with within(world.id):
        rows = AuditEvent.objects.order_by("at", "id")
        rows = rows.filter(kind=str(kind)) if kind is not None else rows
        rows = rows.filter(store=store) if store is not None else rows
        return [_entry(row) for row in rows]


def _entry(row: AuditEvent) -> Entry:
    env = json.loads(bytes(row.env))
    return Entry(
        row.id, row.kind, row.store, row.outcome, row.actor_id, row.target_type, row.target_id, row.room_id, env
    )


def decided(world: "World", action: Action, effect: Effect | None = None) -> list[Entry]:
    """The records of decisions on an Action."""
    return [one for one in recorded(world, action, store=Store.DECISION) if effect in (None, one.outcome)]


def assert_audited(
    world: "World",
    event: Event,
    actor: Actor | None = None,
    target: Target | UUID | None = None,
    *,
    outcome: str = "success",
    **data: object,
) -> Entry:
    """The event stands in each of its stores, as this actor's doing, about this target; gives the latest entry."""
    target_id = target.id if isinstance(target, Target) else target
    found = [
        one
        for one in recorded(world, event)
        if one.outcome == outcome
        and (actor is None or one.actor_id == actor.id)
        and (target_id is None or target_id in (one.target_id, one.room_id))
        and all(one.data.get(name) == _plain(value) for name, value in data.items())
    ]
    assert found, f"nothing was recorded as {event} ({outcome}); there is {[one.env for one in recorded(world, event)]}"
    assert {one.store for one in found} == {str(store) for store in event.kind.stores}
    return found[-1]


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value


class Refused:
    """What a refused block came to."""

    decision: Decision
    code: str


@contextmanager
def assert_denied(
    world: "World",
    action: Action,
    *,
    code: str = "denied",
    reason: str = "",
    event: Event = Event.ACCESS_DENIED,
    nothing_changed: Collection["World"] | None = None,
) -> Iterator[Refused]:
    """The block is refused: the error, no effect in any workspace, the decision and the event on record."""
    worlds = [world] if nothing_changed is None else list(nothing_changed)
    before, lines = [state_of(one.id) for one in worlds], {one.id for one in recorded(world)}
    refused = Refused()
    with pytest.raises(AccessDenied) as caught:
        yield refused
    refused.decision, refused.code = caught.value.decision, caught.value.code

    assert refused.code == code, refused.decision.reasons
    assert refused.decision.question.action is action
    assert [state_of(one.id) for one in worlds] == before
    assert_refusal_recorded(world, action, event=event, since=lines, reason=reason)


def assert_refusal_recorded(
    world: "World", action: Action, *, since: Collection[UUID], event: Event = Event.ACCESS_DENIED, reason: str = ""
) -> None:
    """A refusal is on record twice: as a decision, and as what happened."""
    fresh = [one for one in recorded(world) if one.id not in since]
    decisions = [one for one in fresh if one.store == Store.DECISION and one.kind == action and one.outcome != "permit"]
    events = [one for one in fresh if one.kind == event and one.outcome in ("refused", "unknown")]
    assert decisions, f"no decision on {action} was recorded: {[(one.kind, one.outcome) for one in fresh]}"
    assert {str(one.id) for one in decisions} & {one.data.get("decision_id") for one in events}, events
    assert not reason or reason in decisions[-1].why, decisions[-1].why


@contextmanager
def assert_refused(world: "World", error: type[Exception], *, field: str | None = None) -> Iterator[None]:
    """The block breaks a rule of the domain: the error names its field, and nothing has changed or is said to have."""
    before, events = state_of(world.id), _events(world)
    with pytest.raises(error) as caught:
        yield
    assert field is None or caught.value.field == field
    assert state_of(world.id) == before
    assert _events(world) == events


def _events(world: "World") -> set[UUID]:
    """What is said to have happened; refusals are beside the point."""
    return {one.id for one in recorded(world) if one.store != Store.DECISION and one.outcome == "success"}


def assert_sealed(sealed: bytes | memoryview | None, text: str, opened: Callable[[], str]) -> None:
    """The value is ciphertext of this text: nothing of it shows, it is longer by the overhead, and it opens again."""
    assert sealed is not None
    assert text.encode() not in bytes(sealed)
    assert len(bytes(sealed)) >= len(text.encode()) + OVERHEAD
    assert opened() == text
