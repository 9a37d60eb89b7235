"""How a conversation is written down in `story/*.txt`, and how it is read.

    day 2                      two days before the last one
    08:57 daniel: Some words.  a message; `08:57 daniel [CUI]:` gives it a marking of its own
      more of the same         indented by two spaces: the message goes on, Markdown and all
    + 👍 maya priya            who reacted
    = Better words.            the author changed the message to this
    x                          the author took it back
    > 09:02 tomas: An answer.  an answer in the thread under the last message; goes on with `>   `
    now                        what follows is said while the demo is loaded

The last day ends when the demo is loaded, so the clock of the story is not the clock on the wall: times of day in a
text are moved with the message that they stand in.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

STORIES = Path(__file__).parent / "story"

_DAY = re.compile(r"day (\d+)")
_SAID = re.compile(r"(\d{2}):(\d{2}) (\w+)(?: \[(\w+)\])?: (.*)")
_SAID_NOW = re.compile(r"(\w+)(?: \[(\w+)\])?: (.*)")
_REACTION = re.compile(r"\+ (\S+) (.+)")
_CLOCK = re.compile(r"\b([01]\d|2[0-3]):([0-5]\d)\b")
_MARKINGS = {"U": "UNCLASSIFIED", "CUI": "CUI", "C": "CONFIDENTIAL", "S": "SECRET", "TS": "TOP_SECRET"}


class StoryError(ValueError):
    """A story is not written as it should be; the text names file and line."""


@dataclass(slots=True)
class Line:
    """One message of a story. `days_ago` and `at` are None for what is said now."""

    author: str
    words: list[str]
    marking: str | None = None
    days_ago: int | None = None
    at: time | None = None
    answers: "Line | None" = None
    reactions: list[tuple[str, str]] = field(default_factory=list)
    """Emoji and who."""
    changed_to: str = ""
    taken_back: bool = False

    @property
    def live(self) -> bool:
        return self.at is None

    def moment(self, last_day: datetime) -> datetime:
        """When it was said, if the last day begins at this moment."""
        if self.at is None or self.days_ago is None:
            raise StoryError(f"{self.author} says this now")
        return last_day - timedelta(days=self.days_ago) + timedelta(hours=self.at.hour, minutes=self.at.minute)

    def text(self, last_day: datetime) -> str:
        """The words, with every time of day as it is on the wall."""
        return on_the_wall("\n".join(self.words).rstrip(), last_day)


def on_the_wall(text: str, last_day: datetime) -> str:
    """A text in which the times of day of the story are what they are if the last day begins at this moment."""
    later = timedelta(hours=last_day.hour, minutes=last_day.minute)

    def moved(clock: re.Match[str]) -> str:
        moment = datetime(2000, 1, 1, int(clock[1]), int(clock[2]), tzinfo=UTC) + later
        return f"{moment:%H:%M}"

    return _CLOCK.sub(moved, text)


def read(name: str) -> list[Line]:
    """The messages of a story in the order of time, answers under their message. Raises StoryError."""
    lines: list[Line] = []
    day: int | None = None
    for number, written in enumerate((STORIES / f"{name}.txt").read_text().splitlines(), start=1):
        if written.startswith("#") and not lines:
            continue
        if found := _DAY.fullmatch(written):
            day = int(found[1])
        elif written == "now":
            day = None
        elif not _take(lines, written, day):
            raise StoryError(f"{name}.txt:{number}: {written}")
    return lines


def _take(lines: list[Line], written: str, day: int | None) -> bool:
    """Add what this line says; False if it makes no sense."""
    if message := _message(written, day):
        lines.append(message)
        return True
    if not lines:
        return False
    last = lines[-1]
    root = last.answers or last
    if written.startswith(">"):
        return _answer(lines, root, written, day)
    if written.startswith("  ") or not written:
        last.words.append(written[2:])
    elif found := _REACTION.fullmatch(written):
        root.reactions += [(found[1], who) for who in found[2].split()]
    elif written.startswith("= "):
        root.changed_to = written[2:]
    elif written == "x":
        root.taken_back = True
    else:
        return False
    return True


def _answer(lines: list[Line], root: Line, written: str, day: int | None) -> bool:
    if written.startswith(">   ") and lines[-1].answers is root:
        lines[-1].words.append(written[4:])
        return True
    answer = _message(written.removeprefix("> "), day)
    if answer is None:
        return False
    answer.answers = root
    lines.append(answer)
    return True


def _message(written: str, day: int | None) -> Line | None:
    if day is None:
        said_now = _SAID_NOW.fullmatch(written)
        return Line(said_now[1], [said_now[3]], _MARKINGS.get(said_now[2] or "")) if said_now else None
    said = _SAID.fullmatch(written)
    if said is None:
        return None
    return Line(said[3], [said[5]], _MARKINGS.get(said[4] or ""), day, time(int(said[1]), int(said[2])))
