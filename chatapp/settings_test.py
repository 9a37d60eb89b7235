"""What tests change, and nothing else."""

from chatapp.settings import *  # noqa: F403 - the one place where the settings are layered

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
