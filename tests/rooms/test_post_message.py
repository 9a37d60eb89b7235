"""Posting: permitted, sealed, recorded, once."""

import pytest

from policy.types import AccessDenied
from rooms.models import Message


def test_a_cleared_member_posts_into_a_governed_room(olympus):
    posted = olympus.says("grace", "titan", "Telemetry is nominal.")

    with olympus.inside():
        row = Message.objects.get(id=posted.message_id)
    assert row.seq == 1
    assert b"nominal" not in bytes(row.body_sealed)


def test_somebody_outside_the_room_is_told_that_it_does_not_exist(olympus):
    with pytest.raises(AccessDenied) as refused:
        olympus.says("eve", "titan", "Hello?")

    assert refused.value.code == "not_found"
    with olympus.inside():
        assert Message.objects.count() == 0
