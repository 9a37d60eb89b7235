"""What flags, effects and reasons are called on the screens of operators. Codes are stable, these words are not."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.catalogue import Flag
from policy.types import Reason

Words = str | Promise

EFFECTS: Mapping[str, Words] = {
    "permit": _("Permitted"),
    "deny": _("Denied"),
    "indeterminate": _("Can't be checked"),
    "not_applicable": _("Not applicable"),
}

OUTCOMES: Mapping[str, Words] = {
    "success": _("Done"),
    "refused": _("Refused"),
    "failed": _("Failed"),
    "unknown": _("Unknown"),
    **EFFECTS,
}

FLAGS: Mapping[Flag, tuple[Words, Words]] = {
    Flag.VIEW_CONSOLE: (_("View the console"), _("Opens the console. Every page in it needs a flag of its own.")),
    Flag.MANAGE_USERS: (_("Manage users"), _("Accounts, groups, sessions, devices and facts that are kept by hand.")),
    Flag.MANAGE_ROLES: (_("Manage roles"), _("Roles, who holds them, and grants on single rooms.")),
    Flag.MANAGE_AUTHENTICATION: (_("Manage sign-in"), _("How people prove who they are.")),
    Flag.MANAGE_SETTINGS: (_("Manage settings"), _("The settings of this workspace.")),
    Flag.MANAGE_PRIVACY: (_("Manage privacy and data"), _("Retention, erasure and disclosure.")),
    Flag.MANAGE_BACKUPS: (_("Manage backups"), _("Backups and restores.")),
    Flag.MANAGE_ENCRYPTION: (_("Manage encryption"), _("Keys: their state and rotation. Opens no content.")),
    Flag.VIEW_AUDIT: (_("View audit logs"), _("The audit explorer, decisions and their explanation.")),
    Flag.MANAGE_WEB_CHAT: (_("Manage web chat"), _("What the chat client offers.")),
    Flag.VIEW_ANALYTICS: (_("View analytics"), _("Figures about use, without content.")),
    Flag.MANAGE_UPDATES: (_("Manage updates"), _("New versions of the platform.")),
    Flag.MANAGE_DIRECTORY: (_("Manage the room directory"), _("All rooms and who is in them. Opens no content.")),
    Flag.MANAGE_STORAGE: (_("Manage stored data"), _("Imports and storage limits.")),
    Flag.MANAGE_POLICY: (_("Manage policy"), _("Attributes, policy sets and what rooms require.")),
    Flag.APPROVE_CHANGES: (_("Approve changes"), _("Stand in for what somebody else has prepared.")),
    Flag.PLACE_HOLDS: (_("Place legal holds"), _("Keep records from being deleted.")),
    Flag.MANAGE_INTEGRATIONS: (_("Manage integrations"), _("Connections to other systems.")),
    Flag.VIEW_FACTS: (_("View facts"), _("The values that policy reads about other people.")),
    Flag.CREATE_ROOMS: (_("Create rooms"), _("Open new rooms.")),
    Flag.DELETE_ROOMS: (_("Delete rooms"), _("Delete rooms with what is in them.")),
    Flag.ARCHIVE_ROOMS: (_("Archive rooms"), _("Close rooms to new messages, and open them again.")),
    Flag.EDIT_ROOMS: (_("Edit rooms"), _("Change names and topics.")),
    Flag.MANAGE_SUBSCRIBERS: (_("Manage members"), _("Add people to rooms and remove them, as far as policy allows.")),
}

REASONS: Mapping[str, Words] = {
    "about_oneself": _("Nobody may do this to themselves."),
    "account_inactive": _("The account is not active."),
    "beyond_own_powers": _("Nobody gives away or takes a power that they do not hold themselves."),
    "hidden": _("The room does not exist, or the person may not know of it."),
    "lease": _("A permit that was given before was used again."),
    "marking_required": _("The message needs a marking."),
    "membership_suspended": _("The membership is suspended by policy."),
    "name_moves_rules": _("With the new name other rules would apply to the room."),
    "no_applicable_permit": _("No rule permits it."),
    "not_the_author": _("Only the author of a draft may do this."),
    "obligation_unknown": _("Policy asks for something that this server cannot do."),
    "own_work": _("Nobody approves what they have written themselves."),
    "policy_unavailable": _("The policy set cannot be used."),
    "requirement_met": _("A requirement is met."),
    "requirement_missing": _("A named requirement is missing from the active set."),
    "requirement_unknown": _("Nobody can tell whether a requirement is met."),
    "requirement_unmet": _("A requirement is not met."),
    "role": _("The role is enough."),
    "role_missing": _("No role, flag or grant allows it."),
    "rule_denies": _("A rule denies it."),
    "rule_not_met": _("The condition of the rule that could permit it is not met."),
    "rule_on_trial": _("A rule on trial would have counted."),
    "rule_permits": _("A rule permits it."),
    "rule_redacts": _("A rule hides portions of it."),
    "rule_unknown": _("Nobody can tell whether a rule applies."),
    "session_ended": _("The session has ended."),
    "source_not_by_hand": _("Facts of this source are not kept by hand."),
    "step_up_required": _("It needs a fresh proof of identity."),
    "ungoverned": _("Nothing governs it; roles decide."),
    "workspace_suspended": _("The workspace is suspended."),
}

DOUBTS: Mapping[str, Words] = {
    "stale_source": _("the source has not renewed its word in time"),
    "never_synced": _("the source has never told anything about this person"),
    "expired": _("it has run out"),
    "conflicting": _("two sources contradict each other"),
    "malformed": _("the stored value does not fit its definition"),
    "unavailable": _("it cannot be read right now"),
}


def reason_in_words(code: str) -> str:
    """One reason code for an operator; a code without words is shown as it is."""
    return str(REASONS.get(code, code))


_DETAILS = ("rule", "requirement", "attributes", "flags", "obligation", "source")


def in_detail(reason: Reason) -> str:
    """A reason with the parameters that tell which rule, requirement or attribute it was."""
    params = dict(reason.params)
    which = [part for name in _DETAILS if name in params for part in _named(name, params[name])]
    words = reason_in_words(reason.code)
    return f"{words.rstrip('.')}: {', '.join(which)}." if which else words


def _named(name: str, value: str) -> list[str]:
    if name == "requirement" and value == "own":
        return []
    return [part.strip().removeprefix("subject.") for part in value.split(",")]


def action_in_words(action: str) -> str:
    """An action of the catalogue as two or three words: `room:message:read` is "read message"."""
    _area, _sep, rest = action.partition(":")
    noun, _sep, verb = rest.partition(":")
    return f"{verb} {noun}".replace("_", " ") if verb else action
