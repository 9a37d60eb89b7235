"""How markings look: the colour of the bar and the abbreviation of each level of the common US set (tokens.css)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """`name` is the class of the bar: u, cui, c, s, ts, sci, unk; a marking that is not known gets the loudest."""

    short: str
    name: str


_BARS = {
    "UNCLASSIFIED": Bar("U", "u"),
    "CUI": Bar("CUI", "cui"),
    "CONFIDENTIAL": Bar("C", "c"),
    "SECRET": Bar("S", "s"),
    "TOP_SECRET": Bar("TS", "ts"),
    "TOP SECRET": Bar("TS", "ts"),
    "TOP_SECRET_SCI": Bar("TS//SCI", "sci"),
}


def written(marking: str) -> str:
    """A marking as its authority writes it; underscores only stand in names."""
    return (
        f"{marking.removesuffix('_SCI')}//SCI".replace("_", " ")
        if marking.endswith("_SCI")
        else marking.replace("_", " ")
    )


def bar_of(marking: str) -> Bar:
    return _BARS.get(marking, Bar(marking, "unk"))
