"""Whose word may count for an attribute: one register, for who defines attributes and for who tells facts (PO-1).

What people and their devices are is told by the sources of the workspace: oidc, saml, scim, ldap, piv, manual and
posture, each under a name of its own, which accounts keeps. Groups, rooms and sessions the product knows by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from policy.language.definitions import Category
from tenancy.errors import Invalid

MEMBERSHIP, ROOM, SESSION = "membership", "room", "session"
BY_ITSELF = frozenset({MEMBERSHIP, ROOM, SESSION})
GROUP = "group"


class Directory(Protocol):
    """The sources that the workspace has defined."""

    def of_people(self) -> Sequence[str]: ...

    def of_devices(self) -> Sequence[str]: ...


@dataclass(slots=True)
class _Register:
    directory: Directory | None = None


_register = _Register()


def register(directory: Directory) -> None:
    _register.directory = directory


def known(category: str, name: str = "") -> tuple[str, ...]:
    """The sources whose word may count for an attribute; without a name, for any that might be defined."""
    directory = _register.directory
    if category == Category.RESOURCE:
        return (ROOM,)
    if category == Category.ENVIRONMENT:
        return (SESSION, *(directory.of_devices() if directory else ()))
    if name == GROUP:
        return (MEMBERSHIP,)
    return tuple(directory.of_people()) if directory else ()


def checked(category: str, name: str, source: str) -> str:
    """The source as it is written. Raises Invalid for one that could never tell this: it would close every room."""
    choices = known(category, name)
    if source not in choices:
        raise Invalid(
            _("No such source can tell this attribute."),
            field="source",
            remedy=_("Choose one of these: %(sources)s.") % {"sources": ", ".join(choices)},
        )
    return source
