"""Errors raised by meaning: no HTTP number, no close code; each door has its own table for those."""


class DomainError(Exception):
    """Something the caller asked for cannot be done; the text is safe to show to the caller.

    `code` is stable and machine-readable, `field` names the input that is at fault, `remedy` says what to do.
    """

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.remedy = remedy


class Invalid(DomainError):
    """The input does not fit its definition."""


class NotFound(DomainError):
    """There is no such thing, or the caller may not know of it: the two look the same (R11)."""

    code = "not_found"


class Conflict(DomainError):
    """The thing is in a state that forbids this, or somebody else was faster."""

    code = "conflict"


class Unavailable(DomainError):
    """A service that is needed does not answer; trying again later may help."""

    code = "unavailable"


class NotSignedIn(DomainError):
    """There is no valid session behind this request."""

    code = "not_signed_in"


class RateLimited(DomainError):
    """Too many of these in too short a time; `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int, field: str = "", remedy: str = "") -> None:
        super().__init__(message, field=field, remedy=remedy)
        self.retry_after = retry_after


class OutsideWorkspace(RuntimeError):
    """A query or a write was tried without a workspace, or in another one: a defect, never an answer to a user."""
