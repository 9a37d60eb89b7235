"""Message text as a tree, the same that the web client builds in `static/chat/markdown.js` (R19).

The server reads it for mentions, previews and portions; it never makes HTML. `tests/fixtures/markdown.json` holds both
sides to one tree: whoever changes a rule here changes it there. Pure: no Django, no I/O.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.token import Token

Node = dict[str, Any]

# Languages disagree on what is white space at the edge of a line; as plain spaces these are the same to all.
_ODD_SPACES = re.compile(
    "[\u000b\u000c\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
)
_LINKABLE = re.compile(r"^(?:https?://|mailto:)", re.IGNORECASE | re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,30}")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,148}[A-Za-z0-9_-])?"
_FOUND = re.compile(
    r"(https?://[A-Za-z0-9\[][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)"
    rf"|(?<![A-Za-z0-9_@/.:+-])@(?:(group):)?({_NAME})"
)
_MAX_NESTING = 20
_TOO_DEEP = _MAX_NESTING - 2
_LONGEST_ADDRESS = 2_048
_MOST_CELLS = 2_000
"""Of all tables of one message; a short text could make a hundred thousand of them. What is beyond is text."""
_TRAILING = frozenset(".,;:!?'\"*_")
_COLUMN = re.compile("-+")
_ALIGN = re.compile(r"text-align:(\w+)")
_BLOCKS = frozenset({"paragraph", "heading", "quote", "list", "item", "table", "head", "body", "row"})


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    """A table as far as the message may still have cells."""
    columns = _columns(state, start + 1) if start + 1 < end else 0
    left = _MOST_CELLS - int(state.env.get("cells", 0))
    if not 0 < columns <= left:
        return False
    found = table(state, start, min(end, start + 1 + left // columns), silent)
    if found and not silent:
        state.env["cells"] = _MOST_CELLS - left + columns * (state.line - start - 1)
    return found


def _columns(state: StateBlock, line: int) -> int:
    """How many columns the line under the head of a table rules off: each is one run of dashes."""
    return len(_COLUMN.findall(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]))


class _Parser(MarkdownIt):
    """CommonMark with tables and strikethrough; without HTML, images and hidden link definitions."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": _MAX_NESTING})
        self.enable(["table", "strikethrough"])
        self.disable(["image", "html_block", "html_inline", "reference", "text_join"])
        self.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's own name for it
        return len(url) <= _LONGEST_ADDRESS and bool(_LINKABLE.match(url))

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the parser's own name for it
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the parser's own name for it
        return link


_parser = _Parser()


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody addressed in a text: `kind` is `user`, `group` or `room`; `name` is as it was written."""

    kind: str
    name: str


def tree(md: str) -> list[Node]:
    """The blocks of a message, each a plain dictionary with `type` and what belongs to that type."""
    text = _ODD_SPACES.sub(" ", md)
    tokens = _parser.parse(text)
    return _literal(text) if any(token.level >= _TOO_DEEP for token in tokens) else _build(tokens)


def _literal(text: str) -> list[Node]:
    """As written: what the parser would drop for its depth must not vanish from sight."""
    children: list[Node] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text)):
        children += [{"type": "break"}] if number else []
        children += _text(line)
    return [{"type": "paragraph", "children": children}]


def mentions(md: str) -> list[Mention]:
    """Who is mentioned, each once, in order of appearance; code and link texts do not count."""
    found = (Mention(node["kind"], node["name"]) for node in _walk(tree(md)) if node["type"] == "mention")
    return list(dict.fromkeys(found))


def plain(md: str) -> str:
    """The text alone, for a preview or a notification."""
    return "\n".join(_flat(node) for node in tree(md))


def _walk(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.get("children", []))


def _align(token: Token) -> str:
    match = _ALIGN.search(str(token.attrGet("style") or ""))
    return match[1] if match else ""


def _code(token: Token, language: str) -> list[Node]:
    return [{"type": "code", "language": language, "text": token.content.removesuffix("\n")}]


def _language(token: Token) -> str:
    match = _LANGUAGE.match(token.info.strip())
    return match[0] if match else ""


def _start(token: Token) -> int:
    start = token.attrGet("start")
    return 1 if start is None else int(start)


_OPENS: dict[str, Callable[[Token], Node]] = {
    "paragraph_open": lambda token: {"type": "paragraph"} | ({"tight": True} if token.hidden else {}),
    "heading_open": lambda token: {"type": "heading", "level": int(token.tag[1:])},
    "blockquote_open": lambda _: {"type": "quote"},
    "bullet_list_open": lambda _: {"type": "list", "ordered": False},
    "ordered_list_open": lambda token: {"type": "list", "ordered": True, "start": _start(token)},
    "list_item_open": lambda _: {"type": "item"},
    "table_open": lambda _: {"type": "table"},
    "thead_open": lambda _: {"type": "head"},
    "tbody_open": lambda _: {"type": "body"},
    "tr_open": lambda _: {"type": "row"},
    "th_open": lambda token: {"type": "cell", "align": _align(token)},
    "td_open": lambda token: {"type": "cell", "align": _align(token)},
    "em_open": lambda _: {"type": "em"},
    "strong_open": lambda _: {"type": "strong"},
    "s_open": lambda _: {"type": "strike"},
    "link_open": lambda token: {"type": "link", "href": token.attrGet("href")},
}

_LEAVES: dict[str, Callable[[Token], list[Node]]] = {
    "text_special": lambda token: _text(token.content),
    "code_inline": lambda token: [{"type": "code_span", "text": token.content}],
    "softbreak": lambda _: [{"type": "break"}],
    "hardbreak": lambda _: [{"type": "break"}],
    "hr": lambda _: [{"type": "rule"}],
    "fence": lambda token: _code(token, _language(token)),
    "code_block": lambda token: _code(token, ""),
}


def _build(tokens: list[Token]) -> list[Node]:
    root: Node = {"type": "root", "children": []}
    stack = [root]
    for token in tokens:
        children = stack[-1]["children"]
        if token.nesting == 1:
            node = _OPENS[token.type](token) | {"children": []}
            children.append(node)
            stack.append(node)
        elif token.nesting == -1:
            stack.pop()
        elif token.type == "inline":
            children.extend(_build(token.children or []))
        elif token.type == "text":
            inside_link = any(node["type"] == "link" for node in stack)
            children.extend(_text(token.content) if inside_link else _found(token.content))
        else:
            children.extend(_LEAVES[token.type](token))
    return _joined(root["children"])


def _text(text: str) -> list[Node]:
    return [{"type": "text", "text": text}] if text else []


def _found(text: str) -> list[Node]:
    """Bare addresses and mentions inside plain text."""
    nodes: list[Node] = []
    at = 0
    while match := _FOUND.search(text, at):
        nodes.extend(_text(text[at : match.start()]))
        url, group, name = match.groups()
        if url:
            href = _trimmed(url)
            is_link = len(href) <= _LONGEST_ADDRESS
            nodes.extend([{"type": "link", "href": href, "children": _text(href)}] if is_link else _text(href))
            at = match.start() + len(href)
        else:
            nodes.append({"type": "mention", "kind": group or ("room" if name == "room" else "user"), "name": name})
            at = match.end()
    nodes.extend(_text(text[at:]))
    return nodes


def _trimmed(url: str) -> str:
    """Punctuation that ends the sentence is no part of the address; nor is a bracket that it never opened."""
    unopened = {")": url.count(")") - url.count("("), "]": url.count("]") - url.count("[")}
    end = len(url)
    while url[end - 1] in _TRAILING or unopened.get(url[end - 1], 0) > 0:
        end -= 1
        if url[end] in unopened:
            unopened[url[end]] -= 1
    return url[:end]


def _joined(nodes: list[Node]) -> list[Node]:
    """Neighbouring texts are one text, whatever way the parser cut them."""
    result: list[Node] = []
    for node in nodes:
        if "children" in node:
            node["children"] = _joined(node["children"])
        if node["type"] == "text" and result and result[-1]["type"] == "text":
            result[-1]["text"] += node["text"]
        elif node["type"] != "text" or node["text"]:
            result.append(node)
    return result


def _flat(node: Node) -> str:
    if node["type"] in {"text", "code_span", "code"}:
        return str(node["text"])
    if node["type"] == "break":
        return "\n"
    if node["type"] == "mention":
        return f"@group:{node['name']}" if node["kind"] == "group" else f"@{node['name']}"
    children = node.get("children", [])
    if node["type"] == "row":
        return " | ".join(_flat(child) for child in children)
    between = "\n" if any(child["type"] in _BLOCKS for child in children) else ""
    return between.join(_flat(child) for child in children)
