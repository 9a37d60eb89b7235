"""Policy administration (the PAP): what conditions may read, and the sets of rules that decide. One function each."""

from policy.actions.attributes import Proposal, define_attribute
from policy.actions.records import reveal_record
from policy.actions.sets import (
    activate_policy_set,
    approve_policy_set,
    draft_policy_set,
    return_policy_set,
    roll_back_policy_set,
    submit_policy_set,
)

__all__ = [
    "Proposal",
    "activate_policy_set",
    "approve_policy_set",
    "define_attribute",
    "draft_policy_set",
    "return_policy_set",
    "reveal_record",
    "roll_back_policy_set",
    "submit_policy_set",
]
