"""How far one person sees the facts of another: no further than what they hold themselves (R12).

Ranks and sets are what markings are made of. A text, a number, a time or a yes and no carries none: who may see facts
at all sees it.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from policy.language.definitions import AttributeDefinition, Category, Kind
from policy.language.values import ABSENT, Facts, Unknown, Value

Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Seen(Generic[Shown]):
    """What may be shown of a value, and whether that is not all of it."""

    value: Shown
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader who may see facts sees of them. `held` are the reader's own facts as they are now; None stands for
    somebody who reads about themselves.
    """

    held: Facts | None

    def of(self, definition: AttributeDefinition, value: Value) -> Seen[Value]:
        """A rank up to the reader's own, and of a set what the reader is in as well."""
        if self.held is None or definition.category is not Category.SUBJECT:
            return Seen(value)
        mine = self.held.get(definition.qualified, ABSENT)
        if isinstance(value, frozenset):
            common = value & mine if isinstance(mine, frozenset) else frozenset()
            return Seen(common or ABSENT, withheld=common != value)
        if definition.kind is Kind.RANK and isinstance(value, str):
            return Seen(value) if _reaches(definition, mine, value) else Seen(ABSENT, withheld=True)
        return Seen(value)

    def stored(self, definition: AttributeDefinition | None, raw: object) -> Seen[object]:
        """The same for a fact as it is stored. What no definition can read any more is withheld; `None`: nothing is
        left to show.
        """
        if self.held is None:
            return Seen(raw)
        value = definition.fact(raw) if definition is not None else Unknown.MALFORMED
        if definition is None or isinstance(value, Unknown):
            return Seen(None, withheld=True)
        seen = self.of(definition, value)
        if not seen.withheld:
            return Seen(raw)
        return Seen(sorted(seen.value) if isinstance(seen.value, frozenset) else None, withheld=True)


OWN = Sight(None)
NOTHING_HELD = Sight({})


def _reaches(definition: AttributeDefinition, mine: Value, level: str) -> bool:
    levels = definition.values
    return isinstance(mine, str) and {mine, level} <= set(levels) and levels.index(mine) >= levels.index(level)
