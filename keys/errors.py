"""What can go wrong with a key or a seal. None of these ever carries key material or content."""

from tenancy.errors import DomainError, Unavailable


class SealError(DomainError):
    """Sealed data cannot be opened, or data cannot be sealed, because of this one record or its key."""

    code = "seal_error"


class SealBroken(SealError):
    """The sealed data was changed, or stands in a place it was not sealed for: evidence of tampering."""

    code = "seal_broken"


class KeyMissing(SealError):
    """There is no such key in this workspace."""

    code = "key_missing"


class KeyShredded(SealError):
    """The key was destroyed on purpose; what it sealed is noise for ever."""

    code = "key_shredded"


class KeyUnavailable(Unavailable):
    """The key exists but cannot be had now; trying again later may help. Never a reason to fall back to plaintext."""

    code = "key_unavailable"


class KmsUnavailable(KeyUnavailable):
    """The KMS does not answer, or is asked too often."""

    code = "kms_unavailable"


class KmsRefused(KeyUnavailable):
    """The KMS answers and says no: unknown or disabled key, wrong context, or a key file that is not safe to use."""

    code = "kms_refused"


class KeyNotCached(KeyUnavailable):
    """The key is not in memory, and there is no scope in which it could be read."""

    code = "key_not_cached"
