"""The server and the web client read a message the same way (R19)."""

import json
import random
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from rooms.markdown import mentions, plain, tree
from tests.parts import Part, need

HERE = Path(__file__).parent
NODE = Part("node", ("node",), "apt-get install nodejs, version 20 or later")
CASES = json.loads((HERE.parent / "fixtures" / "markdown.json").read_text())
_PIECES = [
    *[
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "```py\n",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "# ",
        "a",
        "foo",
        " ",
        "    ",
        "\t",
    ],
    *[
        "[x](http://a.b)",
        "[",
        "](",
        ")",
        "]",
        "https://e.x.",
        "<https://a.b>",
        "<b>",
        "&amp;",
        "&#64;ada",
        "\\*",
        "\\@ada",
    ],
    *[
        "@ada",
        "@group:ops",
        "@room",
        "| a | b |\n|---|:-:|\n| 1 | 2 |\n",
        "|",
        "---",
        "é",
        "😀",
        "“",
        "\u00a0",
        "\u2028",
    ],
    *[
        "![i](http://x)",
        "[a]: http://b\n",
        "\\\n",
        "\x00",
        "\r\n",
        "[y](javascript:x)",
        "[t](<http://q w>)",
        "> > > > > > ",
    ],
]
HOSTILE = {
    name: text[:16_000]
    for name, text in {
        "closing brackets": "@x https://a" + ")" * 15_980,
        "closing brackets and points": "https://a" + "])!." * 4_000,
        "points within": "https://a" + "!" * 8_000 + "a" + "!" * 7_000,
        "a long address": "[a](https://" + "a" * 15_900 + ")",
        "a tall table": "|a|\n|-|\n" + "|\n" * 7_000,
        "a wide table": "|" * 1_001 + "\n" + "|-" * 1_000 + "|\n" + "|\n" * 6_000,
        "many tables": ("|" * 46 + "\n" + "|-" * 45 + "|\n" + "|\n" * 43 + "\n") * 60,
        "a table in each quote": (">|a|b|\n>|-|-|\n" + ">|\n" * 40 + "\n") * 120,
        "rules of tables": "|-|\n" * 4_000,
        "opening brackets": "[" * 16_000,
        "lines of brackets": "[\n" * 8_000,
        "links in links": "[[a](https://b)](" * 900,
        "addresses begun": "[a](" * 4_000,
        "emphasis": "[*a_b~~`" * 2_000,
        "stars": "**a*" * 4_000,
        "ticks": "".join("`" * length + "a" for length in range(1, 178)),
        "quotes": "> " * 8_000,
        "items": "- a\n" * 4_000,
        "deep items": "\n".join("  " * depth + "- a" for depth in range(120)),
        "names": "@a " * 5_333,
        "names with points": ("@a" + "." * 150 + " ") * 105,
        "entities": "&#64;" * 3_200,
    }.items()
}
"""As much as one message may hold, made to be slow to read."""
LONGEST_WORK = 1.0
"""Seconds of the processor; what these shapes guard against took two to seven."""
_READ_TIMED = """
import { readFileSync } from 'node:fs';
import { tree } from './static/chat/markdown.js';
const read = (md) => {
  const before = process.cpuUsage();
  const nodes = tree(md);
  return { nodes, seconds: process.cpuUsage(before).user / 1e6 };
};
const texts = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(Object.fromEntries(Object.entries(texts).map(([name, md]) => [name, read(md)]))));
"""
_READ = """
import { readFileSync } from 'node:fs';
import { tree } from './static/chat/markdown.js';
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((md) => tree(md))));
"""


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_server_reads_a_message_as_the_fixture_says(case):
    assert tree(case["md"]) == case["tree"]
    assert [asdict(mention) for mention in mentions(case["md"])] == case["mentions"]
    assert plain(case["md"]) == case["plain"]


def test_the_client_reads_a_thousand_odd_texts_like_the_server():
    node = need(NODE)
    dice = random.Random(19)
    texts = ["".join(dice.choices(_PIECES, k=dice.randint(1, 14))) for _ in range(1000)]

    answer = subprocess.run(
        [node, "--import", "./tests/web/unit/resolve.mjs", "--input-type=module", "--eval", _READ],
        input=json.dumps(texts), capture_output=True, text=True, check=True, cwd=HERE.parent.parent,
    )  # fmt: skip

    assert json.loads(answer.stdout) == [tree(text) for text in texts]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_message_is_long_work_for_the_server(name):
    before = time.process_time()

    tree(HOSTILE[name])

    assert time.process_time() - before < LONGEST_WORK


def test_no_message_is_long_work_for_the_client_and_it_reads_each_like_the_server():
    answer = subprocess.run(
        [need(NODE), "--import", "./tests/web/unit/resolve.mjs", "--input-type=module", "--eval", _READ_TIMED],
        input=json.dumps(HOSTILE), capture_output=True, text=True, check=True, cwd=HERE.parent.parent,
    )  # fmt: skip

    read = json.loads(answer.stdout)
    assert [name for name in HOSTILE if read[name]["nodes"] != tree(HOSTILE[name])] == []
    assert {name: one["seconds"] for name, one in read.items() if one["seconds"] > LONGEST_WORK} == {}


@pytest.mark.parametrize("name", ["a tall table", "a wide table", "many tables"])
def test_a_message_has_so_many_cells_and_the_rest_is_text(name):
    def cells(nodes) -> int:
        return sum((node["type"] == "cell") + cells(node.get("children", [])) for node in nodes)

    assert 1_900 < cells(tree(HOSTILE[name])) <= 2_000
    assert plain(HOSTILE[name]).rstrip().endswith("|")


def test_the_modules_of_the_client_pass_their_own_tests():
    node = need(NODE)

    run = subprocess.run(
        [node, "--import", "./tests/web/unit/resolve.mjs", "--test", *sorted((HERE / "unit").glob("*.test.mjs"))],
        capture_output=True, text=True, check=False, cwd=HERE.parent.parent,
    )  # fmt: skip

    assert run.returncode == 0, run.stdout[-6000:]
