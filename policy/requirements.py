"""A room's requirement as it comes from a form or a command: checked, in canonical words, with its hash (R6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from policy.language.errors import PolicyLanguageError
from policy.language.grammar import parse_requirement
from policy.language.tree import content_hash, print_text
from policy.language.words import in_words
from policy.snapshot import snapshot
from tenancy.errors import Invalid


@dataclass(frozen=True, slots=True)
class Requirement:
    """An inline requirement; empty text and hash where there is none."""

    text: str
    hash: str


def checked_requirement(workspace_id: UUID, text: str, named: Sequence[str]) -> Requirement:
    """The requirement in canonical form. Raises Invalid with the place and the remedy."""
    held = snapshot(workspace_id)
    known = {name for name, _ in held.document.requirements}
    if strange := set(named) - known:
        raise Invalid(
            gettext("The active policy set has no requirement named %(name)s.") % {"name": min(strange)},
            field="named_requirements",
            remedy=", ".join(sorted(known)),
        )
    if not text.strip():
        return Requirement("", "")
    try:
        node = parse_requirement(text, held.vocabulary)
    except PolicyLanguageError as error:
        problem, remedy = error.in_words(gettext)
        raise Invalid(f"{problem} ({error.line}:{error.column})", field="requirement", remedy=remedy) from None
    return Requirement(print_text(node), content_hash(node))


def requirement_in_words(workspace_id: UUID, text: str) -> list[str]:
    """Each condition of a requirement as a sentence."""
    held = snapshot(workspace_id)
    node = parse_requirement(text, held.vocabulary)
    parts = getattr(node, "parts", (node,))
    return [in_words(part, held.vocabulary, gettext) for part in parts]
