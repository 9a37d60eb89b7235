"""Where an archive goes: into a workspace, or nowhere at all when somebody only wants to know what would happen."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.actions import importing
from integrations.actions.importing import Place
from integrations.archives.reconciliation import Fate
from integrations.archives.zulip import FORMAT
from rooms.actions.importing import (
    PastMessage,
    foresee_members,
    import_members,
    import_messages,
    standing_messages,
)
from tenancy.actor import Actor, new_id, system_actor
from tenancy.errors import Conflict
from tenancy.scoping import within

PEOPLE = 100

T = TypeVar("T")
Advance = Callable[[int], None]
Key = tuple[UUID, UUID, bytes]


@dataclass(frozen=True, slots=True)
class Author:
    """The placeholder of an author."""

    id: UUID
    username: str
    new: bool


class Sink(Protocol):
    """What the walk through an archive asks for."""

    def authors(self, names: Sequence[str], advance: Advance) -> Mapping[str, Author]:
        """A placeholder for each of these names."""

    def room_for(self, name: str) -> Place:
        """The room of a channel."""

    def members(self, place: Place, user_ids: Sequence[UUID]) -> Counter[Fate]:
        """Take the authors of a channel in, each judged. Raises Conflict for a room that is closed."""

    def standing(self, keys: Sequence[Key]) -> Mapping[UUID, bool]:
        """Which messages are here already, and whether unchanged; by client id."""

    def messages(self, place: Place, messages: Sequence[PastMessage]) -> Counter[Fate]:
        """Store a batch, in order. Raises Conflict for a room that is closed."""


@dataclass(slots=True)
class Into:
    """A workspace: everything happens through actions, in the name of the platform, a batch in each commit."""

    workspace_id: UUID
    archive_id: UUID
    import_id: UUID = field(default_factory=new_id)

    @property
    def actor(self) -> Actor:
        return system_actor(self.workspace_id, cause=f"import:{FORMAT}", request_id=self.import_id)

    def authors(self, names: Sequence[str], advance: Advance) -> Mapping[str, Author]:
        with within(self.workspace_id):
            usernames = importing.author_usernames(self.workspace_id, self.archive_id, names)
            ids = importing.author_ids(usernames)
        advance(len(ids))
        fresh: dict[str, UUID] = {}
        for some in batches([name for name in names if name not in ids], PEOPLE):
            fresh |= importing.create_authors(self.actor, {name: usernames[name] for name in some})
            advance(len(some))
        return {name: Author((ids | fresh)[name], usernames[name], name in fresh) for name in names}

    def room_for(self, name: str) -> Place:
        return importing.room_for(self.actor, name)

    def members(self, place: Place, user_ids: Sequence[UUID]) -> Counter[Fate]:
        fates: Counter[Fate] = Counter()
        for some in batches(user_ids, PEOPLE):
            done = import_members(self.actor, room_id=place.room_id, user_ids=some)
            fates += Counter({Fate.IMPORTED: done.added, Fate.STANDING: done.standing, Fate.REFUSED: done.refused})
        return fates

    def standing(self, keys: Sequence[Key]) -> Mapping[UUID, bool]:
        with within(self.workspace_id):
            return standing_messages(self.workspace_id, keys)

    def messages(self, place: Place, messages: Sequence[PastMessage]) -> Counter[Fate]:
        done = import_messages(self.actor, room_id=place.room_id, import_id=self.import_id, messages=messages)
        return Counter({Fate.IMPORTED: done.stored, Fate.STANDING: done.standing, Fate.CHANGED: done.changed})


@dataclass(slots=True)
class Rehearsal:
    """Looks, changes nothing and records nothing. Without a workspace everything would be new.

    A workspace that is here may have rules, and nobody can ask them about a room or a person that is not: of those it
    says that they are to be judged.
    """

    workspace_id: UUID | None
    archive_id: UUID
    _strangers: set[UUID] = field(default_factory=set)
    """Stand-ins for placeholders that are not here yet."""

    def authors(self, names: Sequence[str], advance: Advance) -> Mapping[str, Author]:
        advance(len(names))
        if self.workspace_id is None:
            return {name: Author(new_id(), f"imported-{number:012x}", new=True) for number, name in enumerate(names)}
        with within(self.workspace_id):
            usernames = importing.author_usernames(self.workspace_id, self.archive_id, names)
            ids = importing.author_ids(usernames)
        fresh = {name: new_id() for name in names if name not in ids}
        self._strangers.update(fresh.values())
        return {name: Author((ids | fresh)[name], usernames[name], name in fresh) for name in names}

    def room_for(self, name: str) -> Place:
        fresh = Place(new_id(), opened=True)
        if self.workspace_id is None:
            return fresh
        with within(self.workspace_id):
            return importing.standing_room(self.workspace_id, name) or fresh

    def members(self, place: Place, user_ids: Sequence[UUID]) -> Counter[Fate]:
        if place.closed:
            raise Conflict(_("This room takes no messages."), field="room")
        if self.workspace_id is None:
            return Counter({Fate.IMPORTED: len(user_ids)})
        known = [] if place.opened else sorted(set(user_ids) - self._strangers)
        actor = system_actor(self.workspace_id, cause=f"import:{FORMAT}")
        with within(self.workspace_id):
            told = foresee_members(actor, room_id=place.room_id, user_ids=known)
        fates = Counter({Fate.IMPORTED: told.added, Fate.STANDING: told.standing, Fate.REFUSED: told.refused})
        fates[Fate.TO_JUDGE] += len(user_ids) - len(known)
        return fates

    def standing(self, keys: Sequence[Key]) -> Mapping[UUID, bool]:
        if self.workspace_id is None:
            return {}
        with within(self.workspace_id):
            return standing_messages(self.workspace_id, keys)

    def messages(self, place: Place, messages: Sequence[PastMessage]) -> Counter[Fate]:  # noqa: ARG002 - goes nowhere
        return Counter({Fate.IMPORTED: len(messages)})


def batches(things: Sequence[T], size: int) -> Iterator[list[T]]:
    """The things in order, so many at a time."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
