"""Screens of policy: attributes, policy sets, decisions."""

from policy.admin import attributes, decisions, reveal, sets

__all__ = ["attributes", "decisions", "reveal", "sets"]
