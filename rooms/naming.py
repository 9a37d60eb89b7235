"""Text that shows what it is: what a room may be called, in one spelling, and what is no text at all."""

import re
import unicodedata

from django.utils.translation import gettext as _

from policy.language.values import shown
from tenancy.errors import Invalid

_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")
"""Letters that show nothing."""


def checked_name(name: str) -> str:
    """The name with its words parted by single spaces. Raises Invalid when it is empty or hides something."""
    tidy = _visible(" ".join(name.split()), "name")
    if says_nothing(tidy):
        raise Invalid(_("A room needs a name."), field="name")
    return tidy


def checked_topic(topic: str) -> str:
    """The topic in one spelling; it may have lines. Raises Invalid when it hides something."""
    return "\n".join(_visible(line, "topic") for line in topic.replace("\r\n", "\n").split("\n"))


def says_nothing(text: str) -> bool:
    """Whether there is nothing in a text that anybody could see."""
    return not any(character.isprintable() and not character.isspace() for character in shown(_FILLERS.sub("", text)))


def _visible(text: str, field: str) -> str:
    """Two texts that look alike are alike: no control, formatting or private characters, and one normal form."""
    normal = unicodedata.normalize("NFC", text)
    if normal.isprintable() and not _FILLERS.search(normal):
        return normal
    raise Invalid(
        _("This text has invisible characters."), field=field, remedy=_("Remove control and formatting characters.")
    )
