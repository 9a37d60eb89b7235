"""What the middleware has learnt about a request, with its types."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.addressing import Addressed
from tenancy.actor import Actor, SubjectKind
from tenancy.errors import NotFound

_SIGNED_IN = (SubjectKind.USER, SubjectKind.SERVICE)


def actor_of(request: HttpRequest | Request) -> Actor:
    """As whom everything in this request is done. Raises NotFound on a page that belongs to no workspace."""
    actor: Actor | None = getattr(plain(request), "actor", None)
    if actor is None:
        raise NotFound(_("No workspace answers here."))
    return actor


def is_signed_in(request: HttpRequest | Request) -> bool:
    actor: Actor | None = getattr(plain(request), "actor", None)
    return actor is not None and actor.subject.kind in _SIGNED_IN


def place_of(request: HttpRequest) -> Addressed:
    """Which workspace the request is for, and the part of its path that names it."""
    return request.addressed  # type: ignore[attr-defined,no-any-return]


def plain(request: HttpRequest | Request) -> HttpRequest:
    """Django's request behind the API framework's."""
    return request._request if isinstance(request, Request) else request  # noqa: SLF001 - the framework gives no other way
