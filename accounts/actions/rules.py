"""Rules that only the running action can check: nobody lifts themselves up, and every workspace keeps an owner."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import flags_of, own_session
from accounts.models import Role, RoleAssignment, UserState
from accounts.roles import SystemRole
from accounts.sessions import FRESH_PROOF
from policy import pep
from policy.catalogue import Action, Flag, with_implied
from policy.types import Reason, Resource
from tenancy.actor import Actor, SubjectKind
from tenancy.errors import Conflict


def powers_beyond(actor: Actor, flags: Iterable[str]) -> frozenset[Flag]:
    """Of these flags and what they imply, those that the actor does not hold."""
    if actor.subject.kind is SubjectKind.SYSTEM:
        return frozenset()
    return with_implied(frozenset(Flag(flag) for flag in flags)) - flags_of(actor)


def refuse_escalation(actor: Actor, action: Action, resource: Resource, flags: Iterable[str]) -> None:
    """Nobody gives away, or takes from others, a power that they do not hold themselves."""
    beyond = powers_beyond(actor, flags)
    if beyond:
        pep.refuse(actor, action, resource, Reason("beyond_own_powers", (("flags", ", ".join(sorted(beyond))),)))


def is_outranked(actor: Actor, user_id: UUID) -> bool:
    """Whether somebody else holds a power that the actor does not."""
    return actor.id != user_id and bool(powers_beyond(actor, flags_held(user_id)))


def refuse_outranked(actor: Actor, action: Action, user_id: UUID) -> None:
    """Who manages users does not take over the account of somebody more powerful."""
    if actor.id != user_id:
        refuse_escalation(actor, action, Resource("user", user_id), flags_held(user_id))


def refuse_self(actor: Actor, action: Action, resource: Resource, about: Collection[UUID]) -> None:
    """Nobody decides what policy will read about themselves, alone or among others."""
    if actor.id in about:
        pep.refuse(actor, action, resource, Reason("about_oneself"))


def refuse_stale_proof(actor: Actor, action: Action, resource: Resource) -> None:
    """Who changes their own credentials has just shown who they are (ASVS 5.0 §7.5.1)."""
    session = own_session(actor)
    proofs = [session.authenticated_at, session.step_up_at] if session else []
    latest = max((proof for proof in proofs if proof), default=None)
    if latest is None or timezone.now() - latest > FRESH_PROOF:
        seconds = str(int(FRESH_PROOF.total_seconds()))
        pep.refuse(actor, action, resource, Reason("step_up_required", (("max_age", seconds),)))


def flags_held(user_id: UUID) -> set[str]:
    held = RoleAssignment.objects.filter(user_id=user_id).values_list("role__flags", flat=True)
    return {flag for flags in held for flag in flags}


def refuse_last_owner(user_id: UUID) -> None:
    """Somebody active must own the workspace. Locks the owner role, so that two owners cannot leave at once."""
    owner = Role.objects.select_for_update(no_key=True).get(system=SystemRole.OWNER)
    active = RoleAssignment.objects.filter(role=owner, user__state=UserState.ACTIVE)
    holders = set(active.values_list("user_id", flat=True))
    if holders == {user_id}:
        raise Conflict(
            _("This is the last active owner of the workspace."),
            field="user",
            remedy=_("Make somebody else an owner first."),
        )


def refuse_locked(role: Role) -> None:
    if role.locked:
        raise Conflict(
            _("System roles cannot be changed."),
            field="role",
            remedy=_("Create a role of your own with the flags you need."),
        )
