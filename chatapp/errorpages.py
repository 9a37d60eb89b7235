"""What is answered where no page is: as the product looks for people, as the API's one form of error below `/api/`.

The answer is the same for what does not exist and for what somebody may not know of, signed in or not. Nothing here
asks the database or the request: it must work when they are what failed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.drf import Problem, is_api, problem_answer

_STORED_NOWHERE = "no-store"


@dataclass(frozen=True, slots=True)
class Words:
    """What an answer of this status says, and the symbol beside it."""

    code: str
    title: Promise
    text: Promise
    symbol: str = "alert"
    tone: str = "warn"


WORDS = {
    400: Words("invalid", _("That could not be read"), _("The request is not formed as this page expects it.")),
    403: Words("denied", _("You may not do this"), _("Nothing was read or changed."), "shield-x"),
    404: Words(
        "not_found",
        _("There is nothing here"),
        _("It does not exist, has been removed, or you may not know of it. The three look the same."),
        "search",
        "",
    ),
    405: Words("method_not_allowed", _("This page is not opened this way"), _("Go back and use the button there.")),
    500: Words("failed", _("That did not work"), _("The fault is ours, and it is in the log. Try again in a moment.")),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """What Django refuses by its form: an unknown host, a body that is too large, a bad header."""
    return _answer(request, 400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """What Django itself forbids; what the decision point refuses is answered by the doors."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """No such page, or none for this person."""
    return _answer(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """A defect of ours. What it was stands in the log and nowhere else."""
    return _answer(request, 500)


class EmptyAnswerMiddleware:
    """Gives words to a refusal of the method, which Django's decorators leave empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.streaming or response.content:
            return response
        answer = _answer(request, 405)
        answer.headers["Allow"] = response.headers.get("Allow", "")
        return answer


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    words = WORDS[status]
    if is_api(request):
        return problem_answer(Problem(status, words.code, str(words.text)))
    page = render_to_string("error.html", {"words": words, "status": status})
    return HttpResponse(page, status=status, headers={"Cache-Control": _STORED_NOWHERE})
