"""Keys: how content is sealed at rest, and how it is made unreadable for ever.

Here live the key hierarchy (KEK, tenant key, data keys, author secrets), the sealed format, the KMS and the keys behind
the audit log. Policy on who may do what does not live here. The only package that imports `cryptography`; it may import
policy, audit and tenancy.
"""
