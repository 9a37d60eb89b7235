"""Every Action has one function that performs it, or is asked by those who read; none is a word without a deed."""

import importlib
from collections import defaultdict
from collections.abc import Collection, Mapping

import pytest

from policy.catalogue import GATES, Action
from tests.house.sources import ROOT, members_used, modules, named

DECLARED = frozenset({"policy/catalogue.py"})
TWO_SIDES = {
    Action.MESSAGE_REACT: {"add_reaction", "remove_reaction"},
    Action.READ_MARK_SET: {"mark_read", "mark_unread_from"},
    Action.ARCHIVE_IMPORT: {"start_import", "finish_import", "import_members", "import_messages"},
}
"""One power whose use has several steps or can be taken back."""
RESERVED = {
    Action.GROUP_VIEW: "what may be known of groups is cut by access.visible_groups; a page of its own comes with SG-2",
    Action.AUDIT_VERIFY: "asked by nobody: the command line verifies, outside every workspace",
    Action.AUDIT_EXPORT: "asked by nobody: the command line exports, outside every workspace",
}
"""Actions that are part of the published vocabulary before anybody asks for them, and why."""


def performed() -> Mapping[Action, set[str]]:
    """By Action, the functions that perform it."""
    found: dict[Action, set[str]] = defaultdict(set)
    for path in modules():
        if "actions" not in named(path):
            continue
        module = importlib.import_module(named(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        for name, value in vars(module).items():
            action = getattr(value, "performs", None)
            if isinstance(action, Action) and value.__module__ == module.__name__:
                found[action].add(name)
    return found


def faults(
    actions: Collection[Action], deeds: Mapping[Action, set[str]], asked: Collection[str], reserved: Collection[Action]
) -> list[str]:
    """What is wrong with the vocabulary."""
    doubled = [one for one in deeds if len(deeds[one]) > 1 and deeds[one] != TWO_SIDES.get(one)]
    wrong = [f"{one} is performed by {', '.join(sorted(deeds[one]))}" for one in doubled]
    wrong += [
        f"{one} is neither performed nor asked"
        for one in actions
        if not (one in deeds or one.name in asked or one in reserved)
    ]
    wrong += [f"{one} is reserved and yet in use" for one in reserved if one in deeds or one.name in asked]
    return wrong


def test_every_action_is_performed_once_or_asked():
    asked = members_used("Action", declared_in=DECLARED)

    assert faults(list(Action), performed(), asked.keys(), RESERVED) == []


@pytest.mark.parametrize(
    ("deeds", "asked", "reserved", "fault"),
    [
        (
            {Action.ROOM_CREATE: {"create_room", "make_room"}},
            {"ROOM_UPDATE"},
            {},
            "performed by create_room, make_room",
        ),
        ({Action.ROOM_CREATE: {"create_room"}}, set(), {}, "room:room:update is neither"),
        ({Action.ROOM_CREATE: {"create_room"}}, {"ROOM_UPDATE"}, {Action.ROOM_UPDATE: "later"}, "reserved and yet"),
    ],
)
def test_a_fault_of_the_vocabulary_is_seen(deeds, asked, reserved, fault):
    found = faults([Action.ROOM_CREATE, Action.ROOM_UPDATE], deeds, asked, reserved)

    assert [one for one in found if fault in one], found


def test_every_action_has_its_gate_and_its_name_tells_where_it_belongs():
    assert GATES.keys() == set(Action)
    assert len({action.value for action in Action}) == len(Action)
    assert {action.value.count(":") for action in Action} == {2}


def test_every_function_that_performs_asks_for_its_own_action_where_it_stands():
    """What the decorator refuses at run time is seen here before anybody runs it: the module names the Action twice."""
    silent = [
        (named(path), action.name)
        for path in modules()
        for action in Action
        if f"performs(Action.{action.name})" in path.read_text() and not _asked_beside(path, action)
    ]

    assert silent == []


def _asked_beside(path, action: Action) -> int:
    """How often the package's actions name the Action besides the decorator."""
    folder = path.parent if path.parent.name == "actions" else path
    texts = [one.read_text() for one in folder.rglob("*.py")] if folder.is_dir() else [path.read_text()]
    whole = "".join(texts)
    return whole.count(f"Action.{action.name}") - whole.count(f"performs(Action.{action.name})")


def test_there_is_something_to_look_at():
    assert len(performed()) > 50
    assert (ROOT / "rooms/actions/messages.py").exists()
