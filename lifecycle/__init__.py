"""The life of a workspace, from its birth on. What happens inside of it lives in rooms, accounts and below.

May import rooms, accounts, keys, policy, audit and tenancy.
"""
