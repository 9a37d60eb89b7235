"""Who is in a room, and how they got there. Nobody gets in without meeting what guards it (PO-9, PO-10)."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.access import active_user_ids
from audit.events import Event
from audit.log import Target, record
from policy import pep
from policy.catalogue import Action, RoomRole
from policy.models import EpochKind
from policy.signals import announce_access_change
from policy.types import AccessDenied, Question, Reason
from rooms import news
from rooms.access import access_room, room_resource
from rooms.models import Membership, MembershipState, Room, RoomKind
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.errors import Conflict, Invalid, NotFound


@pep.performs(Action.MEMBER_ADD)
def add_member(
    actor: Actor, *, room_id: UUID, user_id: UUID, role: RoomRole = RoomRole.MEMBER, source: str = "manual"
) -> Membership:
    """Take somebody in, if that person meets what the room requires; an owner's wish does not replace it (PO-10)."""
    room = access_room(actor, room_id, Action.MEMBER_ADD)

    _refuse_closed_company(room)
    _refuse_self_service(actor, room, user_id)
    if user_id not in active_user_ids([user_id]):
        raise NotFound(_("There is no active account for this person."), field="user")

    return admit(actor, room=room, user_id=user_id, role=role, source=source)


@pep.performs(Action.MEMBER_JOIN)
def join_room(actor: Actor, *, room_id: UUID) -> Membership:
    """Enter a public room by oneself."""
    room = access_room(actor, room_id, Action.MEMBER_JOIN)

    if room.kind != RoomKind.PUBLIC:
        raise NotFound(_("This room does not exist or is not yours to see."), field="room")

    return admit(actor, room=room, user_id=actor.id, role=RoomRole.MEMBER, source="manual")


def admit(actor: Actor, *, room: Room, user_id: UUID, role: RoomRole, source: str) -> Membership:
    """Give a person a standing membership after add-time validation; part of the running action. It voids no lease:
    only permits are kept, and this takes none away.

    Raises AccessDenied when the person does not meet the room's requirement or when nobody can tell (PO-9).
    """
    question = Question(candidate(actor, user_id), Action.MEMBER_HOLD, room_resource(room.id), asker=actor)
    decision = pep.decide_many([question])[0]
    if not decision.permits:
        raise AccessDenied(decision)

    membership = _stand(room, user_id, role, source)
    record(
        Event.MEMBER_ADDED,
        actor,
        target=Target("room", room.id, room.id),
        user_id=user_id,
        role=membership.role,
        source=source,
        decision_id=decision.id,
    )
    tell_member(room, user_id, "joined", "person")
    return membership


def candidate(actor: Actor, user_id: UUID) -> Actor:
    """The person whose membership is judged: outside any session, for the one who asks."""
    environment = Environment(request_id=actor.environment.request_id, cause=f"asked_by:{actor.id}")
    return Actor(actor.workspace_id, Subject(user_id, SubjectKind.USER), environment)


def _stand(room: Room, user_id: UUID, role: RoomRole, source: str) -> Membership:
    membership, is_new = Membership.objects.select_for_update(no_key=True).get_or_create(
        room=room,
        user_id=user_id,
        defaults={"workspace_id": room.workspace_id, "role": role, "sources": [source]},
    )
    if is_new:
        return membership
    if membership.state == MembershipState.ACTIVE and source in membership.sources:
        raise Conflict(_("This person is already in the room."), field="user")
    if membership.state == MembershipState.REMOVED:
        membership.role = role
        membership.sources = []
    membership.state = MembershipState.ACTIVE
    membership.suspended_at = None
    membership.sources = sorted({*membership.sources, source})
    membership.save(update_fields=["role", "state", "suspended_at", "sources", "changed_at"])
    return membership


def _refuse_self_service(actor: Actor, room: Room, user_id: UUID) -> None:
    """The power to add people is no key to rooms that one is not in: somebody else has to open."""
    if user_id == actor.id and room.kind != RoomKind.PUBLIC:
        pep.refuse(actor, Action.MEMBER_ADD, room_resource(room.id), Reason("about_oneself"))


def _refuse_closed_company(room: Room) -> None:
    if room.kind in (RoomKind.DIRECT, RoomKind.GROUP):
        raise Invalid(
            _("The people of a direct conversation are fixed."),
            field="room",
            remedy=_("Start a new conversation with everybody you want in it."),
        )


@pep.performs(Action.MEMBER_LEAVE)
def leave_room(actor: Actor, *, room_id: UUID) -> None:
    """Leave a room; the last owner of a room stays."""
    room = access_room(actor, room_id, Action.MEMBER_LEAVE)

    _refuse_closed_company(room)
    _refuse_last_owner(room, actor.id)

    _remove(room, actor.id)

    record(Event.MEMBER_LEFT, actor, target=Target("room", room.id, room.id), user_id=actor.id)
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[actor.id], reason="room:member:left")
    tell_member(room, actor.id, "left", "person")


@pep.performs(Action.MEMBER_REMOVE)
def remove_member(actor: Actor, *, room_id: UUID, user_id: UUID) -> None:
    """Put somebody out of a room by a person's decision."""
    room = access_room(actor, room_id, Action.MEMBER_REMOVE)

    _refuse_closed_company(room)
    _refuse_last_owner(room, user_id)

    _remove(room, user_id)

    record(Event.MEMBER_REMOVED, actor, target=Target("room", room.id, room.id), user_id=user_id, source="manual")
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[user_id], reason="room:member:removed")
    tell_member(room, user_id, "left", "person")


def _remove(room: Room, user_id: UUID) -> None:
    held = Membership.objects.filter(room=room, user_id=user_id).exclude(state=MembershipState.REMOVED)
    if not held.update(state=MembershipState.REMOVED, sources=[]):
        raise NotFound(_("This person is not in the room."), field="user")


def _refuse_last_owner(room: Room, user_id: UUID) -> None:
    owners = set(
        Membership.objects.select_for_update(no_key=True)
        .filter(room=room, role=RoomRole.OWNER)
        .exclude(state=MembershipState.REMOVED)
        .values_list("user_id", flat=True)
    )
    if owners == {user_id}:
        raise Conflict(
            _("A room keeps at least one owner."),
            field="user",
            remedy=_("Make somebody else an owner first, or archive the room."),
        )


@pep.performs(Action.MEMBER_SET_ROLE)
def set_member_role(actor: Actor, *, room_id: UUID, user_id: UUID, role: RoomRole) -> Membership:
    """Change what somebody may do in a room."""
    room = access_room(actor, room_id, Action.MEMBER_SET_ROLE)

    membership = Membership.objects.filter(room=room, user_id=user_id, state=MembershipState.ACTIVE).first()
    if membership is None:
        raise NotFound(_("This person is not in the room."), field="user")
    if role != RoomRole.OWNER:
        _refuse_last_owner(room, user_id)

    membership.role = role
    membership.save(update_fields=["role", "changed_at"])

    record(Event.MEMBER_ROLE_CHANGED, actor, target=Target("room", room.id, room.id), user_id=user_id, role=role)
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[user_id], reason="room:member:role_changed")
    tell_member(room, user_id, "role", "person")
    return membership


def tell_member(room: Room, user_id: UUID, change: str, by: str) -> None:
    """Let the room, and the person's own clients, hear of it."""
    news.tell(
        news.MemberChanged(workspace_id=room.workspace_id, room_id=room.id, user_id=user_id, change=change, by=by)
    )
