"""Every Event is classified where it is declared, and said somewhere: what nobody says yet is listed, with why."""

from collections.abc import Collection, Mapping

import pytest

from audit.events import Event
from tests.house.sources import members_used

DECLARED = frozenset({"audit/events.py"})
READERS = frozenset({"audit/bodies.py"})
"""Look for what others have said, and say nothing."""
RESERVED: Mapping[Event, str] = {
    Event.PLAINTEXT_REFUSED: "told by the proxy that refuses plain HTTP (AU-2, with the reverse proxy)",
    Event.HANDSHAKE_REFUSED: "told by the proxy that ends TLS (AU-2)",
    Event.SIGNATURE_REFUSED: "comes with signed webhooks and tokens of other issuers (ID-2, AU-5)",
    Event.IDENTITY_SPOOFING_REFUSED: "comes with forwarded certificates and identity headers (ID-5)",
    Event.USER_DELETED: "comes with the deletion of people (DL-4); today they are deactivated",
    Event.DEVICE_REMOVED: "comes with the device registry (ID-12)",
    Event.ATTRIBUTE_DELETED: "definitions are changed, never deleted, until nothing recorded refers to them",
    Event.RULE_CHANGED: "a set is drafted as a whole; single rules get a history with the simulator (PO-12)",
    Event.DECISION_POINT_UNAVAILABLE: "the built-in decision point is always there; foreign ones come with PO-6",
    Event.ROOM_DELETED: "rooms are archived; deletion comes with retention (DL-1)",
    Event.THREAD_CHANGED: "threads get titles that people change with topics (CH-7)",
    Event.KEY_OPENING_FAILED: "a wrapped key that does not open; comes with the key page (KE-3)",
    Event.KMS_UNAVAILABLE: "the local key file does not go away; comes with KMS adapters (KE-2)",
    Event.KMS_RECOVERED: "as above",
    Event.WORKSPACE_SUSPENDED: "comes with platform administration (AD-10)",
    Event.WORKSPACE_RESUMED: "as above",
    Event.AUDIT_ERASED: "comes with the deletion of people (DL-4)",
    Event.CONSOLE_ENTERED: "every page is a recorded decision to enter; a line of its own comes with AD-8",
    Event.CONSOLE_PAGE_OPENED: "as above",
    Event.SYSTEM_STARTED: "comes with the deployment's own log in the console (AD-8)",
    Event.SYSTEM_STOPPED: "as above",
}


def faults(events: Collection[Event], said: Collection[str], reserved: Collection[Event]) -> list[str]:
    silent = [f"{one} is said nowhere" for one in events if one.name not in said and one not in reserved]
    return silent + [f"{one} is reserved and yet said" for one in reserved if one.name in said]


def test_every_event_is_said_somewhere_or_reserved_with_a_reason():
    said = members_used("Event", declared_in=DECLARED | READERS)

    assert faults(list(Event), said.keys(), RESERVED) == []
    assert all(len(reason) > 5 for reason in RESERVED.values())


@pytest.mark.parametrize(
    ("said", "reserved", "fault"),
    [
        ({"ROOM_CREATED"}, set(), "room:room:deleted is said nowhere"),
        ({"ROOM_CREATED", "ROOM_DELETED"}, {Event.ROOM_DELETED}, "reserved and yet said"),
    ],
)
def test_a_word_without_a_deed_is_seen(said, reserved, fault):
    assert [one for one in faults([Event.ROOM_CREATED, Event.ROOM_DELETED], said, reserved) if fault in one]
