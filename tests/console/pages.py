"""Every page of the console by name, and what opens it: the table that the tests go by."""

from accounts.models import Role, Session
from audit.models import AuditEvent
from policy.catalogue import Flag
from tests.world import World

PAGES = {
    "dashboard": "/console/",
    "users": "/console/accounts/user/",
    "new user": "/console/accounts/user/add/",
    "groups": "/console/accounts/group/",
    "new group": "/console/accounts/group/add/",
    "roles": "/console/accounts/role/",
    "new role": "/console/accounts/role/add/",
    "sessions": "/console/accounts/session/",
    "devices": "/console/accounts/device/",
    "rooms": "/console/rooms/room/",
    "new room": "/console/rooms/room/add/",
    "attributes": "/console/policy/attributedefinition/",
    "new attribute": "/console/policy/attributedefinition/add/",
    "policy sets": "/console/policy/policyset/",
    "new version": "/console/policy/policyset/add/",
    "decisions": "/console/decisions/",
    "explain": "/console/explain/",
    "audit": "/console/audit/",
    "keys": "/console/keys/",
    "settings": "/console/tenancy/workspace/",
}

OF_OBJECTS = {
    "users": {"user", "fields of a user"},
    "roles": {"role"},
    "sessions": {"session"},
    "devices": {"device"},
    "groups": {"group"},
    "rooms": {"room"},
    "attributes": {"attribute"},
    "policy sets": {"policy set"},
    "audit": {"entry", "reveal"},
    "settings": {"workspace"},
}
"""Pages of one object: they are open to whoever may open the list, and to nobody else."""


def of_objects(world: World) -> dict[str, str]:
    """Pages of one object each that are there in every workspace."""
    with world.inside():
        session = Session.objects.order_by("id")[0].id
        entry = AuditEvent.objects.filter(kind="account:user:created").order_by("id")[0].id
        role = Role.objects.get(system="member").id
    user, room = f"/console/accounts/user/{world.people['grace'].id}", f"/console/rooms/room/{world.rooms['titan'].id}"
    return {
        "user": f"{user}/change/",
        "fields of a user": f"{user}/history/",
        "role": f"/console/accounts/role/{role}/change/",
        "session": f"/console/accounts/session/{session}/change/",
        "room": f"{room}/change/",
        "entry": f"/console/audit/{entry}/",
        "reveal": f"/console/audit/{entry}/reveal/",
    }


_HOME = {"dashboard"}

OPENS: dict[Flag, set[str]] = {
    Flag.VIEW_CONSOLE: _HOME,
    Flag.MANAGE_USERS: _HOME | {"users", "new user", "groups", "new group", "roles", "sessions", "devices"},
    Flag.MANAGE_ROLES: _HOME | {"roles", "new role"},
    Flag.MANAGE_AUTHENTICATION: _HOME,
    Flag.MANAGE_SETTINGS: _HOME | {"settings"},
    Flag.MANAGE_PRIVACY: _HOME,
    Flag.MANAGE_BACKUPS: _HOME,
    Flag.MANAGE_ENCRYPTION: _HOME | {"keys"},
    Flag.VIEW_AUDIT: _HOME | {"roles", "policy sets", "decisions", "explain", "audit"},
    Flag.MANAGE_WEB_CHAT: _HOME,
    Flag.VIEW_ANALYTICS: _HOME,
    Flag.MANAGE_UPDATES: _HOME,
    Flag.MANAGE_DIRECTORY: _HOME | {"rooms"},
    Flag.MANAGE_STORAGE: _HOME,
    Flag.MANAGE_POLICY: _HOME
    | {"rooms", "attributes", "new attribute", "policy sets", "new version", "decisions", "explain"},
    Flag.APPROVE_CHANGES: _HOME | {"policy sets"},
    Flag.PLACE_HOLDS: _HOME,
    Flag.MANAGE_INTEGRATIONS: _HOME,
    Flag.VIEW_FACTS: _HOME | {"users"},
    Flag.CREATE_ROOMS: set(),
    Flag.DELETE_ROOMS: set(),
    Flag.ARCHIVE_ROOMS: set(),
    Flag.EDIT_ROOMS: set(),
    Flag.MANAGE_SUBSCRIBERS: set(),
}
