"""What an archive holds, and what became of each piece of it: the two sides of every line are equal, or it says so."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Fate(StrEnum):
    """What became of one piece."""

    IMPORTED = "imported"
    STANDING = "standing"
    REPEATED = "repeated"
    CHANGED = "changed"
    JOINED = "joined"
    EMPTY = "empty"
    REFUSED = "refused"
    TO_JUDGE = "to_judge"
    CLOSED = "closed"
    PRIVATE = "private"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"


WHY = {
    Fate.REPEATED: gettext_lazy("met before in the archive; each belongs to where it is met first"),
    Fate.CHANGED: gettext_lazy("changed at their source since they came here, and kept as they were"),
    Fate.JOINED: gettext_lazy("joined with another topic of the same title"),
    Fate.EMPTY: gettext_lazy("without any message"),
    Fate.REFUSED: gettext_lazy("refused by what the room requires or by a rule of the workspace"),
    Fate.TO_JUDGE: gettext_lazy("to be judged when it comes in, by what the room requires and the workspace's rules"),
    Fate.CLOSED: gettext_lazy("for a room that takes no messages"),
    Fate.PRIVATE: gettext_lazy("a private room of that name is here"),
    Fate.TOO_LONG: gettext_lazy("longer than a message may be"),
    Fate.MALFORMED: gettext_lazy("not in the form of a message"),
    Fate.UNREADABLE: gettext_lazy("not readable as JSON"),
}


@dataclass(slots=True)
class Line:
    """One kind of thing: how many there are in the source, and how many met which fate."""

    source: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)

    @property
    def balanced(self) -> bool:
        return self.source == self.fates.total()

    @property
    def left_out(self) -> int:
        return self.fates.total() - self.fates[Fate.IMPORTED] - self.fates[Fate.STANDING]


@dataclass(slots=True)
class Reconciliation:
    """The account of one run. `notes` are things worth knowing that leave nothing out."""

    channels: Line = field(default_factory=Line)
    topic_files: Line = field(default_factory=Line)
    authors: Line = field(default_factory=Line)
    memberships: Line = field(default_factory=Line)
    messages: Line = field(default_factory=Line)
    distinct_messages: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Mapping[str, Line]:
        return {
            _("channels"): self.channels,
            _("topic files"): self.topic_files,
            _("authors"): self.authors,
            _("memberships"): self.memberships,
            _("messages"): self.messages,
        }

    @property
    def balanced(self) -> bool:
        return all(line.balanced for line in self.lines().values())

    def counts(self) -> dict[str, int]:
        """Every figure by name, for the record."""
        kinds = ("channels", "topic_files", "authors", "memberships", "messages")
        counts = {"distinct_messages": self.distinct_messages}
        for kind in kinds:
            line = getattr(self, kind)
            counts[f"{kind}:source"] = line.source
            counts |= {f"{kind}:{fate.value}": number for fate, number in line.fates.items() if number}
        return counts


NOTES = {
    "dotted_files": gettext_lazy("topic files have names that begin with a dot"),
    "dotted_messages": gettext_lazy("messages stand in those files"),
    "shared_names": gettext_lazy("authors' names belong to more than one account; each name is one placeholder"),
    "other_files": gettext_lazy("files are no topics"),
    "missing_topics": gettext_lazy("topics are listed in the index, and no file holds them"),
    "index_missing": gettext_lazy("index is missing or cannot be read; channels are named by their folders"),
    "unequal_topics": gettext_lazy("topics have another size than the index says"),
    "governed_rooms": gettext_lazy("rooms have a requirement"),
    "mentions": gettext_lazy("mentions call a placeholder"),
    "mentions_as_text": gettext_lazy("mentions name somebody who wrote nothing, or everybody; they stay as text"),
    "uploads_gone": gettext_lazy("files are not in the archive; a note stands in their place"),
    "previews": gettext_lazy("drawings of links were left out; the links are there"),
    "spoilers": gettext_lazy("spoilers are quotations now"),
    "plain_text": gettext_lazy("messages were too deeply nested, and are plain text now"),
}


def as_text(account: Reconciliation) -> Iterator[str]:
    """The account as lines for a terminal."""
    header = (_("in the archive"), _("imported"), _("here before"), _("left out"), "")
    yield f"{'':14}" + "".join(f"{title:>16}" for title in header).rstrip()
    for name, line in account.lines().items():
        figures = (line.source, line.fates[Fate.IMPORTED], line.fates[Fate.STANDING], line.left_out)
        verdict = "" if line.balanced else "  " + _("DOES NOT ADD UP")
        yield f"{name:14}" + "".join(f"{figure:>16,}" for figure in figures) + verdict
    yield _("The archive holds %(distinct)s distinct messages.") % {"distinct": f"{account.distinct_messages:,}"}
    yield from _left_out(account)
    for name, number in sorted(account.notes.items()):
        if number:
            yield f"  {number:>8,} {NOTES[name]}"


def _left_out(account: Reconciliation) -> Iterator[str]:
    for name, line in account.lines().items():
        for fate in sorted(line.fates):
            if fate in WHY and line.fates[fate]:
                yield f"  {line.fates[fate]:>8,} {name} {_('left out')}: {WHY[fate]}"
