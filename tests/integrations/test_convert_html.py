"""Foreign HTML becomes Markdown that reads the same, does nothing, and calls nobody who was not called."""

import pytest

from integrations.archives.html import to_markdown
from rooms import markdown
from tests.integrations import archive as made

PEOPLE = {"Bo": "imported-0b0", "Ada Byron": "imported-ada"}


def written(html):
    return to_markdown(html, PEOPLE).body


def read(html):
    """What a reader sees, as plain text."""
    return markdown.plain(written(html))


def tree_types(body):
    def walk(nodes):
        for node in nodes:
            yield node["type"]
            yield from walk(node.get("children", []))

    return set(walk(markdown.tree(body)))


def links(body):
    def walk(nodes):
        for node in nodes:
            if node["type"] == "link":
                yield node["href"]
            yield from walk(node.get("children", []))

    return list(walk(markdown.tree(body)))


def test_what_could_do_something_is_gone():
    body = written(made.NASTY)

    assert "steal" not in body
    assert "evil" not in body
    assert "Look here" in body
    assert links(body) == []


@pytest.mark.parametrize(
    "scheme", ["javascript:x()", "JaVaScRiPt:x()", "data:text/html,x", "vbscript:x", " javascript:x"]
)
def test_only_links_that_are_safe_stay_links(scheme):
    assert links(written(f'<p><a href="{scheme}">text</a> <a href="https://a.example/b">b</a></p>')) == [
        "https://a.example/b"
    ]


def test_code_keeps_its_language_and_every_character():
    body = written(made.CODE)

    (block,) = markdown.tree(body)
    assert block == {"type": "code", "language": "rust", "text": 'let fence = "```";'}


def test_code_within_a_line_keeps_its_backticks():
    assert read("<p>Use <code>a `b` | c</code> now.</p>") == "Use a `b` | c now."


def test_quotes_stand_in_each_other():
    body = written(made.QUOTES)

    assert read(made.QUOTES).startswith("Bo said:")
    outer = next(node for node in markdown.tree(body) if node["type"] == "quote")
    assert any(node["type"] == "quote" for node in outer["children"])


def test_somebody_who_was_called_is_called_by_the_user_name_here():
    converted = to_markdown(made.MENTION, PEOPLE)

    assert converted.mentioned == {"imported-0b0"}
    assert markdown.mentions(converted.body) == [markdown.Mention("user", "imported-0b0")]
    assert markdown.plain(converted.body) == "@imported-0b0 and @all, not me@example.org or @Bo."


@pytest.mark.parametrize(
    "html",
    [
        "<p>@ada @room @group:ops and <code>@ada</code></p>",
        "<p>Ask <strong>@ada</strong>, <em>@room</em></p>",
        "<ul><li>@room</li></ul><blockquote><p>@imported-0b0</p></blockquote>",
    ],
)
def test_a_text_that_looks_like_a_call_calls_nobody(html):
    assert markdown.mentions(written(html)) == []


@pytest.mark.parametrize(
    "html",
    [
        '<p>x<span class="user-mention" data-user-id="1">@Bo</span></p>',
        '<p><span class="user-mention" data-user-id="1">@Bo</span>ffin</p>',
        '<p><span class="user-mention" data-user-id="1">@Bo</span>.example.org</p>',
    ],
)
def test_a_call_that_would_reach_somebody_else_stays_text(html):
    converted = to_markdown(html, PEOPLE)

    assert converted.mentioned == frozenset()
    assert markdown.mentions(converted.body) == []
    assert "Bo" in markdown.plain(converted.body)


def test_a_file_that_is_gone_leaves_a_note_and_is_drawn_once():
    converted = to_markdown(made.UPLOAD, PEOPLE)

    assert markdown.plain(converted.body) == "plan.pdf (this file is not in the archive)"
    assert converted.notes["uploads_gone"] == 1


def test_an_image_alone_leaves_its_address_or_a_note():
    elsewhere = (
        '<div class="message_inline_image"><a href="https://i.example/a.png"><img src="https://proxy/x"></a></div>'
    )
    here = (
        '<div class="message_inline_image"><a href="/user_uploads/1/a.png"><img src="/user_uploads/1/a.png"></a></div>'
    )

    assert links(written(elsewhere)) == ["https://i.example/a.png"]
    assert read(here) == "a.png (this file is not in the archive)"


def test_a_preview_of_a_link_is_left_out():
    html = (
        '<p><a href="https://a.example">https://a.example</a></p><div class="message_embed"><a class="message_embed_image"'  # noqa: E501
        ' href="https://a.example"></a><div class="data-container"><div class="message_embed_title"><a'
        ' href="https://a.example" title="A">A</a></div><div class="message_embed_description">Words</div></div></div>'
    )

    assert read(html) == "https://a.example"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<p><span class="emoji emoji-1f44d" title="+1">:+1:</span></p>', "👍"),
        ('<p><span class="emoji emoji-1f926-200d-2642">:man:</span></p>', "🤦\u200d♂"),
        ('<p><span class="emoji emoji-ffffff">:odd:</span></p>', ":odd:"),
        ('<p><img alt=":party:" class="emoji" src="/e/1.png" title="party"></p>', ":party:"),
        ('<p><time datetime="2024-01-08T18:30:00Z">later</time></p>', "2024-01-08 18:30 UTC"),
        (
            "<p>1. not a list<br>\n# not a heading<br>\n&gt; not a quote</p>",
            "1. not a list\n# not a heading\n> not a quote",
        ),
        ("<p>a*b*c _d_ `e` [f](g) ~~h~~ &lt;i&gt; &amp;amp; \\</p>", "a*b*c _d_ `e` [f](g) ~~h~~ <i> &amp; \\"),
        ('<p><a href="/help/x">help</a> <a href="#narrow/stream/1">there</a></p>', "help there"),
        ("<p></p>", "(nothing that can be shown)"),
        ("", "(nothing that can be shown)"),
        ("only words", "only words"),
    ],
)
def test_it_reads_as_it_did(html, shown):
    assert read(html) == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/x_(y)?q=1&copy=2#*z*_w_",
        "https://a.example/?a=b&lt=c|d",
        "https://en.example/wiki/Foo_(bar)",
    ],
)
@pytest.mark.parametrize("label", ["some words", "ADDRESS"])
def test_an_address_arrives_whole(address, label):
    escaped = address.replace("&", "&amp;")

    (found,) = links(written(f'<p><a href="{escaped}">{escaped if label == "ADDRESS" else label}</a></p>'))

    assert found.replace("%28", "(").replace("%29", ")").replace("%7C", "|") == address


def test_a_table_is_a_table_and_its_pipes_are_text():
    html = "<table><thead><tr><th>a|b</th><th>c</th></tr></thead><tbody><tr><td><code>x|y</code></td><td>2</td></tr></tbody></table>"  # noqa: E501

    body = written(html)

    assert "table" in tree_types(body)
    assert markdown.plain(body) == "a|b | c\nx|y | 2"


def test_lists_go_on_where_they_went_on_and_odd_numbers_are_no_trouble():
    assert markdown.tree(written('<ol start="4"><li>d</li><li>e</li></ol>'))[0]["start"] == 4
    assert "x" in read('<ol start="²"><li>x</li></ol>')
    assert "x" in read('<ol start="99999999999999"><li>x</li></ol>')


def test_a_spoiler_is_a_quotation_with_its_heading():
    body = written(made.SPOILER)

    assert tree_types(body) >= {"quote", "strong"}
    assert made.words(markdown.plain(body)) == "Spoiler Answer 42"


def test_a_formula_is_shown_as_it_was_typed():
    html = (
        '<p><span class="katex"><span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics>'
        '<mrow><mi>a</mi></mrow><annotation encoding="application/x-tex">a^2</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true"><span class="base">a2</span></span></span></p>'
    )

    assert read(html) == "$a^2$"


@pytest.mark.parametrize("tag", ["div", "blockquote", "em", "span"])
def test_endless_nesting_becomes_plain_text(tag):
    converted = to_markdown(f"<{tag}>" * 3000 + "core" + f"</{tag}>" * 3000, PEOPLE)

    assert markdown.plain(converted.body) == "core"
    assert converted.notes["plain_text"] == 1


@pytest.mark.parametrize(
    "html", ["<ul><li>" * 40_000 + "core", "<p>core</p>" + "<" * 900_000, "<p>core " + "x" * 300_000]
)
def test_what_no_chat_wrote_is_not_even_parsed(html):
    converted = to_markdown(html, PEOPLE)

    assert markdown.plain(converted.body[:1000]).startswith("core")
    assert converted.notes["plain_text"] == 1


def test_broken_characters_are_no_trouble():
    assert read("<p>a\x00b \ud800 c</p>").startswith("ab")
