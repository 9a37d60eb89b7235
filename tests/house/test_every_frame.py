"""Every frame is answered by one entry of one table, and every door that shows data asks before (policy.md §5)."""

import ast

from rooms import dispatch, frames
from tests.house.sources import modules, named, tree

BY_NAME = {frames.Hello, frames.PostMessage, frames.Typing}
"""Handled by the consumer itself: the first frame, the hot path, and what is never answered."""
NO_DATA = {"leave_heartbeat", "make_audit_partitions"}
"""Tasks of the platform that touch no workspace."""


def test_every_frame_is_a_read_or_a_change_or_handled_by_name():
    tables = [set(dispatch.READS), set(dispatch.CHANGES), BY_NAME]

    assert set().union(*tables) == set(frames.CLIENT_FRAMES)
    assert sum(map(len, tables)) == len(frames.CLIENT_FRAMES)


def test_every_frame_that_is_handled_by_name_is_in_the_consumer():
    consumer = next(path for path in modules() if named(path) == "rooms/consumers.py").read_text()

    assert all(f"frames.{kind.__name__}" in consumer for kind in BY_NAME)


def test_the_type_of_a_frame_is_never_looked_up_by_name():
    """Type names come from our table, never `getattr` on a client's text."""
    for path in modules():
        if path.parent.name != "rooms":
            continue
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        names = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "getattr"]
        dynamic = [ast.unparse(node) for node in names if not isinstance(node.args[1], ast.Constant)]
        assert dynamic == [], named(path)


def test_no_two_frames_have_the_same_name():
    names = [kind.__struct_config__.tag for kind in frames.CLIENT_FRAMES]

    assert len(set(names)) == len(names)


def tasks() -> dict[str, str]:
    """Every Celery task of the product, with the text of its module."""
    found = {}
    for path in modules():
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and any(
                "shared_task" in ast.unparse(one) for one in node.decorator_list
            ):
                found[node.name] = path.read_text()
    return found


def test_every_task_acts_as_the_system_in_a_unit():
    assert len(tasks()) >= 5
    assert [name for name, text in tasks().items() if name not in NO_DATA and "as_system(" not in text] == []
