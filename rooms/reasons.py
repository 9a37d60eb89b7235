"""Reasons in the words of whoever was refused: what happened, why, what now; nothing about anybody else
(DESIGN §13).
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.types import Decision, Effect

_WORDS: Mapping[str, str | Promise] = {
    "hidden": _("This room does not exist or is not yours to see."),
    "account_inactive": _("This account is not active."),
    "session_ended": _("Your session has ended. Sign in again."),
    "workspace_suspended": _("This workspace is suspended."),
    "membership_suspended": _("Your access to this room has ended by policy."),
    "role_missing": _("Your role does not allow this here."),
    "requirement_unmet": _("You do not meet what this room requires."),
    "rule_denies": _("A rule of this workspace does not allow this."),
    "name_moves_rules": _("With this name other rules would apply here. Ask somebody who manages policy."),
    "no_applicable_permit": _("Nothing in this workspace's policy allows this."),
    "obligation_unknown": _("Policy asks for something that this server cannot do."),
    "step_up_required": _("This needs a fresh confirmation that it is you."),
    "marking_required": _("This needs a marking."),
    "policy_unavailable": _("The policy of this workspace cannot be read. This is not a decision about you."),
}
_UNKNOWN = _("Your access can't be checked right now. This is not a decision about you.")
_DENIED = _("You are not allowed to do this.")


def words_of(decision: Decision) -> str:
    """Why, in one sentence that the subject may read."""
    for reason in decision.reasons:
        if reason.code in _WORDS:
            return str(_WORDS[reason.code])
    return str(_UNKNOWN if decision.effect is Effect.INDETERMINATE else _DENIED)
