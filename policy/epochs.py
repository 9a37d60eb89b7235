"""Epochs: counters that void every older answer about a subject, a room, a session or the policy set (R16).

Whoever commits on the strength of a decision locks the epochs it rests on FOR SHARE, in one order; whoever
revokes bumps
them FOR UPDATE. So no commit can slip between a revocation and its acknowledgement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from policy.models import Epoch, EpochKind
from policy.types import Decision, Question
from tenancy import statements
from tenancy.actor import SubjectKind

Key = tuple[EpochKind, UUID]


def begin(workspace_id: UUID, kind: EpochKind, key: UUID) -> None:
    """Give a newborn subject, room, session or workspace its counter; without one nothing about it can be decided."""
    Epoch.objects.create(workspace_id=workspace_id, kind=kind, key=key)


def bump(workspace_id: UUID, kind: EpochKind, keys: Sequence[UUID]) -> dict[UUID, int]:
    """Void every answer that rests on these keys, and wait for those that are being used right now.

    The answer is the new values.
    """
    locked = claim(workspace_id, kind, keys)
    Epoch.objects.filter(id__in=[row.id for row in locked]).update(value=F("value") + 1, changed_at=Now())
    return {row.key: row.value + 1 for row in locked}


def claim(workspace_id: UUID, kind: EpochKind, keys: Sequence[UUID]) -> list[Epoch]:
    """Wait for those who use answers about these keys right now, and let nobody new begin.

    Whoever is going to bump an epoch claims it before locking a row that its users write, as a post writes the room's
    counter: the other way round each would wait for the other.
    """
    rows = Epoch.objects.filter(workspace_id=workspace_id, kind=kind, key__in=keys).order_by("key")
    return list(rows.select_for_update())


_SHARE = """
select e.kind, e.key, e.value from policy_epoch e
  join unnest(%b::text[], %b::uuid[]) as wanted (kind, key) on e.kind = wanted.kind and e.key = wanted.key
 order by e.kind, e.key for share of e
"""
_READ = _SHARE.replace(" for share of e", "")


def hold(keys: Iterable[Key]) -> dict[Key, int]:
    """The current values, locked until the transaction ends: what was decided on them stays true until the commit."""
    return _values(_SHARE, keys)


def current(keys: Iterable[Key]) -> dict[Key, int]:
    """The current values, without a lock: for reads, whose answers are judged again on their way out."""
    return _values(_READ, keys)


def _values(statement: str, keys: Iterable[Key]) -> dict[Key, int]:
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    values = [[kind.value for kind, _ in wanted], [key for _, key in wanted]]
    return {(EpochKind(kind), key): value for kind, key, value in statements.rows(statement, values)}


def changed_since(seconds: float) -> dict[Key, int]:
    """What was bumped lately in this workspace: the net under a lost doorbell."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, key, value from policy_epoch"
            " where changed_at > clock_timestamp() - make_interval(secs => %s) and value > 1",
            [seconds],
        )
        return {(EpochKind(kind), key): value for kind, key, value in cursor.fetchall()}


def keys_of(question: Question) -> list[Key]:
    """What an answer to this question rests on: the subject, its session, the room, and the policy set."""
    actor, room_id = question.actor, question.resource.room_id
    keys = [(EpochKind.POLICY, actor.workspace_id)]
    if actor.subject.kind in (SubjectKind.USER, SubjectKind.SERVICE):
        keys.append((EpochKind.SUBJECT, actor.id))
    if actor.environment.session_id is not None:
        keys.append((EpochKind.SESSION, actor.environment.session_id))
    if room_id is not None:
        keys.append((EpochKind.ROOM, room_id))
    return keys


def stamped(decision: Decision, values: dict[Key, int]) -> Decision:
    """The decision with the epochs that it rests on; it is void as soon as one of them has moved."""
    keys = keys_of(decision.question)
    return replace(decision, epochs=tuple((f"{kind}:{key}", values.get((kind, key), 0)) for kind, key in keys))
