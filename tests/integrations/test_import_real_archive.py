"""A real archive of 49,774 messages, where there is one: CORDON_ARCHIVE names it, else it lies beside the project."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Count

from accounts.access import user_by_username
from policy import pep
from rooms import frames, reads, store
from rooms.actions.reading import mark_read
from rooms.models import Message, Room, Thread
from tenancy.actor import Actor, Environment, Subject, SubjectKind
from tenancy.scoping import within
from tests.integrations.runs import import_archive, line_of, workspace_id

BESIDE = Path(settings.BASE_DIR).parent / "shared" / "data" / "bytecodealliance-zulip-archive.tar.xz"
ARCHIVE = Path(os.environ.get("CORDON_ARCHIVE", BESIDE))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not ARCHIVE.exists(), reason=f"there is no archive at {ARCHIVE}; set CORDON_ARCHIVE"),
]


def test_every_message_is_accounted_for_and_the_largest_room_can_be_used():
    printed = import_archive(ARCHIVE, "--owner", "owner")

    assert line_of(printed, "channels") == [43, 43, 0, 0]
    assert line_of(printed, "topic files") == [4849, 4849, 0, 0]
    assert line_of(printed, "authors") == [1321, 1321, 0, 0]
    assert line_of(printed, "memberships") == [2496, 2496, 0, 0]
    assert line_of(printed, "messages") == [49_774, 49_686, 0, 88]
    assert "791 topic files have names that begin with a dot" in printed
    assert "5,956 messages stand in those files" in printed

    with within(workspace_id()):
        _assert_gapless()
        largest = Room.objects.order_by("-last_seq").first()
        actor = _owner()
        assert store.read_states(actor.id, [largest.id])[largest.id].unread == 1000
    messages = _paged(actor, largest)
    _assert_read_to_the_end(actor, largest, messages)
    _assert_threads(actor, largest)

    again = import_archive(ARCHIVE)

    assert line_of(again, "messages") == [49_774, 0, 49_686, 88]
    assert line_of(again, "topic files") == [4849, 0, 4849, 0]


def _owner() -> Actor:
    user = user_by_username("owner")
    return Actor(workspace_id(), Subject(user.id, SubjectKind.USER), Environment())


def _assert_gapless():
    for room in Room.objects.all():
        seqs = list(Message.objects.filter(room=room).order_by("seq").values_list("seq", "at"))
        assert [seq for seq, _at in seqs] == list(range(1, room.last_seq + 1))
        assert all(one[1] <= other[1] for one, other in zip(seqs, seqs[1:], strict=False))


def _asked(actor, read, frame):
    with pep.unit(actor.workspace_id), pep.reading(actor):
        return read(actor, frame)


def _paged(actor, room):
    """The whole room, page by page from its end."""
    found, before = [], None
    while True:
        page = _asked(actor, reads.open_room, frames.OpenRoom(id="1", room=room.id, before=before, limit=100))
        found = [*page["messages"], *found]
        before = page["before"]
        if not page["more_before"]:
            break
    assert len(found) == room.last_seq
    assert len({message.id for message in found}) == room.last_seq
    assert [message.at for message in found] == sorted(message.at for message in found)
    assert {message.view for message in found} == {"full"}
    return found


def _assert_read_to_the_end(actor, room, messages):
    mark_read(actor, room_id=room.id, message_id=messages[-11].id)
    with within(actor.workspace_id):
        assert store.read_states(actor.id, [room.id])[room.id].unread == 10
    page = _asked(actor, reads.open_room, frames.OpenRoom(id="1", room=room.id, limit=50))
    assert page["first_unread"] == messages[-10].id


def _assert_threads(actor, room):
    seen, before = [], None
    while True:
        page = _asked(actor, reads.list_threads, frames.ListThreads(id="1", room=room.id, before=before))
        seen += page["threads"]
        before = page["before"]
        if before is None:
            break
    with within(actor.workspace_id):
        threads = Thread.objects.filter(room=room)
        assert len({thread["id"] for thread in seen}) == len(seen) == threads.count()
        counted = Message.objects.filter(room=room).values("thread").annotate(n=Count("id")).values_list("thread", "n")
        assert dict(counted) == dict(threads.values_list("id", "replies"))
        longest = threads.order_by("-replies").first()
    assert all(thread["title"] for thread in seen)
    page = _asked(actor, reads.open_thread, frames.OpenThread(id="1", thread=longest.id, limit=100))
    assert len(page["messages"]) == 100
    assert page["more_before"]
