"""What the scripts of the console say, translated by the server and put into each page; `t()` of words.js finds it."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, str | Promise] = {
    "live.last": _("Numbers refresh every {seconds} seconds; last at {at} UTC."),
    "live.paused": _("Paused. These numbers are {age} old."),
    "live.silent": _("No answer. These numbers are {age} old."),
    "live.explain": _("Explain"),
    "builder.condition": _("Condition {n}"),
    "builder.remove": _("Remove condition {n}"),
    "builder.attribute": _("Attribute"),
    "builder.operator": _("Operator"),
    "builder.compare": _("Compare with"),
    "builder.value": _("Value"),
    "builder.the_value": _("the value"),
    "builder.choose": _("choose"),
    "builder.several": _("several, with commas"),
    "builder.one": _("value"),
    "builder.subject": _("Person"),
    "builder.resource": _("Room"),
    "builder.environment": _("Circumstances"),
    "builder.incomplete": _("Condition {n} has no value yet, so it is not part of the text."),
    "builder.unclosed": _(
        "Condition {n} cannot be read: a value with a comma or a quotation mark stands between quotation marks."
    ),
    "builder.silent": _("The server does not answer. Try again in a moment."),
    "builder.place": _("line {line}, character {column}"),
    "builder.nothing": _("Nothing: roles alone decide who is in here."),
    "roster.lose": _("Lose access: {n}"),
    "roster.unsure": _("Nobody can tell: {n}"),
    "roster.return": _("Would get access back: {n}"),
    "roster.owner": _("{name} (owner)"),
    "roster.more": _("and {n} more"),
    "roster.ownerless": _("The room would have no owner left."),
    "roster.yourself": _("You would lose access yourself."),
}
