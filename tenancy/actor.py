"""Who acts, and in which circumstances."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from uuid_utils import compat as uuid_utils


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562 §5.7), made in Python so that sealed fields can be bound to it before the row
    exists (R17).
    """
    return uuid_utils.uuid7()


class SubjectKind(StrEnum):
    USER = "user"
    SERVICE = "service"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Subject:
    """The one who is judged (SP 800-162 §2.2). The id of a system or anonymous subject is the nil UUID."""

    id: UUID
    kind: SubjectKind


NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Environment:
    """What is known of the circumstances; absent values are unknown and never assumed."""

    request_id: UUID = field(default_factory=new_id)
    session_id: UUID | None = None
    device_id: UUID | None = None
    address: str = ""
    user_agent: str = ""
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    step_up_at: datetime | None = None
    cause: str = ""


ActorKey = tuple[UUID, UUID | None, str]


@dataclass(frozen=True, slots=True)
class Actor:
    """A subject in its environment, inside one workspace. Always passed on explicitly, never looked up."""

    workspace_id: UUID
    subject: Subject
    environment: Environment

    @property
    def id(self) -> UUID:
        return self.subject.id

    @property
    def key(self) -> "ActorKey":
        """What tells two actors apart for a decision: the same session from another address is another actor."""
        return (self.subject.id, self.environment.session_id, self.environment.address)

    def because(self, cause: str) -> "Actor":
        """The same actor, with the reason why it acts now."""
        return replace(self, environment=replace(self.environment, cause=cause))


def system_actor(workspace_id: UUID, *, cause: str, request_id: UUID | None = None) -> Actor:
    """The platform itself, acting for a stated cause (a sweep, an import, a command)."""
    environment = Environment(request_id=request_id or new_id(), cause=cause)
    return Actor(workspace_id, Subject(NOBODY, SubjectKind.SYSTEM), environment)


def anonymous_actor(workspace_id: UUID, *, address: str = "", user_agent: str = "") -> Actor:
    """Somebody who has not signed in."""
    environment = Environment(address=address, user_agent=user_agent)
    return Actor(workspace_id, Subject(NOBODY, SubjectKind.ANONYMOUS), environment)
