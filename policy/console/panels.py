"""Blocks below an object or on a page: a titled table with what may be done to its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may be done from here: a link to the page that asks, or a form of one button."""

    label: Text
    url: str
    tone: str = ""
    at_once: bool = False
    """Whether the button does it itself; otherwise its page asks or warns first."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled table. `empty` is what stands there instead of no rows."""

    title: Text
    columns: Sequence[Text] = ()
    rows: Sequence[Sequence[object]] = ()
    empty: Text = ""
    hint: Text = ""
    offers: Sequence[Offer] = ()
    template: str = "console/panel_table.html"
    extra: dict[str, object] = field(default_factory=dict)
    """What a template of its own needs besides."""
