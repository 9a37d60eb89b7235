"""The pages that describe the socket and the code that speaks on it are one thing."""

import json
import re
from pathlib import Path
from typing import Union

import msgspec
import pytest

from rooms.asyncapi import document
from rooms.frames import CLIENT_FRAMES, Close, Request, encode, parse
from rooms.outgoing import RESULTS, SERVER_FRAMES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "websocket.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.+?)\n```", PAGE, flags=re.DOTALL)
_server = msgspec.json.Decoder(Union[SERVER_FRAMES])  # noqa: UP007 — built from the table
_FROM_CLIENT = {frame.__struct_config__.tag for frame in CLIENT_FRAMES}


def test_the_asyncapi_document_is_what_the_code_says():
    assert json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8")) == document(), (
        "run: manage.py asyncapi > docs/asyncapi.json"
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_frame_of_the_contract(example):
    kind = json.loads(example)["t"]

    read = parse(example) if kind in _FROM_CLIENT else _server.decode(example)

    assert json.loads(encode(read))["t"] == kind


def test_the_page_lists_every_close_code():
    for code in Close:
        assert re.search(rf"^\| {code.value} \|.*\| {'yes' if code.resumable else 'no'} \|$", PAGE, flags=re.MULTILINE)


def test_every_answer_belongs_to_a_request():
    assert set(RESULTS) <= set(Request.__subclasses__())
