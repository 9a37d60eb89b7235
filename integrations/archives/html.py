# ruff: noqa: ARG002 - the signatures are the converter's own
"""HTML of a foreign chat as our Markdown: made harmless first, then written so that it reads the same and calls nobody
by accident.

Whatever is not in the list of harmless elements is gone before anything else looks at the text. Pure: no database.
"""

import copy
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

import nh3
from bs4 import BeautifulSoup, Tag
from django.utils.translation import gettext as _
from markdownify import ATX, MarkdownConverter

from rooms import markdown

_BLOCKS = {"p", "div", "blockquote", "pre", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6"}
_TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
_WORDS = {"a", "br", "code", "del", "em", "i", "b", "s", "strong", "span", "img", "video", "time"}
_FORMULAS = {"math", "semantics", "annotation"}
_HARMLESS = _BLOCKS | _TABLES | _WORDS | _FORMULAS
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "class", "data-original-src"},
    "video": {"src"},
    "span": {"class"},
    "div": {"class", "data-code-language"},
    "time": {"datetime"},
    "ol": {"start"},
    "annotation": {"encoding"},
}
_SCHEMES = {"http", "https", "mailto"}
_SILENT = {"script", "style", "iframe", "object", "embed", "noscript", "template", "title", "textarea"}

_CLEANER = nh3.Cleaner(
    tags=_HARMLESS,
    clean_content_tags=_SILENT,
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel=None,
)

_PARAGRAPH = re.compile(r"<p>([^<]*)</p>")
_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_SPAN = re.compile(r"</?span[^>]*>")
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_UPLOAD = re.compile(r"/?user_uploads/")
_FENCES = re.compile(r"`+")
_LANGUAGES = {"bash session": "console", "text only": "text", "c++": "cpp", "c#": "csharp", "objective-c": "objc"}
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,30}")
_EMOJI = re.compile(r"emoji-([0-9a-f]{2,6}(?:-[0-9a-f]{2,6})*)\Z")
_BARE_PIPE = re.compile(r"(?<!\\)\|")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_ESCAPED_IN_LINKS = str.maketrans({char: f"%{ord(char):02X}" for char in " ()<>\\`\t\n\r\"'[]|"})
_ELEMENT = re.compile(r"<[^<>]*>")
_MOST_NESTING = 60
_MOST_TAGS = 8_000
_LONGEST = 200_000
"""What is longer or has more tags than this no chat wrote; a parser of HTML needs the square of the depth."""
_MARKUP = "<&"


@dataclass(frozen=True, slots=True)
class Converted:
    """A body in our Markdown, the user names that it calls, and what was done to it, counted."""

    body: str
    mentioned: frozenset[str] = frozenset()
    notes: Counter[str] = field(default_factory=Counter)


def to_markdown(html: str, usernames: Mapping[str, str]) -> Converted:
    """The message as Markdown. `usernames` tells by which user name a person of this display name is called here.

    A text that would call somebody whom the source did not call is written without any mention at all.
    """
    if len(html) > _LONGEST or html.count("<") > _MOST_TAGS:
        return Converted(_line(_ELEMENT.sub(" ", html.replace("\0", ""))), notes=Counter(plain_text=1))
    clean = _sanitised(html)
    if alone := _PARAGRAPH.fullmatch(clean):
        return Converted(_line(alone[1]))
    if _too_deep(clean):
        return _plainly(clean)
    converted = _converted(clean, usernames)
    if _calls(converted.body) == converted.mentioned:
        return converted
    return _converted(clean, {})


class _Element(Tag):
    """An element that knows its parents by name without the library's general search, which the writer asks of each."""

    def find_parent(self, name: object = None, *rest: Any, **more: Any) -> Tag | None:
        if not isinstance(name, str) or rest or more:
            return super().find_parent(name, *rest, **more)  # type: ignore[arg-type]
        return next((parent for parent in self.parents if parent.name == name), None)


def _parsed(clean: str) -> BeautifulSoup:
    return BeautifulSoup(clean, "html.parser", element_classes={Tag: _Element})


def _converted(clean: str, usernames: Mapping[str, str]) -> Converted:
    notes: Counter[str] = Counter()
    soup = _parsed(clean)
    if "<div" in clean:
        _without_previews(soup, notes)
    writer = _plain.with_names(usernames, notes)
    body = writer.convert_soup(soup).strip()
    return Converted(body or _nothing(), frozenset(writer.mentioned), notes)


def _nothing() -> str:
    return f"*{_('(nothing that can be shown)')}*"


def _sanitised(html: str) -> str:
    text = html.encode("utf-8", "replace").decode().replace("\0", "")
    if not any(char in text for char in _MARKUP):
        return text
    return _PRE.sub(lambda block: _SPAN.sub("", block[0]), _CLEANER.clean(text))


def _too_deep(clean: str) -> bool:
    """Whether elements stand in each other so deep that no chat wrote them; the writer goes down by recursion."""
    if clean.count("</") < _MOST_NESTING:
        return False
    waiting: list[tuple[Tag, int]] = [(_parsed(clean), 0)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _MOST_NESTING:
            return True
        waiting.extend((child, depth + 1) for child in element.children if isinstance(child, Tag))
    return False


def _plainly(clean: str) -> Converted:
    return Converted(_line(nh3.clean(clean, tags=set(), clean_content_tags=_SILENT)), notes=Counter(plain_text=1))


def _line(text: str) -> str:
    """Text without elements, as one line that means nothing but itself."""
    return _plain.escape(" ".join(unescape(text).split()), set()) or _nothing()


def _calls(body: str) -> frozenset[str]:
    """Everybody whom the text calls; anything but a person stands for something that was never meant."""
    if "@" not in body:
        return frozenset()
    return frozenset(called.name if called.kind == "user" else f"{called.kind}:" for called in markdown.mentions(body))


def _without_previews(soup: BeautifulSoup, notes: Counter[str]) -> None:
    """Take out what the source drew for a link by itself, as far as the link stands in the text as well."""
    previews = [div for div in soup.find_all("div", class_=True) if _is_preview(div)]
    if not previews:
        return
    drawn = {id(link) for div in previews for link in div.find_all("a")}
    written = {link.get("href") for link in soup.find_all("a") if id(link) not in drawn}
    for div in previews:
        if div.decomposed:
            continue
        link = div.find("a", href=True)
        if link is None or link["href"] in written:
            div.decompose()
            notes["previews"] += 1
            continue
        link.string = link.get_text().strip() or _file_name(str(link["href"]))
        div.replace_with(link)


def _is_preview(div: Tag) -> bool:
    kinds = div.get_attribute_list("class")
    return any(kind in {"message_embed", "message_inline_image", "inline-preview-twitter"} for kind in kinds)


def _file_name(address: str) -> str:
    return unquote(address.split("?", maxsplit=1)[0].rstrip("/").rpartition("/")[2]) or address


if TYPE_CHECKING:

    class _Converter(MarkdownConverter):
        """The methods of the converter that its own type hints leave out."""

        def escape(self, text: str, parent_tags: set[str]) -> str: ...
        def convert_blockquote(self, el: Tag, text: str, parent_tags: set[str]) -> str: ...
        def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str: ...
        def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str: ...
        def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str: ...
        def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str: ...

else:
    _Converter = MarkdownConverter


class _Writer(_Converter):
    """Writes one message. What it must not write literally it escapes; what it cannot say it explains."""

    class Options:
        heading_style = ATX
        bullets = "-"
        escape_misc = True

    def __init__(self, usernames: Mapping[str, str], notes: Counter[str]) -> None:
        super().__init__(**_OPTIONS)
        self._usernames = usernames
        self._notes = notes
        self.mentioned: set[str] = set()

    def with_names(self, usernames: Mapping[str, str], notes: Counter[str]) -> Self:
        """One for another message; the options are read once for all."""
        other = copy.copy(self)
        vars(other).update(convert_fn_cache={}, _usernames=usernames, _notes=notes, mentioned=set())
        return other

    def escape(self, text: str, parent_tags: set[str]) -> str:
        return super().escape(text, parent_tags).replace("@", r"\@").replace("![", r"\![")

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags:
            return text
        href = str(el.get("href") or "")
        if _UPLOAD.match(href):
            return self._gone(text.strip() or self.escape(_file_name(href), parent_tags))
        label = text.strip()
        if not _LINK.match(href) or not label:
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        if el.get_text().strip() == href and not any(char in href for char in " <>\\|\n\t"):
            return f"{before}<{href}>{after}"
        target = href.translate(_ESCAPED_IN_LINKS).replace("&", r"\&").replace("*", r"\*").replace("_", r"\_")
        return f"{before}[{label}]({target}){after}"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        source = str(el.get("data-original-src") or el.get("src") or "")
        name = str(el.get("alt") or "")
        if "emoji" in el.get_attribute_list("class"):
            return self.escape(name, parent_tags)
        if el.find_parent("a") is not None:
            return self.escape(name or _file_name(source), parent_tags)
        if _LINK.match(source):
            return f"[{self.escape(name or _file_name(source), parent_tags)}]({source.translate(_ESCAPED_IN_LINKS)})"
        return self._gone(self.escape(name or _file_name(source), parent_tags))

    def convert_video(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return self.convert_img(el, text, parent_tags)

    def _gone(self, name: str) -> str:
        self._notes["uploads_gone"] += 1
        return f"{name} *{_('(this file is not in the archive)')}*"

    def convert_span(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        kinds = el.get_attribute_list("class")
        if "user-mention" in kinds:
            return self._mention(el, text, silent="silent" in kinds)
        if "emoji" in kinds:
            return self._emoji(kinds) or text
        if "katex" in kinds or "katex-display" in kinds:
            return self._formula(el)
        return text

    def _mention(self, el: Tag, text: str, *, silent: bool) -> str:
        name = el.get_text().strip().removeprefix("@")
        username = self._usernames.get(name)
        if silent or username is None:
            self._notes["mentions_as_text"] += not silent
            return f"**{text.strip()}**" if text.strip() else ""
        self._notes["mentions"] += 1
        self.mentioned.add(username)
        return f"@{username}"

    def _emoji(self, kinds: list[str]) -> str:
        for kind in kinds:
            if found := _EMOJI.match(kind or ""):
                codes = [int(code, 16) for code in found[1].split("-")]
                return "".join(map(chr, codes)) if max(codes) < 0x110000 else ""  # noqa: PLR2004 - the end of Unicode
        return ""

    def _formula(self, el: Tag) -> str:
        source = el.find("annotation")
        return self.convert_code(el, f"${source.get_text().strip()}$", set()) if source else el.get_text()

    def convert_time(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        try:
            moment = datetime.fromisoformat(str(el.get("datetime")))
        except ValueError:
            return text
        return f"{moment:%Y-%m-%d %H:%M} {'UTC' if moment.utcoffset() is not None else ''}".strip()

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        kinds = el.get_attribute_list("class")
        if "spoiler-header" in kinds:
            return f"\n\n**{_('Spoiler')}** {text.strip()}\n\n"
        if "spoiler-block" in kinds:
            self._notes["spoilers"] += 1
            return self.convert_blockquote(el, text, parent_tags)
        return super().convert_div(el, text, parent_tags)

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        code = text.strip("\n")
        fence = "`" * max(3, 1 + max(map(len, _FENCES.findall(code)), default=0))
        return f"\n\n{fence}{_language_of(el)}\n{code}\n{fence}\n\n"

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        around = el.parent
        start = around.get("start") if around is not None else None
        if around is not None and start is not None and not _NUMBER.match(str(start)):
            del around["start"]
        return super().convert_li(el, text, parent_tags)

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return super().convert_td(el, _BARE_PIPE.sub(r"\|", text), parent_tags)

    convert_th = convert_td


_OPTIONS = {name: value for name, value in vars(_Writer.Options).items() if not name.startswith("_")}
_plain = _Writer({}, Counter())


def _language_of(pre: Tag) -> str:
    box = pre.parent
    named = str(box.get("data-code-language") or "").lower() if box is not None else ""
    found = _LANGUAGE.match(_LANGUAGES.get(named, named))
    return found[0] if found else ""
