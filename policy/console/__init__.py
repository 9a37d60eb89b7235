"""The frame of the console: declarative screens over the Django admin, each opened by an Action (AD-5).

`ConsoleAdmin` shows the rows of a model, `ConsolePage` everything else, `Button` does one action. A screen declares
what it needs; deciding, recording, transactions and errors are done here and in `chatapp.console`. Nothing in here
writes a row: whatever changes does so in an action function.
"""

from policy.catalogue import Action, Flag
from policy.console.admin import ConsoleAdmin
from policy.console.buttons import Button
from policy.console.forms import AskForm, ConsoleForm, ReasonForm
from policy.console.frame import Section
from policy.console.markup import code, icon, link, listed, moment, muted, status, tag, two_lines, yes_no
from policy.console.pages import ConsolePage, DataPage, register_page
from policy.console.panels import Offer, Panel
from policy.console.standing import Standing
from policy.naming import find, names, people, register, short, subject
from policy.wording import EFFECTS, FLAGS, OUTCOMES, action_in_words, in_detail, reason_in_words

__all__ = [
    "EFFECTS",
    "FLAGS",
    "OUTCOMES",
    "Action",
    "AskForm",
    "Button",
    "ConsoleAdmin",
    "ConsoleForm",
    "ConsolePage",
    "DataPage",
    "Flag",
    "Offer",
    "Panel",
    "ReasonForm",
    "Section",
    "Standing",
    "action_in_words",
    "code",
    "find",
    "icon",
    "in_detail",
    "link",
    "listed",
    "moment",
    "muted",
    "names",
    "people",
    "reason_in_words",
    "register",
    "register_page",
    "short",
    "status",
    "subject",
    "tag",
    "two_lines",
    "yes_no",
]
