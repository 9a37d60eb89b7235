"""The sidebar: sections by task, and in each the pages that the operator may open."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.console.standing import Sees
from policy.types import Resource


class Section(StrEnum):
    """The tasks of an operator, in the order of the sidebar."""

    ACCESS = "access"
    PEOPLE = "people"
    RECORDS = "records"
    PLATFORM = "platform"


TITLES: dict[Section, str | Promise] = {
    Section.ACCESS: _("Access"),
    Section.PEOPLE: _("People and rooms"),
    Section.RECORDS: _("Records"),
    Section.PLATFORM: _("Platform"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the sidebar. `url` is the name of its address; `resource` is what opening it is decided on."""

    section: Section
    order: int
    title: str | Promise
    icon: str
    url: str
    sees: Sees
    resource: Resource
