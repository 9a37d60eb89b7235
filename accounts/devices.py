"""Devices that were seen before, recognised by the random token in their cookie. Runs inside `within`."""

from accounts import tokens
from accounts.models import Device, User


def known(user: User | None, token: str) -> Device | None:
    """The device of this user that shows this token, unless it was removed."""
    if user is None or not tokens.well_formed(token):
        return None
    return Device.objects.filter(user=user, token_hash=tokens.hashed(token), removed_at=None).first()
