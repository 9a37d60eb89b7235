"""Whatever a person reads goes through translation: `t()` in the client, gettext in templates and in Python."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, modules, named, tree

CLIENT = [path for part in ("chat", "console", "sign-in") for path in (ROOT / "static" / part).rglob("*.js")]
CATALOGUE = ROOT / "static" / "chat" / "locale" / "en.js"
KEYBOARD = re.compile(r"<kbd[^>]*>.*?</kbd>|<code[^>]*>.*?</code>", re.DOTALL)
IN_MARKUP = re.compile(r"(?<![=\s])>([^<>`${}=;()&|]*[A-Za-z]{2}[^<>`${}=;()&|]*)<(?=[/a-z$])")
ATTRIBUTE = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"${]*[A-Za-z]{3}[^"]*)"')
SENTENCE = re.compile(r"""(?<![\w.])(['"])([A-Z][a-z]+ [a-z][^'"\n]{3,})\1""")
NOT_SHOWN = re.compile(
    r"{#.*?#}|<script.*?</script>|{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}"
    r"|{% block bodyclass %}.*?{% endblock %}",
    re.DOTALL,
)
NAMES = {"Cordon", "UTC", "Chrome, Edge, Chromium 123", "Firefox 120", "Safari 17.5"}
"""Of products and of clocks: the same in every language."""

REFUSALS = {
    "Conflict",
    "Invalid",
    "KeyMissing",
    "NotFound",
    "RateLimited",
    "Unavailable",
    "ValidationError",
    "add_error",
}
SCREENS = {"Button", "Offer", "Panel", "link", "muted", "status", "tag", "two_lines"}
KEYWORDS = {"description", "empty", "help_text", "hint", "label", "remedy", "verbose_name", "warns"}


def bare_in_client(text: str) -> list[str]:
    """Words in a module of the client that no catalogue knows."""
    shown = KEYBOARD.sub("", text)
    return [
        *(match[1] for rule in (IN_MARKUP, ATTRIBUTE) for match in rule.finditer(shown)),
        *(match[2] for match in SENTENCE.finditer(shown)),
    ]


def bare_in_template(text: str) -> list[str]:
    """Words in a template outside of `translate`."""
    shown = KEYBOARD.sub("", NOT_SHOWN.sub("", text))
    body = re.sub(r"<[^>]*>", "\n", re.sub(r"{%.*?%}|{{.*?}}", "", shown, flags=re.DOTALL), flags=re.DOTALL)
    lines = [line.strip(" ·\t") for line in body.splitlines()]
    return [*(line for line in lines if re.search("[A-Za-z]{3}", line)), *ATTRIBUTE.findall(shown)]


def bare_in_python(module: ast.Module) -> list[str]:
    """Texts that a module hands to a screen or a refusal without gettext."""
    found: list[str] = []
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and _called(call) in SCREENS | REFUSALS:
            values = [*call.args, *(one.value for one in call.keywords if one.arg in KEYWORDS)]
            found += [one.value for one in values if _is_words(one)]
    return found


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _is_words(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(re.search("[A-Za-z]{2} [a-z]", node.value))
    )


def _templates() -> Iterator[Path]:
    yield from sorted((ROOT / "templates").rglob("*.html"))


def test_every_word_of_the_client_is_in_its_catalogue():
    found = [(named(path), word) for path in CLIENT if path != CATALOGUE for word in bare_in_client(path.read_text())]

    assert found == []


def test_every_word_of_a_template_is_translated():
    found = [(named(path), word) for path in _templates() for word in bare_in_template(path.read_text())]

    assert [one for one in found if one[1] not in NAMES] == []


def test_every_refusal_and_every_screen_is_translated():
    found = [(named(path), text) for path in modules() for text in bare_in_python(tree(path))]

    assert found == []


def test_the_catalogue_has_every_key_that_is_asked_for_and_none_besides():
    known = set(re.findall(r"'([a-z_]+\.[\w.]*)':", CATALOGUE.read_text()))
    short = set(re.findall(r"(?:^\s*|, )(\w+): ['{]", CATALOGUE.read_text(), re.MULTILINE))
    source = "\n".join(path.read_text() for path in CLIENT if "chat" in path.parts and path != CATALOGUE)
    asked = set(re.findall(r"\b(?:t|parts)\(\s*'([\w.]+)'", source))
    begun = tuple(re.findall(r"`([a-z_]+\.[\w.]*)\$\{", source))
    quoted = set(re.findall(r"'([a-z_]+(?:\.[\w]+)*)'", source))

    assert asked <= known | short
    assert {key for key in known if key not in quoted and not key.startswith(begun)} == set()


@pytest.mark.parametrize(
    "sample", ["<b>Hello there</b>", '<button aria-label="Close it">', "notice('warn', 'That went wrong')"]
)
def test_a_bare_word_in_the_client_is_seen(sample):
    assert bare_in_client(f"html`{sample}`")


@pytest.mark.parametrize(
    "sample", ["<p>Hello there</p>", '<input placeholder="Your name">', "{% if a %}Hello{% endif %}"]
)
def test_a_bare_word_in_a_template_is_seen(sample):
    assert bare_in_template(sample)


@pytest.mark.parametrize("sample", ["raise Conflict('It is so already.')", "Panel(_('x'), empty='No row yet')"])
def test_a_bare_text_in_python_is_seen(sample):
    assert bare_in_python(ast.parse(sample))
