"""The server and the web client read a message the same way (R19)."""

import json
import random
import subprocess
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


def test_the_modules_of_the_client_pass_their_own_tests():
    node = need(NODE)

    run = subprocess.run(
        [node, "--import", "./tests/web/unit/resolve.mjs", "--test", *sorted((HERE / "unit").glob("*.test.mjs"))],
        capture_output=True, text=True, check=False, cwd=HERE.parent.parent,
    )  # fmt: skip

    assert run.returncode == 0, run.stdout[-6000:]
