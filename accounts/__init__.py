"""People: who they are, what they may do, which sessions and devices are theirs, and what is known about them.

Here live users, sessions, sign-in, lockout, roles, groups, grants and facts. What a fact permits is decided in policy;
who is in which room stands in rooms. May import keys, policy, audit and tenancy.
"""
