"""Everything that may be asked of this product, and who may even ask: the one vocabulary of powers (R4).

An `Action` is imperative, `noun:noun:verb`. A `Flag` is a permission flag of AD-2: a named set of Actions. A `Gate` is
the role half of a decision; the attribute half stands in the workspace's policy and never widens a gate.
"""

from dataclasses import dataclass
from enum import StrEnum

from tenancy.actor import SubjectKind


class Flag(StrEnum):
    """A focused power that a workspace role can carry (AD-2)."""

    VIEW_CONSOLE = "view_console"
    MANAGE_USERS = "manage_users"
    MANAGE_ROLES = "manage_roles"
    MANAGE_AUTHENTICATION = "manage_authentication"
    MANAGE_SETTINGS = "manage_settings"
    MANAGE_PRIVACY = "manage_privacy"
    MANAGE_BACKUPS = "manage_backups"
    MANAGE_ENCRYPTION = "manage_encryption"
    VIEW_AUDIT = "view_audit"
    MANAGE_WEB_CHAT = "manage_web_chat"
    VIEW_ANALYTICS = "view_analytics"
    MANAGE_UPDATES = "manage_updates"
    MANAGE_DIRECTORY = "manage_directory"
    MANAGE_STORAGE = "manage_storage"
    MANAGE_POLICY = "manage_policy"
    APPROVE_CHANGES = "approve_changes"
    PLACE_HOLDS = "place_holds"
    MANAGE_INTEGRATIONS = "manage_integrations"
    VIEW_FACTS = "view_facts"
    CREATE_ROOMS = "create_rooms"
    DELETE_ROOMS = "delete_rooms"
    ARCHIVE_ROOMS = "archive_rooms"
    EDIT_ROOMS = "edit_rooms"
    MANAGE_SUBSCRIBERS = "manage_subscribers"


class Action(StrEnum):
    """What can be done. One action function performs each."""

    WORKSPACE_CREATE = "workspace:workspace:create"
    WORKSPACE_VIEW = "workspace:workspace:view"
    WORKSPACE_UPDATE = "workspace:workspace:update"
    HOSTS_SET = "workspace:hosts:set"
    ARCHIVE_IMPORT = "workspace:archive:import"

    SESSION_START = "account:session:start"
    SESSION_END = "account:session:end"
    SESSION_LIST = "account:session:list"
    SESSION_REVOKE = "account:session:revoke"
    SESSION_SWEEP = "account:session:sweep"
    SESSION_STEP_UP = "account:session:step_up"
    TICKET_ISSUE = "account:ticket:issue"
    TICKET_USE = "account:ticket:use"
    LINK_ISSUE = "account:link:issue"
    LINK_USE = "account:link:use"
    USER_VIEW = "account:user:view"
    USER_CREATE = "account:user:create"
    USER_UPDATE = "account:user:update"
    USER_DEACTIVATE = "account:user:deactivate"
    USER_REACTIVATE = "account:user:reactivate"
    USER_UNLOCK = "account:user:unlock"
    LOCKOUT_SWEEP = "account:lockout:sweep"
    VIOLATION_NOTE = "account:violation:note"
    PASSWORD_SET = "account:password:set"  # noqa: S105 — the name of an action
    PROFILE_UPDATE = "account:profile:update"
    FACTS_SET = "account:facts:set"
    FACTS_VIEW = "account:facts:view"
    FACTS_SWEEP = "account:facts:sweep"
    SOURCE_SET = "account:source:set"
    ROLE_VIEW = "account:role:view"
    ROLE_CREATE = "account:role:create"
    ROLE_UPDATE = "account:role:update"
    ROLE_DELETE = "account:role:delete"
    ROLE_ASSIGN = "account:role:assign"
    ROLE_UNASSIGN = "account:role:unassign"
    GROUP_VIEW = "account:group:view"
    GROUP_CREATE = "account:group:create"
    GROUP_UPDATE = "account:group:update"
    GROUP_DELETE = "account:group:delete"
    GROUP_MEMBER_ADD = "account:group:add_member"
    GROUP_MEMBER_REMOVE = "account:group:remove_member"
    GRANT_GIVE = "account:grant:give"
    GRANT_TAKE = "account:grant:take"
    DEVICE_REGISTER = "account:device:register"
    DEVICE_UPDATE = "account:device:update"

    ROOM_CREATE = "room:room:create"
    DIRECT_OPEN = "room:direct:open"
    ROOM_DISCOVER = "room:room:discover"
    ROOM_UPDATE = "room:room:update"
    ROOM_ARCHIVE = "room:room:archive"
    ROOM_UNARCHIVE = "room:room:unarchive"
    ROOM_MANAGE = "room:room:manage"
    REQUIREMENT_SET = "room:requirement:set"
    MEMBER_HOLD = "room:member:hold"
    MEMBER_KEEP = "room:member:keep"
    MEMBER_JOIN = "room:member:join"
    MEMBER_ADD = "room:member:add"
    MEMBER_LEAVE = "room:member:leave"
    MEMBER_REMOVE = "room:member:remove"
    MEMBER_SET_ROLE = "room:member:set_role"
    MEMBERS_LIST = "room:member:list"
    MEMBERS_RECONCILE = "room:member:reconcile"
    MESSAGE_READ = "room:message:read"
    MESSAGE_POST = "room:message:post"
    MESSAGE_DELIVER = "room:message:deliver"
    MESSAGE_EDIT = "room:message:edit"
    MESSAGE_DELETE = "room:message:delete"
    MESSAGE_REACT = "room:message:react"
    MESSAGE_HISTORY = "room:message:history"
    MENTION_ROOM = "room:mention:room"
    READ_MARK_SET = "room:read_mark:set"
    TYPING_SEND = "room:typing:send"
    ROOM_KEEP = "room:room:keep"

    POLICY_VIEW = "policy:set:view"
    POLICY_DRAFT = "policy:set:draft"
    POLICY_SUBMIT = "policy:set:submit"
    POLICY_RETURN = "policy:set:return"
    POLICY_APPROVE = "policy:set:approve"
    POLICY_ACTIVATE = "policy:set:activate"
    POLICY_ROLL_BACK = "policy:set:roll_back"
    ATTRIBUTE_DEFINE = "policy:attribute:define"
    DECISIONS_VIEW = "policy:decision:view"
    ACCESS_EXPLAIN = "policy:access:explain"

    AUDIT_VIEW = "audit:log:view"
    AUDIT_VERIFY = "audit:log:verify"
    AUDIT_EXPORT = "audit:log:export"
    AUDIT_REVEAL = "audit:log:reveal"

    KEY_VIEW = "key:key:view"
    KEY_WORKSPACE_CREATE = "key:workspace:create"
    KEY_ROOM_CREATE = "key:room:create"
    KEY_USER_CREATE = "key:user:create"
    KEY_ROOM_ROTATE = "key:room:rotate"
    KEY_ROOM_ROTATE_DUE = "key:room:rotate_due"
    KEY_TENANT_ROTATE = "key:tenant:rotate"
    KEY_TENANT_REWRAP = "key:tenant:rewrap"
    KEY_ROOM_SHRED = "key:room:shred"
    KEY_USER_SHRED = "key:user:shred"

    CONSOLE_ENTER = "console:console:enter"


class RoomRole(StrEnum):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may even ask. Any one of the named ways opens it; none named means that only the system may."""

    flags: frozenset[Flag] = frozenset()
    room_roles: frozenset[RoomRole] = frozenset()
    own: bool = False
    everyone: bool = False
    discoverable: bool = False
    """Everyone, in a room that may be found without being in it."""
    anonymous: bool = False
    system: bool = False
    placeholders: bool = False
    """Also for those who only stand for the author of imported messages: they hold memberships and do nothing else."""
    attributes: bool = True
    """Whether the attribute gate is asked as well, when a room guards the resource."""

    def lets_in(self, kind: SubjectKind) -> bool:
        """Whether a subject of this kind needs no role at all."""
        if kind is SubjectKind.SYSTEM:
            return self.system
        if kind is SubjectKind.ANONYMOUS:
            return self.anonymous
        return self.everyone


def _flags(*flags: Flag) -> Gate:
    return Gate(flags=frozenset(flags), system=True)


def _flags_or_own(*flags: Flag) -> Gate:
    return Gate(flags=frozenset(flags), own=True, system=True)


_EVERYONE = Gate(everyone=True)
_ANYBODY = Gate(everyone=True, anonymous=True)
_HOLDERS = Gate(everyone=True, placeholders=True)
_SYSTEM = Gate(system=True)
_MEMBERS = Gate(room_roles=frozenset(RoomRole))
_WRITERS = Gate(room_roles=frozenset({RoomRole.OWNER, RoomRole.MODERATOR, RoomRole.MEMBER}))
_KEEPERS = frozenset({RoomRole.OWNER, RoomRole.MODERATOR})
_OWNERS = frozenset({RoomRole.OWNER})

GATES: dict[Action, Gate] = {
    Action.WORKSPACE_CREATE: _SYSTEM,
    Action.WORKSPACE_VIEW: _EVERYONE,
    Action.WORKSPACE_UPDATE: _flags(Flag.MANAGE_SETTINGS),
    Action.HOSTS_SET: _SYSTEM,
    Action.ARCHIVE_IMPORT: _flags(Flag.MANAGE_STORAGE),
    Action.SESSION_START: _ANYBODY,
    Action.SESSION_END: Gate(own=True),
    Action.SESSION_LIST: _flags_or_own(Flag.MANAGE_USERS),
    Action.SESSION_REVOKE: _flags_or_own(Flag.MANAGE_USERS),
    Action.SESSION_SWEEP: _SYSTEM,
    Action.SESSION_STEP_UP: Gate(own=True),
    Action.TICKET_ISSUE: _EVERYONE,
    Action.TICKET_USE: _ANYBODY,
    Action.LINK_ISSUE: _SYSTEM,
    Action.LINK_USE: _ANYBODY,
    Action.USER_VIEW: _EVERYONE,
    Action.USER_CREATE: _flags(Flag.MANAGE_USERS),
    Action.USER_UPDATE: _flags(Flag.MANAGE_USERS),
    Action.USER_DEACTIVATE: _flags(Flag.MANAGE_USERS),
    Action.USER_REACTIVATE: _flags(Flag.MANAGE_USERS),
    Action.USER_UNLOCK: _flags(Flag.MANAGE_USERS),
    Action.LOCKOUT_SWEEP: _SYSTEM,
    Action.VIOLATION_NOTE: Gate(everyone=True, anonymous=True, system=True),
    Action.PASSWORD_SET: _flags_or_own(Flag.MANAGE_USERS),
    Action.PROFILE_UPDATE: Gate(own=True),
    Action.FACTS_SET: _flags(Flag.MANAGE_USERS),
    Action.FACTS_VIEW: _flags_or_own(Flag.VIEW_FACTS),
    Action.FACTS_SWEEP: _SYSTEM,
    Action.SOURCE_SET: _flags(Flag.MANAGE_INTEGRATIONS),
    Action.ROLE_VIEW: _flags(Flag.MANAGE_ROLES, Flag.MANAGE_USERS, Flag.VIEW_AUDIT),
    Action.ROLE_CREATE: _flags(Flag.MANAGE_ROLES),
    Action.ROLE_UPDATE: _flags(Flag.MANAGE_ROLES),
    Action.ROLE_DELETE: _flags(Flag.MANAGE_ROLES),
    Action.ROLE_ASSIGN: _flags(Flag.MANAGE_ROLES),
    Action.ROLE_UNASSIGN: _flags(Flag.MANAGE_ROLES),
    Action.GROUP_VIEW: _EVERYONE,
    Action.GROUP_CREATE: _flags(Flag.MANAGE_USERS),
    Action.GROUP_UPDATE: _flags(Flag.MANAGE_USERS),
    Action.GROUP_DELETE: _flags(Flag.MANAGE_USERS),
    Action.GROUP_MEMBER_ADD: _flags(Flag.MANAGE_USERS),
    Action.GROUP_MEMBER_REMOVE: _flags(Flag.MANAGE_USERS),
    Action.GRANT_GIVE: _flags(Flag.MANAGE_ROLES),
    Action.GRANT_TAKE: _flags(Flag.MANAGE_ROLES),
    Action.DEVICE_REGISTER: _EVERYONE,
    Action.DEVICE_UPDATE: _flags(Flag.MANAGE_USERS),
    Action.ROOM_CREATE: _flags(Flag.CREATE_ROOMS),
    Action.DIRECT_OPEN: _EVERYONE,
    Action.ROOM_DISCOVER: Gate(discoverable=True),
    Action.ROOM_UPDATE: Gate(flags=frozenset({Flag.EDIT_ROOMS}), room_roles=_KEEPERS),
    Action.ROOM_ARCHIVE: Gate(flags=frozenset({Flag.ARCHIVE_ROOMS}), room_roles=_OWNERS),
    Action.ROOM_UNARCHIVE: Gate(flags=frozenset({Flag.ARCHIVE_ROOMS}), room_roles=_OWNERS),
    Action.ROOM_MANAGE: Gate(flags=frozenset({Flag.MANAGE_DIRECTORY}), system=True, attributes=False),
    Action.REQUIREMENT_SET: Gate(flags=frozenset({Flag.MANAGE_POLICY}), system=True, attributes=False),
    Action.MEMBER_HOLD: _HOLDERS,
    Action.MEMBER_KEEP: _HOLDERS,
    Action.MEMBER_JOIN: Gate(discoverable=True),
    Action.MEMBER_ADD: Gate(
        flags=frozenset({Flag.MANAGE_SUBSCRIBERS}), room_roles=_KEEPERS, system=True, attributes=False
    ),
    Action.MEMBER_LEAVE: Gate(room_roles=frozenset(RoomRole), attributes=False),
    Action.MEMBER_REMOVE: Gate(
        flags=frozenset({Flag.MANAGE_SUBSCRIBERS}), room_roles=_KEEPERS, system=True, attributes=False
    ),
    Action.MEMBER_SET_ROLE: Gate(flags=frozenset({Flag.MANAGE_SUBSCRIBERS}), room_roles=_OWNERS, attributes=False),
    Action.MEMBERS_LIST: _MEMBERS,
    Action.MEMBERS_RECONCILE: _SYSTEM,
    Action.MESSAGE_READ: _MEMBERS,
    Action.MESSAGE_POST: _WRITERS,
    Action.MESSAGE_DELIVER: _MEMBERS,
    Action.MESSAGE_EDIT: Gate(own=True),
    Action.MESSAGE_DELETE: Gate(own=True, room_roles=_KEEPERS),
    Action.MESSAGE_REACT: _WRITERS,
    Action.MESSAGE_HISTORY: _MEMBERS,
    Action.MENTION_ROOM: _WRITERS,
    Action.READ_MARK_SET: _MEMBERS,
    Action.TYPING_SEND: _WRITERS,
    Action.ROOM_KEEP: _MEMBERS,
    Action.POLICY_VIEW: _flags(Flag.MANAGE_POLICY, Flag.APPROVE_CHANGES, Flag.VIEW_AUDIT),
    Action.POLICY_DRAFT: _flags(Flag.MANAGE_POLICY),
    Action.POLICY_SUBMIT: _flags(Flag.MANAGE_POLICY),
    Action.POLICY_RETURN: _flags(Flag.MANAGE_POLICY, Flag.APPROVE_CHANGES),
    Action.POLICY_APPROVE: _flags(Flag.APPROVE_CHANGES),
    Action.POLICY_ACTIVATE: _flags(Flag.MANAGE_POLICY),
    Action.POLICY_ROLL_BACK: _flags(Flag.MANAGE_POLICY),
    Action.ATTRIBUTE_DEFINE: _flags(Flag.MANAGE_POLICY),
    Action.DECISIONS_VIEW: _flags(Flag.VIEW_AUDIT, Flag.MANAGE_POLICY),
    Action.ACCESS_EXPLAIN: _flags_or_own(Flag.MANAGE_POLICY, Flag.VIEW_AUDIT),
    Action.AUDIT_VIEW: _flags(Flag.VIEW_AUDIT),
    Action.AUDIT_VERIFY: _flags(Flag.VIEW_AUDIT),
    Action.AUDIT_EXPORT: _flags(Flag.VIEW_AUDIT),
    Action.AUDIT_REVEAL: _flags(Flag.VIEW_AUDIT),
    Action.KEY_VIEW: _flags(Flag.MANAGE_ENCRYPTION),
    Action.KEY_WORKSPACE_CREATE: _SYSTEM,
    Action.KEY_ROOM_CREATE: Gate(everyone=True, system=True),
    Action.KEY_USER_CREATE: _flags(Flag.MANAGE_USERS),
    Action.KEY_ROOM_ROTATE: _flags(Flag.MANAGE_ENCRYPTION),
    Action.KEY_ROOM_ROTATE_DUE: _SYSTEM,
    Action.KEY_TENANT_ROTATE: _flags(Flag.MANAGE_ENCRYPTION),
    Action.KEY_TENANT_REWRAP: _flags(Flag.MANAGE_ENCRYPTION),
    Action.KEY_ROOM_SHRED: _flags(Flag.MANAGE_ENCRYPTION),
    Action.KEY_USER_SHRED: _flags(Flag.MANAGE_ENCRYPTION),
    Action.CONSOLE_ENTER: _flags(Flag.VIEW_CONSOLE),
}

CASCADES: dict[Flag, frozenset[Flag]] = {
    Flag.DELETE_ROOMS: frozenset({Flag.ARCHIVE_ROOMS, Flag.EDIT_ROOMS, Flag.MANAGE_SUBSCRIBERS}),
    Flag.ARCHIVE_ROOMS: frozenset({Flag.EDIT_ROOMS}),
    **{
        flag: frozenset({Flag.VIEW_CONSOLE})
        for flag in Flag
        if flag.value.startswith(("manage_", "view_", "approve_", "place_"))
        and flag not in (Flag.VIEW_CONSOLE, Flag.MANAGE_SUBSCRIBERS)
    },
}
"""What each flag implies (AD-3): read by `with_implied`, shown in the console."""


def with_implied(flags: frozenset[Flag]) -> frozenset[Flag]:
    """The flags together with everything that they imply."""
    held = set(flags)
    waiting = list(flags)
    while waiting:
        fresh = CASCADES.get(waiting.pop(), frozenset()) - held
        held |= fresh
        waiting.extend(fresh)
    return frozenset(held)


def actions_of(flag: Flag) -> frozenset[Action]:
    """The Actions that a flag opens, implied flags included (R4)."""
    held = with_implied(frozenset({flag}))
    return frozenset(action for action, gate in GATES.items() if gate.flags & held)


_ungated = set(Action) - GATES.keys()
if _ungated:
    raise RuntimeError(f"Actions without a gate: {', '.join(sorted(_ungated))}")
