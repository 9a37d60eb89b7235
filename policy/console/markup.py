"""Small pieces of a screen that tables and lists are made of. Everything that is not ours is escaped."""

from datetime import datetime

from django.template.defaultfilters import date as date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

Text = str | Promise

_TONES = {"ok": "check", "danger": "x", "warn": "alert", "": "minus"}


def icon(name: str, size: str = "") -> SafeString:
    """One symbol of the sprite that every page carries."""
    sized = f" i-{size}" if size else ""
    return format_html('<svg class="i{}" aria-hidden="true"><use href="#i-{}"/></svg>', sized, name)


def status(text: Text, tone: str = "", symbol: str = "") -> SafeString:
    """A state as an icon and a word; colour is never alone."""
    return format_html('<span class="st {}">{}{}</span>', tone, icon(symbol or _TONES[tone], "xs"), text)


def tag(text: Text, tone: str = "") -> SafeString:
    return format_html('<span class="tag{}">{}</span>', f" tag-{tone}" if tone else "", text)


def code(text: Text) -> SafeString:
    return format_html("<code>{}</code>", text)


def link(text: Text, url: str, *, hint: Text = "") -> SafeString:
    """A link; `hint` says to those who hear it what the bare word leaves open."""
    more = format_html('<span class="vh"> {}</span>', hint) if hint else ""
    return format_html('<a class="link" href="{}">{}{}</a>', url, text, more)


def two_lines(first: Text, second: Text) -> SafeString:
    return format_html('<b>{}</b><span class="l2">{}</span>', first, second)


def muted(text: Text) -> SafeString:
    return format_html('<span class="muted">{}</span>', text)


def moment(at: datetime | None, *, never: Text = "") -> SafeString | Text:
    """A time to the second, in UTC."""
    if at is None:
        return never or muted(_("never"))
    stamp = at.isoformat()
    return format_html('<time class="num" datetime="{}">{}</time>', stamp, date_format(at, "Y-m-d H:i:s"))


def yes_no(flag: bool) -> SafeString:  # noqa: FBT001 - the value that is shown
    """A cell of a matrix."""
    if flag:
        return format_html('{}<span class="vh">{}</span>', icon("check", "sm"), _("yes"))
    return format_html('<span class="muted" aria-hidden="true">·</span><span class="vh">{}</span>', _("no"))


def listed(items: list[Text] | list[str], nothing: Text) -> SafeString | Text:
    """Texts side by side, or a word for none."""
    if not items:
        return muted(nothing)
    return format_html("{}", ", ".join(str(item) for item in items))


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(at: datetime, now: datetime) -> str:
    """How long ago, in the largest whole unit: 42 s, 5 min, 3 h, 12 d."""
    seconds = max(0, int((now - at).total_seconds()))
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1, "s"))
    return f"{seconds // size} {unit}"
