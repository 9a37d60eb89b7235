"""The pages tell what there is: no link leads nowhere, no variable and no command is without its words."""

import re
from collections.abc import Iterator
from pathlib import Path

from chatapp.env import DATABASE_VARIABLES
from tests.house.sources import ROOT, modules, named

PAGES = [ROOT / "README.md", ROOT / "THREAT_MODEL.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md")]
OTHERS = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py"), ROOT / ".ci" / "run", ROOT / "Makefile"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
MARK = re.compile(r"\b(?:R|(?:AD|AU|CH|DL|ID|IN|KE|OP|PO|SG)-)\d{1,2}\b")
MARKS = ROOT / "docs" / "marks.md"
VARIABLE = re.compile(r"\bCORDON(?:_[A-Z0-9]+)+\b(?!_)")


def anchors(page: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in HEADING.findall(page.read_text())}


def leads_nowhere(page: Path, text: str) -> Iterator[str]:
    """The links of a page to a file, or to a heading, that is not there."""
    for link in LINK.findall(text):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def variables(paths: list[Path]) -> set[str]:
    return {name for path in paths for name in VARIABLE.findall(path.read_text())}


def test_every_link_leads_somewhere():
    dead = {named(page): found for page in PAGES if (found := list(leads_nowhere(page, page.read_text())))}

    assert len(PAGES) > 20
    assert dead == {}


def test_a_link_to_nothing_is_found():
    here = "[page](overview.md) [part](overview.md#processes) [far](https://example.org/)"
    gone = "[page](gone.md) [part](audit.md#x)"

    assert list(leads_nowhere(ROOT / "docs" / "keys.md", here + gone)) == ["gone.md", "audit.md#x"]


def test_every_variable_is_told_and_none_that_nobody_reads():
    read = variables([*modules(), *OTHERS]) | set(DATABASE_VARIABLES.values())
    told = variables(PAGES)

    assert {name for name in read if name.startswith("CORDON_")} - told == set()
    assert told - read == set()


def test_every_command_is_told():
    told = "\n".join(page.read_text() for page in PAGES)
    commands = {path.stem for path in modules() if path.parent.name == "commands"} - {"__init__"}

    assert len(commands) > 10
    assert {name for name in commands if not re.search(rf"manage\.py {name}\b", told)} == set()


def test_every_mark_that_is_cited_is_explained_once_and_no_other():
    cited = {mark for path in [*modules(), *OTHERS, *PAGES] if path != MARKS for mark in MARK.findall(path.read_text())}
    explained = re.findall(rf"^\| ({MARK.pattern}) \|", MARKS.read_text(), re.MULTILINE)

    assert cited - set(explained) == set()
    assert sorted(set(explained) - cited) == []
    assert len(explained) == len(set(explained))
    assert [path for path in re.findall(r"`(\w+(?:/[\w.]+)+)`", MARKS.read_text()) if not (ROOT / path).exists()] == []
