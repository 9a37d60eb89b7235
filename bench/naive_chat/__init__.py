"""The naive chat's one table."""
