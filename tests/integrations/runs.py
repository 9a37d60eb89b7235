"""Running an import as an operator does, and looking at what it left."""

import io
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.core.management import call_command

from rooms.models import Message, Room, Thread
from rooms.sealing import open_bodies, place_of, room_name, thread_title
from tenancy.scoping import within, workspace_for_slug

SLUG = "brought"


def import_archive(path: Path, *options: str, workspace: str = SLUG) -> str:
    """What the command printed."""
    printed = io.StringIO()
    call_command(
        "import_archive", str(path), "--format", "zulip-archive", "--workspace", workspace, *options, stdout=printed
    )
    return printed.getvalue()


def line_of(printed: str, what: str) -> list[int]:
    """The figures of one line of the account: in the archive, imported, here before, left out."""
    line = next(line for line in printed.splitlines() if line.startswith(what))
    return [int(figure.replace(",", "")) for figure in line.removeprefix(what).split()]


@dataclass(frozen=True)
class Said:
    room: str
    thread: str | None
    sender_id: UUID
    body: str
    row: Message


def workspace_id(slug: str = SLUG) -> UUID:
    found = workspace_for_slug(slug)
    assert found is not None
    return found


def everything(slug: str = SLUG) -> list[Said]:
    """Every message of a workspace, opened, by room and place."""
    with within(workspace_id(slug)):
        rooms = {room.id: room_name(room) for room in Room.objects.all()}
        threads = {thread.id: thread_title(thread) for thread in Thread.objects.all()}
        rows = list(Message.objects.order_by("room_id", "seq"))
        bodies = open_bodies([(place_of(row), bytes(row.body_sealed)) for row in rows])
        return [
            Said(rooms[row.room_id], threads.get(row.thread_id), row.sender_id, parts[0].md, row)
            for row, parts in zip(rows, bodies, strict=True)
        ]
