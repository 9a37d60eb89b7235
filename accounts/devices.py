"""Devices that were seen before, recognised by the random token in their cookie. Runs inside `within`."""

from accounts import tokens
from accounts.models import Device, User


def known(user: User | None, token: str) -> Device | None:
    """The device of this user that shows this token, unless it was removed."""
    if user is None or not tokens.well_formed(token):
        return None
    return Device.objects.filter(user=user, token_hash=tokens.hashed(token), removed_at=None).first()


def is_known(token: str) -> bool:
    """Whether somebody in this workspace has signed in with the device that shows this token."""
    return (
        tokens.well_formed(token) and Device.objects.filter(token_hash=tokens.hashed(token), removed_at=None).exists()
    )
