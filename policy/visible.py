"""Text that shows what it is: how rooms, groups, roles, people and workspaces are called, and what is no text."""

import re
import unicodedata

from django.utils.translation import gettext as _

from policy.language.values import shown
from tenancy.errors import Invalid

_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U00016fe4\U0001d159]")
"""Letters and signs that show nothing, although Unicode counts them as printable."""


def visible_name(name: str, *, longest: int, field: str = "name") -> str:
    """The name with its words parted by single spaces. Raises Invalid: empty, too long, or it hides something."""
    tidy = _visible(" ".join(name.split()), field)
    if says_nothing(tidy):
        raise Invalid(_("A name that can be seen is needed here."), field=field)
    if len(tidy) > longest:
        problem = _("A name may have up to %(longest)d characters here.") % {"longest": longest}
        raise Invalid(problem, field=field, remedy=_("Choose a shorter one."))
    return tidy


def visible_lines(text: str, *, field: str) -> str:
    """The text in one spelling; it may have lines. Raises Invalid when it hides something."""
    return "\n".join(_visible(line, field) for line in text.replace("\r\n", "\n").split("\n"))


def without_invisible(text: str) -> str:
    """What is left of a name that others gave, with spaces where something was hidden."""
    normal = _FILLERS.sub(" ", unicodedata.normalize("NFC", text))
    return " ".join("".join(character if character.isprintable() else " " for character in normal).split())


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
