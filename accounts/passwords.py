"""Passwords: how they are kept, and how one is checked so that nothing is learnt from a wrong name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from tenancy.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from accounts.models import User

LONGEST = 1024
LONGEST_WAIT = 8.0
"""Seconds."""
_AT_ONCE = BoundedSemaphore(4)
"""Each check takes 64 MiB; a flood of sign-ins waits here instead of exhausting the memory."""


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with the second recommended parameters of RFC 9106 §4: 3 passes over 64 MiB in 4 lanes."""

    time_cost = 3
    memory_cost = 64 * 1024
    parallelism = 4


def verified(user: "User | None", password: str) -> bool:
    """Whether this is the user's password. Where there is none to compare, the same work is done in vain.

    A hash with older parameters is renewed in memory; the caller saves it.
    """
    kept = user.password if user is not None and user.has_usable_password() else password_of_nobody()
    fits = check_password(password[:LONGEST], kept, _renewer(user))
    return fits and user is not None and user.has_usable_password()


def hashed(password: str) -> str:
    with turn():
        return make_password(password)


@contextmanager
def turn() -> Iterator[None]:
    """One of the few checks at once: `verified` stands inside. Raises Unavailable for whoever would wait too long."""
    if not _AT_ONCE.acquire(timeout=LONGEST_WAIT):
        raise Unavailable(_("Too many people are signing in right now."), remedy=_("Try again in a moment."))
    try:
        yield
    finally:
        _AT_ONCE.release()


def refuse_weak(password: str, user: "User | None" = None) -> None:
    """Raises Invalid, with what is wrong, for a password that is too short, too long or too common (ASVS 5.0 §6.2)."""
    if len(password) > LONGEST:
        raise Invalid(_("The password is too long."), field="password", remedy=_("Use at most 1,024 characters."))
    try:
        validate_password(password, user)
    except ValidationError as refused:
        raise Invalid(
            " ".join(refused.messages), field="password", remedy=_("Choose a longer password that nobody else uses.")
        ) from None


@cache
def password_of_nobody() -> str:
    return make_password(get_random_string(40))


def _renewer(user: "User | None") -> Callable[[str], None]:
    def renew(password: str) -> None:
        if user is not None:
            user.password = make_password(password)

    return renew
