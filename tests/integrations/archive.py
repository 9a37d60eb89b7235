"""Archives in the layout of zulip-archive, made on the spot. `python tests/integrations/archive.py` writes
the small one.

It has what the layout makes difficult and nothing else: names that begin with a dot, a topic that stands under two
channels, two people of one name and two whose names differ in case alone, odd characters, HTML that is no friend.
"""

import io
import json
import lzma
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

SMALL = Path(__file__).resolve().parents[1] / "fixtures" / "zulip-small.tar.xz"
START = 1_700_000_000

GENERAL, OPS, NIGHT = (101, "general"), (102, "flight ops"), (103, "night/shift")
TWICE = [
    {"id": 11, "sender_full_name": "Ada Byron", "content": "<p>Moved from one channel to another.</p>"},
    {"id": 12, "sender_full_name": "Bo", "content": "<p>Twice here, once there.</p>"},
]
NASTY = (
    '<p onclick="steal()">Look <a href="javascript:steal()">here</a><script>steal()</script>'
    '<img src="x" onerror="steal()"></p><iframe src="https://evil.example"></iframe><style>p{}</style>'
)
CODE = (
    '<div class="codehilite" data-code-language="Rust"><pre><span></span><code><span class="k">let</span> '
    'fence <span class="o">=</span> "```";\n</code></pre></div>'
)
QUOTES = (
    '<p><span class="user-mention silent" data-user-id="1">Bo</span> <a href="#narrow/near/11">said</a>:</p>'
    "<blockquote><p>outer</p><blockquote><p>inner</p></blockquote></blockquote><p>Yes.</p>"
)
MENTION = (
    '<p><span class="user-mention" data-user-id="1">@Bo</span> and '
    '<span class="user-mention" data-user-id="*">@all</span>, not me@example.org or @Bo.</p>'
)
SHARED = '<p><span class="user-mention" data-user-id="7">@Bo</span> is another Bo.</p>'
UPLOAD = (
    '<p><a href="/user_uploads/9/x/plan.pdf">plan.pdf</a></p><div class="message_inline_image">'
    '<a href="/user_uploads/9/x/plan.pdf" title="plan.pdf"><img src="/user_uploads/9/x/plan.pdf"></a></div>'
)
EMOJI = '<p>Go <span aria-label="rocket" class="emoji emoji-1f680" role="img" title="rocket">:rocket:</span></p>'
SPOILER = (
    '<div class="spoiler-block"><div class="spoiler-header"><p>Answer</p></div>'
    '<div class="spoiler-content" aria-hidden="true"><p>42</p></div></div>'
)

CHANNELS: dict[tuple[int, str], dict[str, list[dict[str, Any]]]] = {
    GENERAL: {
        "hello": [
            {"id": 1, "sender_full_name": "Ada Byron", "content": "<p>First words.</p>"},
            {"id": 5, "sender_full_name": "Bo", "content": NASTY},
            {"id": 9, "sender_full_name": "bo", "content": "<p>I am the other one, in small letters.</p>"},
        ],
        ".hidden [topic]": [{"id": 2, "sender_full_name": "Bo", "content": CODE}],
        "moved": TWICE,
        "Moved": [{"id": 13, "sender_full_name": "Ada Byron", "content": "<p>A topic that differs in case.</p>"}],
        "✔ done / 100%": [{"id": 3, "sender_full_name": "Zoë \u200b张", "content": QUOTES}],
    },
    OPS: {
        "moved": TWICE,
        "mentions": [
            {"id": 4, "sender_full_name": "Ada Byron", "content": MENTION},
            {"id": 6, "sender_full_name": "Ada Byron", "content": SHARED},
            {"id": 7, "sender_full_name": "Bo", "content": UPLOAD},
        ],
        "half moved": [TWICE[0], {"id": 14, "sender_full_name": "Bo", "content": EMOJI}],
    },
    NIGHT: {
        "(no topic)": [
            {"id": 8, "sender_full_name": "Night bot", "content": SPOILER},
            {"id": 10, "sender_full_name": "Night bot", "content": ""},
        ],
        "nothing": [],
    },
}


def escaped(name: str) -> str:
    """A name as zulip-archive makes a file name of it."""
    return quote(name, safe="").replace(".", "%2E").replace("%", ".")


def folder(channel: tuple[int, str]) -> str:
    return f"zulip_json/{channel[0]}-{escaped(channel[1].replace(' ', '-'))}"


def rows(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages with a time: an hour for each id, so that ids and times agree."""
    return [{"timestamp": START + 3600 * message["id"], **message} for message in messages]


def files(channels: Mapping[tuple[int, str], Mapping[str, list[dict[str, Any]]]] = CHANNELS) -> dict[str, bytes]:
    """Path and content of every file of an archive."""
    found = {
        f"{folder(channel)}/{escaped(topic)}.json": json.dumps(rows(messages)).encode()
        for channel, topics in channels.items()
        for topic, messages in topics.items()
    }
    streams = {
        name: {
            "id": number,
            "latest_id": 0,
            "topic_data": {t: {"latest_date": 0, "size": len(m)} for t, m in topics.items()},
        }
        for (number, name), topics in channels.items()
    }
    return found | {"zulip_json/stream_index.json": json.dumps({"streams": streams, "time": 0}).encode()}


def packed(path: Path, contents: Mapping[str, bytes], *odd: tarfile.TarInfo) -> Path:
    """A .tar.xz of these files, and of headers that no honest archive has."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in odd:
            tar.addfile(member, io.BytesIO(b"\0" * member.size))
    path.write_bytes(lzma.compress(whole.getvalue()))
    return path


def many(count: int) -> dict[str, bytes]:
    """An archive of one channel with so many messages in a few topics."""
    topics: dict[str, list[dict[str, Any]]] = {f"topic {number}": [] for number in range(7)}
    for number in range(1, count + 1):
        sender = f"Person {number % 23}"
        topics[f"topic {number % 7}"].append(
            {"id": number, "sender_full_name": sender, "content": f"<p>Number <b>{number}</b>.</p>"}
        )
    return files({(500, "crowd"): topics})


def words(text: str) -> str:
    """Text without the forms of blanks."""
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    packed(SMALL, files())
