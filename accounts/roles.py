"""The roles that every workspace is born with (AD-3). They are locked; other roles are the workspace's own."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.catalogue import Flag


class SystemRole(StrEnum):
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SECURITY_OFFICER = "security_officer"
    MEMBER = "member"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class RoleSpec:
    name: Promise
    flags: frozenset[Flag]


SYSTEM_ROLES: dict[SystemRole, RoleSpec] = {
    SystemRole.OWNER: RoleSpec(_("Owner"), frozenset(Flag)),
    SystemRole.ADMINISTRATOR: RoleSpec(
        _("Administrator"),
        frozenset(
            {
                Flag.VIEW_CONSOLE,
                Flag.MANAGE_USERS,
                Flag.MANAGE_ROLES,
                Flag.MANAGE_AUTHENTICATION,
                Flag.MANAGE_SETTINGS,
                Flag.MANAGE_WEB_CHAT,
                Flag.VIEW_ANALYTICS,
                Flag.MANAGE_UPDATES,
                Flag.MANAGE_DIRECTORY,
                Flag.MANAGE_INTEGRATIONS,
                Flag.CREATE_ROOMS,
                Flag.ARCHIVE_ROOMS,
                Flag.MANAGE_SUBSCRIBERS,
            }
        ),
    ),
    SystemRole.AUDITOR: RoleSpec(_("Auditor"), frozenset({Flag.VIEW_AUDIT, Flag.VIEW_ANALYTICS})),
    SystemRole.SECURITY_OFFICER: RoleSpec(
        _("Security officer"),
        frozenset(
            {
                Flag.MANAGE_POLICY,
                Flag.APPROVE_CHANGES,
                Flag.VIEW_AUDIT,
                Flag.VIEW_FACTS,
                Flag.MANAGE_ENCRYPTION,
                Flag.MANAGE_PRIVACY,
                Flag.PLACE_HOLDS,
            }
        ),
    ),
    SystemRole.MEMBER: RoleSpec(_("Member"), frozenset({Flag.CREATE_ROOMS})),
    SystemRole.GUEST: RoleSpec(_("Guest"), frozenset()),
}
