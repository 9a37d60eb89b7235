"""Who may do what: each Action by each kind of person, written down once more than in the code (pretix's table).

`+` permitted, `-` refused, `h` refused as if there were no such thing (R11). The rooms' actions are asked about the
private room `titan`; what one may only do to one's own thing is asked about a thing of the one with the right role.
"""

from collections.abc import Mapping

from accounts.actions import assign_role, revoke_session
from accounts.models import Role
from policy.catalogue import Action, RoomRole
from policy.types import Question, Resource
from tenancy.actor import Actor, anonymous_actor
from tests.world import CLEARED, World

PERSONAS = ("anonymous", "outsider", "member", "wrong_role", "right_role", "stale_session", "system")
"""outsider: an account, but not in the room. wrong_role: audits, and may read the room. right_role: owns both."""

MATRIX: Mapping[Action, str] = {
    Action.WORKSPACE_CREATE: "------+",
    Action.WORKSPACE_VIEW: "-++++--",
    Action.WORKSPACE_UPDATE: "----+-+",
    Action.HOSTS_SET: "------+",
    Action.ARCHIVE_IMPORT: "----+-+",
    Action.SESSION_START: "+++++--",
    Action.SESSION_END: "----+--",
    Action.SESSION_LIST: "----+-+",
    Action.SESSION_REVOKE: "----+-+",
    Action.SESSION_SWEEP: "------+",
    Action.SESSION_STEP_UP: "----+--",
    Action.TICKET_ISSUE: "-++++--",
    Action.TICKET_USE: "+++++--",
    Action.LINK_ISSUE: "------+",
    Action.LINK_USE: "+++++--",
    Action.USER_VIEW: "-++++--",
    Action.USER_CREATE: "----+-+",
    Action.USER_UPDATE: "----+-+",
    Action.USER_DEACTIVATE: "----+-+",
    Action.USER_REACTIVATE: "----+-+",
    Action.USER_UNLOCK: "----+-+",
    Action.LOCKOUT_SWEEP: "------+",
    Action.VIOLATION_NOTE: "+++++-+",
    Action.PASSWORD_SET: "----+-+",
    Action.PROFILE_UPDATE: "----+--",
    Action.FACTS_SET: "----+-+",
    Action.FACTS_VIEW: "----+-+",
    Action.FACTS_SWEEP: "------+",
    Action.SOURCE_SET: "----+-+",
    Action.ROLE_VIEW: "---++-+",
    Action.ROLE_CREATE: "----+-+",
    Action.ROLE_UPDATE: "----+-+",
    Action.ROLE_DELETE: "----+-+",
    Action.ROLE_ASSIGN: "----+-+",
    Action.ROLE_UNASSIGN: "----+-+",
    Action.GROUP_VIEW: "-++++--",
    Action.GROUP_CREATE: "----+-+",
    Action.GROUP_UPDATE: "----+-+",
    Action.GROUP_DELETE: "----+-+",
    Action.GROUP_MEMBER_ADD: "----+-+",
    Action.GROUP_MEMBER_REMOVE: "----+-+",
    Action.GRANT_GIVE: "----+-+",
    Action.GRANT_TAKE: "----+-+",
    Action.DEVICE_REGISTER: "-++++--",
    Action.DEVICE_UPDATE: "----+-+",
    Action.ROOM_CREATE: "-++++-+",
    Action.DIRECT_OPEN: "-++++--",
    Action.ROOM_DISCOVER: "hh+++--",
    Action.ROOM_UPDATE: "hh--+--",
    Action.ROOM_ARCHIVE: "hh--+--",
    Action.ROOM_UNARCHIVE: "hh--+--",
    Action.ROOM_MANAGE: "hh--+-+",
    Action.REQUIREMENT_SET: "hh--+-+",
    Action.MEMBER_HOLD: "h-+++--",
    Action.MEMBER_KEEP: "h-+++--",
    Action.MEMBER_JOIN: "hh+++--",
    Action.MEMBER_ADD: "hh--+-+",
    Action.MEMBER_LEAVE: "hh+++--",
    Action.MEMBER_REMOVE: "hh--+-+",
    Action.MEMBER_SET_ROLE: "hh--+--",
    Action.MEMBERS_LIST: "hh+++--",
    Action.MEMBERS_RECONCILE: "hh----+",
    Action.MESSAGE_READ: "hh+++--",
    Action.MESSAGE_POST: "hh+-+--",
    Action.MESSAGE_DELIVER: "hh+++--",
    Action.MESSAGE_EDIT: "hh--+--",
    Action.MESSAGE_DELETE: "hh--+--",
    Action.MESSAGE_REACT: "hh+-+--",
    Action.MESSAGE_HISTORY: "hh+++--",
    Action.MENTION_ROOM: "hh+-+--",
    Action.READ_MARK_SET: "hh+++--",
    Action.TYPING_SEND: "hh+-+--",
    Action.ROOM_KEEP: "hh+++--",
    Action.POLICY_VIEW: "---++-+",
    Action.POLICY_DRAFT: "----+-+",
    Action.POLICY_SUBMIT: "----+-+",
    Action.POLICY_RETURN: "----+-+",
    Action.POLICY_APPROVE: "----+-+",
    Action.POLICY_ACTIVATE: "----+-+",
    Action.POLICY_ROLL_BACK: "----+-+",
    Action.ATTRIBUTE_DEFINE: "----+-+",
    Action.DECISIONS_VIEW: "---++-+",
    Action.ACCESS_EXPLAIN: "---++-+",
    Action.AUDIT_VIEW: "---++-+",
    Action.AUDIT_VERIFY: "---++-+",
    Action.AUDIT_EXPORT: "---++-+",
    Action.AUDIT_REVEAL: "---++-+",
    Action.KEY_VIEW: "----+-+",
    Action.KEY_WORKSPACE_CREATE: "------+",
    Action.KEY_ROOM_CREATE: "-++++-+",
    Action.KEY_USER_CREATE: "----+-+",
    Action.KEY_ROOM_ROTATE: "----+-+",
    Action.KEY_ROOM_ROTATE_DUE: "------+",
    Action.KEY_TENANT_ROTATE: "----+-+",
    Action.KEY_TENANT_REWRAP: "----+-+",
    Action.KEY_ROOM_SHRED: "----+-+",
    Action.KEY_USER_SHRED: "----+-+",
    Action.CONSOLE_ENTER: "---++-+",
}
NOT_OF_A_ROOM = frozenset({Action.ROOM_CREATE, Action.DIRECT_OPEN})


def personas(world: World) -> dict[str, Actor]:
    """One actor of each kind."""
    walt = world.person("walt", CLEARED)
    with world.inside():
        auditor = Role.objects.get(system="auditor").id
    assign_role(world.system, role_id=auditor, user_id=walt.id)
    world.joins("walt", "titan", role=RoomRole.READER)
    stale, _token = world.sign_in("ada")
    revoke_session(world.system, session_id=stale.environment.session_id)
    people = (
        anonymous_actor(world.id, address="127.0.0.1"),
        world.actor("eve"),
        world.actor("grace"),
        world.actor("walt"),
        world.actor("ada"),
        stale,
        world.system,
    )
    return dict(zip(PERSONAS, people, strict=True))


def question(world: World, action: Action, actor: Actor) -> Question:
    """The Action, asked about a thing of ada's: in titan if it is an action of rooms."""
    owner_id = world.people["ada"].id
    if action.value.startswith("room:") and action not in NOT_OF_A_ROOM:
        titan = world.rooms["titan"].id
        return Question(actor, action, Resource("room", titan, titan, {"owner_id": owner_id}))
    return Question(actor, action, Resource("thing", owner_id, properties={"owner_id": owner_id}))
