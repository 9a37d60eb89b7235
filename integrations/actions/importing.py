"""The frame of an import: that it began, who its authors and rooms are, and how it ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from accounts.access import user_ids_by_username
from accounts.actions import create_user
from accounts.models import User, UserKind, UserState
from accounts.roles import SystemRole
from audit.events import Event
from audit.log import record
from keys import envelope
from policy import pep
from policy.catalogue import Action, RoomRole
from policy.types import Resource
from policy.visible import says_nothing, without_invisible
from rooms.actions.members import add_member
from rooms.actions.rooms import create_room
from rooms.models import Room, RoomKind, RoomState
from tenancy.actor import Actor
from tenancy.scoping import within

_LONGEST_NAME = 80


@pep.performs(Action.ARCHIVE_IMPORT)
def start_import(actor: Actor, *, import_id: UUID, format: str, digest: bytes) -> None:  # noqa: A002 - as the event says
    """State that an archive is about to be brought in; `digest` says exactly which file."""
    pep.enforce(actor, Action.ARCHIVE_IMPORT, Resource("workspace", actor.workspace_id))

    record(Event.IMPORT_STARTED, actor, import_id=import_id, format=format, digest=digest)


@pep.performs(Action.ARCHIVE_IMPORT)
def finish_import(actor: Actor, *, import_id: UUID, format: str, counts: Mapping[str, int]) -> None:  # noqa: A002
    """State that an import came to its end, and what became of everything in the archive."""
    pep.enforce(actor, Action.ARCHIVE_IMPORT, Resource("workspace", actor.workspace_id))

    record(Event.IMPORT_FINISHED, actor, import_id=import_id, format=format, counts=counts)


def author_usernames(workspace_id: UUID, archive_id: UUID, names: Iterable[str]) -> dict[str, str]:
    """The user name of each author's placeholder: always the same, and nothing that gives the name away (R21)."""
    return {name: f"imported-{_author_hash(workspace_id, archive_id, name)[:6].hex()}" for name in names}


def _author_hash(workspace_id: UUID, archive_id: UUID, name: str) -> bytes:
    return envelope.lookup_hash(workspace_id, "import-author", f"{archive_id}\n{name}")


def author_ids(usernames: Mapping[str, str]) -> dict[str, UUID]:
    """The placeholders that are here already, by the name that the archive gives their authors."""
    found = user_ids_by_username(usernames.values())
    return {name: found[username] for name, username in usernames.items() if username in found}


def create_authors(actor: Actor, usernames: Mapping[str, str]) -> dict[str, UUID]:
    """A placeholder for each of these authors, all in one commit; nobody can ever sign in as one."""
    with pep.unit(actor.workspace_id), within(actor.workspace_id):
        return {
            name: create_user(actor, username=username, name=_shown(name), kind=UserKind.PLACEHOLDER).id
            for name, username in usernames.items()
        }


def _shown(name: str) -> str:
    """The name without what cannot be seen, no longer than a name may be."""
    tidy = without_invisible(name)[:_LONGEST_NAME].rstrip()
    return "" if says_nothing(tidy) else tidy


@dataclass(frozen=True, slots=True)
class Place:
    """The room that a channel goes to: opened for it or here before, with a requirement or without, closed or not.

    A room that is not open to everybody takes no channel: what all could read elsewhere is not put among the words of a
    few, and an archive does not tell who they are.
    """

    room_id: UUID
    opened: bool = False
    governed: bool = False
    closed: bool = False
    private: bool = False


def standing_room(workspace_id: UUID, name: str) -> Place | None:
    """The room of this name, however it is capitalised, a public one before a private one; call inside the
    workspace's scope.
    """
    wanted = envelope.lookup_hash(workspace_id, "room-name", envelope.folded(_shown(name)))
    named = Room.objects.filter(name_hash=wanted, kind__in=[RoomKind.PUBLIC, RoomKind.PRIVATE])
    room = min(named, key=lambda one: (one.kind != RoomKind.PUBLIC, one.id), default=None)
    if room is None:
        return None
    governed = bool(room.requirement or room.named_requirements)
    return Place(
        room.id,
        governed=governed,
        closed=room.state == RoomState.ARCHIVED,
        private=room.kind != RoomKind.PUBLIC,
    )


def room_for(actor: Actor, name: str) -> Place:
    """The room of this name, opened to everybody and kept by the workspace's owner if there is none yet."""
    with pep.unit(actor.workspace_id), within(actor.workspace_id):
        standing = standing_room(actor.workspace_id, name)
        if standing is not None:
            return standing
        room = create_room(actor, kind=RoomKind.PUBLIC, name=_shown(name))
        add_member(actor, room_id=room.id, user_id=_keeper(), role=RoomRole.OWNER)
        return Place(room.id, opened=True)


def _keeper() -> UUID:
    """The longest-standing active owner of the workspace."""
    owners = User.objects.filter(assignments__role__system=SystemRole.OWNER, state=UserState.ACTIVE)
    return owners.order_by("created_at").values_list("id", flat=True)[0]
