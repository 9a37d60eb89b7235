"""Everything that can be done to people, their roles, groups, facts, devices and sessions: one function each."""

from accounts.actions.devices import RegisteredDevice, register_device, update_device_posture
from accounts.actions.facts import STAYS, Assertion, Stays, set_fact_source, set_facts, sweep_facts
from accounts.actions.grants import give_grant, take_grant
from accounts.actions.groups import add_group_member, create_group, delete_group, remove_group_member, update_group
from accounts.actions.people import (
    create_user,
    deactivate_user,
    reactivate_user,
    set_password,
    unlock_user,
    update_profile,
    update_user,
)
from accounts.actions.roles import assign_role, create_role, delete_role, unassign_role, update_role
from accounts.actions.sessions import revoke_session, sweep_lockouts, sweep_sessions
from accounts.actions.sign_in import (
    IssuedLink,
    SignIn,
    end_session,
    issue_login_link,
    start_session,
    step_up,
    use_login_link,
)
from accounts.actions.tickets import issue_ticket, use_ticket
from accounts.actions.violations import note_violation

__all__ = [
    "STAYS",
    "Assertion",
    "IssuedLink",
    "RegisteredDevice",
    "SignIn",
    "Stays",
    "add_group_member",
    "assign_role",
    "create_group",
    "create_role",
    "create_user",
    "deactivate_user",
    "delete_group",
    "delete_role",
    "end_session",
    "give_grant",
    "issue_login_link",
    "issue_ticket",
    "note_violation",
    "reactivate_user",
    "register_device",
    "remove_group_member",
    "revoke_session",
    "set_fact_source",
    "set_facts",
    "set_password",
    "start_session",
    "step_up",
    "sweep_facts",
    "sweep_lockouts",
    "sweep_sessions",
    "take_grant",
    "unassign_role",
    "unlock_user",
    "update_device_posture",
    "update_group",
    "update_profile",
    "update_role",
    "update_user",
    "use_login_link",
    "use_ticket",
]
