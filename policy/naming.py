"""What ids are called on screens: the kernel stores ids, the apps that hold the names tell them here.

A name is told to whoever may open the page that shows it; whose page that is decides the policy, not this module.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from tenancy.actor import NOBODY, SubjectKind

Namer = Callable[[Collection[UUID]], Mapping[UUID, str]]
Finder = Callable[[str], UUID | None]

_namers: dict[str, Namer] = {}
_finders: dict[str, Finder] = {}


def register(kind: str, namer: Namer, finder: Finder | None = None) -> None:
    """Let an app tell the names of one kind of thing (`user`, `room`, `role`), and which of them a text means."""
    _namers[kind] = namer
    if finder is not None:
        _finders[kind] = finder


def find(kind: str, text: str) -> UUID | None:
    """The id of what a text names, or of the id that it is; None where there is nothing of that name."""
    wanted = text.strip()
    try:
        return UUID(wanted)
    except ValueError:
        return _finders[kind](wanted) if wanted and kind in _finders else None


def names(kind: str, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of these things; what has none, or is gone, is called by the end of its id."""
    wanted = {one for one in ids if one is not None}
    found = dict(_namers[kind](wanted)) if kind in _namers and wanted else {}
    return {one: found.get(one) or short(one) for one in wanted}


def short(one: UUID) -> str:
    """An id as people compare it: the end of a UUIDv7 is its random part."""
    return f"…{str(one)[-8:]}"


def people(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of those who act; the platform itself has no account."""
    wanted = set(ids)
    found = names("user", wanted - {NOBODY})
    return found | ({NOBODY: _("Platform")} if NOBODY in wanted else {})


def subject(kind: str, one: UUID, known: Mapping[UUID, str]) -> str:
    """Who did it, as an audit entry says: a person by name, the platform, or somebody who had not signed in."""
    if kind == SubjectKind.ANONYMOUS:
        return _("Not signed in")
    return known.get(one) or short(one)
