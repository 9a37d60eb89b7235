"""Whether what rests on policy still makes sense: asked before a definition or a set changes, never after."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from policy import usage
from policy.language.combine import compile_policy
from policy.language.definitions import Vocabulary
from policy.language.documents import read_document
from policy.language.errors import PolicyLanguageError
from policy.language.grammar import parse_requirement
from policy.language.obligations import MARKING
from policy.language.rules import PolicyDocument
from policy.models import PolicySet, PolicySetState
from policy.snapshot import ACTIONS
from tenancy.errors import Conflict, Invalid


def read(form: Mapping[str, Any], vocabulary: Vocabulary) -> PolicyDocument:
    """The document of a form, ready to be used. Raises Invalid on `document`, with the place and the remedy."""
    try:
        document = read_document(form, vocabulary, ACTIONS)
        compile_policy(document, vocabulary)
    except PolicyLanguageError as refusal:
        raise located(refusal, "document") from None
    return document


def located(refusal: PolicyLanguageError, field: str) -> Invalid:
    """A refusal of the language as an error on one field of a form, which says where in it."""
    problem, remedy = refusal.in_words(_)
    column = _(", character %(column)s") % {"column": refusal.column} if refusal.column else ""
    where = f"{refusal.field}{column}: " if refusal.field and refusal.field != field else ""
    return Invalid(f"{where}{problem}", field=field, remedy=remedy)


def refuse_broken(vocabulary: Vocabulary) -> None:
    """Nothing in force may lose its meaning by other definitions. Raises Conflict that names what would."""
    active = PolicySet.objects.filter(state=PolicySetState.ACTIVE).first()
    if active is not None:
        try:
            compile_policy(read_document(active.document, vocabulary, ACTIONS), vocabulary)
        except PolicyLanguageError as refusal:
            raise Conflict(
                _("The active policy set needs it as it is: %(place)s.") % {"place": refusal.field},
                field="values",
                remedy=_("Change the policy set first."),
            ) from None
    for use in usage.uses():
        if not _holds(use, vocabulary):
            raise Conflict(
                _("The room %(room)s needs it as it is.") % {"room": use.room},
                field="values",
                remedy=_("Change what the room requires first."),
            )


def _holds(use: usage.Use, vocabulary: Vocabulary) -> bool:
    markings = vocabulary.get(MARKING)
    if use.marking and (markings is None or use.marking not in markings.values):
        return False
    try:
        if use.requirement:
            parse_requirement(use.requirement, vocabulary)
    except PolicyLanguageError:
        return False
    return True


def refuse_missing_requirements(document: PolicyDocument) -> None:
    """Every named requirement that a room refers to is in the set; else nobody could be let into that room."""
    known = {name for name, _node in document.requirements}
    missing = {name: use.room for use in usage.uses() for name in use.named if name not in known}
    if missing:
        names = ", ".join(sorted(missing))
        raise Conflict(
            ngettext(
                "Rooms refer to a requirement that this set does not have: %(names)s.",
                "Rooms refer to requirements that this set does not have: %(names)s.",
                len(missing),
            )
            % {"names": names},
            field="document",
            remedy=_("Add it to the set, or change the rooms."),
        )
