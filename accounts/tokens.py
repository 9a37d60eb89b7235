"""Random tokens that are recognised by their form, and of which only hashes are kept (R2)."""

import hashlib
import re
import secrets
import zlib

PREFIX = "crd_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM = 43
_CHECK = 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


def new_token() -> str:
    """256 random bits behind the prefix, with a checksum that tells a leaked token from a random text."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{body}{_checksum(body)}"


def well_formed(token: str) -> bool:
    """Whether this can be one of our tokens at all, without asking the database."""
    if not _FORM.fullmatch(token):
        return False
    body = token.removeprefix(PREFIX)
    return body[_RANDOM:] == _checksum(body[:_RANDOM])


def hashed(token: str) -> bytes:
    """What is kept of a token. SHA-256 is enough: there is nothing to guess in 256 random bits (ASVS 5.0 §6.6)."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
