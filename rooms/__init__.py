"""Rooms, their members, what is said in them, and the sockets through which it travels.

A room may be guarded by a requirement; nobody holds a membership, reads or posts without a decision of the kernel.
May import accounts, keys, policy, audit and tenancy.
"""
