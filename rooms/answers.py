"""The socket's one table from an error to an answer."""

from typing import Any

from django.utils.translation import gettext as _

from policy.types import AccessDenied
from rooms.frames import Close
from rooms.reasons import words_of
from rooms.views import error_frame
from tenancy.errors import DomainError, Invalid, RateLimited


def refusal(request_id: str | None, error: BaseException) -> dict[str, Any]:
    """What the client is told of an error; of one that nobody foresaw, nothing but that it happened."""
    if isinstance(error, AccessDenied):
        decision = error.decision
        max_age = next(
            (dict(one.params).get("max_age") for one in decision.reasons if one.code == "step_up_required"), None
        )
        return error_frame(request_id, error.code, words_of(decision), decision=decision.id, max_age=max_age)
    if isinstance(error, RateLimited):
        return error_frame(request_id, error.code, error.message, remedy=error.remedy, retry_after=error.retry_after)
    if isinstance(error, DomainError):
        return error_frame(request_id, error.code, error.message, field=error.field, remedy=error.remedy)
    return error_frame(request_id, "server_error", _("Something went wrong on the server."))


def farewell(error: BaseException) -> Close:
    """How a socket ends whose hello came to nothing. What is refused or fails now may be answered another time."""
    if isinstance(error, RateLimited):
        return Close.TOO_MANY
    return Close.MALFORMED if isinstance(error, Invalid) else Close.SERVER_ERROR
