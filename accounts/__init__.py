"""People, their groups, roles, facts, devices and sessions.

Rooms and messages are not here. May import keys, policy, audit and tenancy.
"""
