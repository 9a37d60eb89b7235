"""What every HTTP API has in common: it is closed unless a view says what it asks for, and has one form of error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from policy.language.errors import PolicyLanguageError
from policy.types import AccessDenied
from tenancy.actor import SubjectKind
from tenancy.errors import DomainError, RateLimited
from tenancy.jsontext import read_json

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports these classes itself, through the settings

PROBLEM = "application/problem+json"
_BELOW = "/api/"
_STATUS = {
    "invalid": 400,
    "not_signed_in": 401,
    "denied": 403,
    "step_up_required": 403,
    "not_found": 404,
    "conflict": 409,
    "rate_limited": 429,
    "unavailable": 503,
    "key_unavailable": 503,
    "kms_unavailable": 503,
    "kms_refused": 503,
    "seal_broken": 500,
    "key_missing": 500,
    "key_shredded": 410,
}


class BoundedJSONParser(JSONParser):
    """Reads a body of JSON that nests no deeper than any of ours; all else is a 400 to whoever sent it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - the framework's signature
    ) -> Any:
        try:
            return read_json(stream.read().decode())  # UTF-8, whatever the sender says (RFC 8259 §8.1)
        except ValueError as problem:
            raise exceptions.ParseError(_("This is no JSON that can be taken: %s.") % problem) from None


class AsksForAction(BasePermission):
    """Closed by default: only a view whose `asks` names an Action for the method is reached, by who is signed in.

    Whether the Action is permitted is for the PEP to say, in the function that performs it.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor = getattr(request, "actor", None)
        if actor is None or actor.subject.kind not in (SubjectKind.USER, SubjectKind.SERVICE):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        asks = getattr(view, "asks", {})
        if asks and method not in asks:
            raise exceptions.MethodNotAllowed(method)
        return method in asks


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as RFC 9457 writes it, with our stable `code`, the field at fault, the remedy and the decision's id."""

    status: int
    code: str
    detail: str
    field: str = ""
    remedy: str = ""
    decision: str = ""
    retry_after: int = 0

    def document(self) -> dict[str, Any]:
        known = {
            "type": f"urn:cordon:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "field": self.field,
            "remedy": self.remedy,
            "decision": self.decision,
            "retry_after": self.retry_after,
        }
        return {name: value for name, value in known.items() if value}


def is_api(request: HttpRequest) -> bool:
    """Whether who asks expects a problem document rather than a page."""
    return request.path_info.startswith(_BELOW)


def problem_answer(problem: Problem) -> JsonResponse:
    """The problem as an answer of its own, for what goes wrong before a view of the API is reached."""
    return JsonResponse(
        problem.document(), status=problem.status, content_type=PROBLEM, headers={"Cache-Control": "no-store"}
    )


def problem_of(error: Exception) -> Problem | None:
    """The one table of errors for HTTP; None for what is a defect and no answer."""
    return next((answer(error) for kind, answer in _ANSWERS if isinstance(error, kind)), None)


def _of_domain(error: DomainError | PolicyLanguageError) -> Problem:
    return Problem(
        _STATUS.get(error.code, 400),
        error.code,
        error.message,
        field=error.field,
        remedy=error.remedy,
        retry_after=error.retry_after if isinstance(error, RateLimited) else 0,
    )


def _refusal(error: AccessDenied) -> Problem:
    details = {
        "not_found": _("There is no such thing, or you may not know of it."),
        "step_up_required": _("Confirm that it is you, then try again."),
        "unavailable": _("Your access cannot be checked right now."),
    }
    detail = details.get(error.code, _("You may not do this."))
    return Problem(_STATUS.get(error.code, 403), error.code, detail, decision=str(error.decision.id))


def _of_framework(error: exceptions.APIException) -> Problem:
    codes = error.get_codes()
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Problem(401, "not_signed_in", _("You are not signed in."), remedy=_("Sign in again."))
    if isinstance(error, exceptions.ValidationError):
        field = next(iter(codes), "") if isinstance(codes, Mapping) else ""
        return Problem(400, "invalid", _("The input does not fit."), field=str(field))
    return Problem(error.status_code, codes if isinstance(codes, str) else "invalid", str(error.detail))


_ANSWERS: tuple[tuple[type[Exception], Callable[[Any], Problem]], ...] = (
    (AccessDenied, _refusal),
    (DomainError, _of_domain),
    (PolicyLanguageError, _of_domain),
    (Http404, lambda _error: Problem(404, "not_found", _("There is nothing here."))),
    (exceptions.APIException, _of_framework),
)


def exception_handler(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Turn an error into `application/problem+json`; anything unknown stays an error of the server."""
    problem = problem_of(error)
    if problem is None:
        return None
    answer = Response(problem.document(), status=problem.status, content_type=PROBLEM)
    if problem.retry_after:
        answer.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Session"
    return answer
