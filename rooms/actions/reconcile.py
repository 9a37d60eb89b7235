"""Continuous validation: every standing membership is put to the decision point again, and only a deny takes
it away (PO-8).

A deny suspends at once and removes after the grace; an answer that cannot be had changes no row (R7, R9).
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action
from policy.models import EpochKind
from policy.signals import announce_access_change
from policy.types import Decision, Question, Resource
from rooms import news
from rooms.access import room_resource
from rooms.actions.members import candidate
from rooms.models import Membership, MembershipState
from tenancy.actor import Actor
from tenancy.models import Workspace


@pep.performs(Action.MEMBERS_RECONCILE)
def reconcile_memberships(actor: Actor, *, membership_ids: Sequence[UUID]) -> int:
    """Judge these memberships anew: suspend what is denied, restore what is permitted again, remove what was
    denied too long.

    Gives the number of memberships that changed.
    """
    pep.enforce(actor, Action.MEMBERS_RECONCILE, Resource("workspace", actor.workspace_id))

    grace = timedelta(minutes=Workspace.objects.get(id=actor.workspace_id).removal_grace_minutes)
    held = _locked(membership_ids)
    decisions = _judged(actor, held)
    changed = [one for one in held if _settle(actor, one, decisions[one.id], grace)]
    if not changed:
        raise pep.NothingChanged(0)

    announce_access_change(
        actor, kind=EpochKind.SUBJECT, keys=[one.user_id for one in changed], reason="room:member:reconciled"
    )
    return len(changed)


def _locked(membership_ids: Sequence[UUID]) -> list[Membership]:
    held = Membership.objects.filter(id__in=list(membership_ids)).exclude(state=MembershipState.REMOVED)
    return list(held.order_by("id").select_for_update(no_key=True))


def _judged(actor: Actor, held: Sequence[Membership]) -> dict[UUID, Decision]:
    questions = [
        Question(candidate(actor, one.user_id), Action.MEMBER_KEEP, room_resource(one.room_id), asker=actor)
        for one in held
    ]
    return dict(zip([one.id for one in held], pep.decide_many(questions), strict=True))


def _settle(actor: Actor, membership: Membership, decision: Decision, grace: timedelta) -> bool:
    if decision.permits:
        return membership.state == MembershipState.SUSPENDED and _restore(actor, membership, decision)
    if not decision.removes:
        return False
    if membership.state == MembershipState.ACTIVE and grace:
        return _suspend(actor, membership, decision, grace)
    suspended_at = membership.suspended_at or timezone.now()
    if timezone.now() - suspended_at >= grace:
        return _remove(actor, membership, decision)
    return False


def _restore(actor: Actor, membership: Membership, decision: Decision) -> bool:
    _put(membership, MembershipState.ACTIVE)
    record(
        Event.MEMBER_RESTORED, actor, target=_target(membership), user_id=membership.user_id, decision_id=decision.id
    )
    _tell(membership, "returned")
    return True


def _suspend(actor: Actor, membership: Membership, decision: Decision, grace: timedelta) -> bool:
    _put(membership, MembershipState.SUSPENDED)
    record(
        Event.MEMBER_SUSPENDED,
        actor,
        target=_target(membership),
        user_id=membership.user_id,
        until=timezone.now() + grace,
        decision_id=decision.id,
    )
    _tell(membership, "revoked")
    return True


def _remove(actor: Actor, membership: Membership, decision: Decision) -> bool:
    was_active = membership.state == MembershipState.ACTIVE
    _put(membership, MembershipState.REMOVED)
    record(
        Event.MEMBER_REMOVED,
        actor,
        target=_target(membership),
        user_id=membership.user_id,
        source="policy",
        decision_id=decision.id,
    )
    if was_active:
        _tell(membership, "revoked")
    return True


def _put(membership: Membership, state: MembershipState) -> None:
    membership.state = state
    membership.suspended_at = timezone.now() if state == MembershipState.SUSPENDED else None
    membership.save(update_fields=["state", "suspended_at", "changed_at"])


def _target(membership: Membership) -> Target:
    return Target("room", membership.room_id, membership.room_id)


def _tell(membership: Membership, change: str) -> None:
    news.tell(
        news.MemberChanged(
            workspace_id=membership.workspace_id,
            room_id=membership.room_id,
            user_id=membership.user_id,
            change=change,
            by="policy",
        )
    )
