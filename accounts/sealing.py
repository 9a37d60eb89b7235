"""What is sealed of a person, and where: the one list of places in this app (R21). The user's own key seals it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import Device, Fact, Group, Session, User
from keys import envelope
from keys.envelope import Place, Scope
from keys.errors import SealError


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says of themselves, and how they like their client."""

    name: str = ""
    title: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a session was started."""

    address: str = ""
    user_agent: str = ""


def seal_profile(user: User, profile: Profile) -> None:
    """Put the profile on the row as its next revision; the caller saves it."""
    user.profile_revision += 1
    user.profile = envelope.seal(_profile_place(user), _packed(asdict(profile)))


def open_profiles(users: Iterable[User]) -> dict[UUID, Profile]:
    """The profiles of many users; one whose key was destroyed has an empty one."""
    rows = list(users)
    sealed = [user for user in rows if user.profile is not None]
    opened = envelope.open_each([(_profile_place(user), bytes(user.profile or b"")) for user in sealed])
    found = {
        user.id: Profile(**json.loads(data))
        for user, data in zip(sealed, opened, strict=True)
        if not isinstance(data, SealError)
    }
    return {user.id: found.get(user.id, Profile()) for user in rows}


def seal_origin(session: Session, origin: Origin) -> None:
    session.origin = envelope.seal(_session_place(session, "session.origin"), _packed(asdict(origin)))


def open_origins(sessions: Sequence[Session]) -> dict[UUID, Origin]:
    sealed = [session for session in sessions if session.origin is not None]
    opened = envelope.open_each([(_session_place(one, "session.origin"), bytes(one.origin or b"")) for one in sealed])
    return {
        session.id: Origin(**json.loads(data))
        for session, data in zip(sealed, opened, strict=True)
        if not isinstance(data, SealError)
    }


def seal_session_data(session: Session, data: bytes) -> None:
    session.data_revision += 1
    session.data = envelope.seal(_session_place(session, "session.data", session.data_revision), data)


def open_session_data(session: Session) -> bytes | None:
    if session.data is None:
        return None
    return envelope.open_(_session_place(session, "session.data", session.data_revision), bytes(session.data))


def seal_device_name(device: Device, name: str) -> None:
    device.name = envelope.seal(_device_place(device), name.encode())


def open_device_names(devices: Sequence[Device]) -> dict[UUID, str]:
    sealed = [device for device in devices if device.name is not None]
    opened = envelope.open_each([(_device_place(device), bytes(device.name or b"")) for device in sealed])
    return {
        device.id: data.decode() for device, data in zip(sealed, opened, strict=True) if not isinstance(data, SealError)
    }


def fact_place(workspace_id: UUID, user_id: UUID, fact_id: UUID) -> Place:
    return Place(workspace_id, Scope.user(user_id), fact_id, None, "fact.value")


def seal_fact(fact: Fact, value: object) -> None:
    fact.value = envelope.seal(fact_place(fact.workspace_id, fact.user_id, fact.id), _packed(value))


def open_values(items: Sequence[tuple[Place, bytes | memoryview]]) -> list[object]:
    """Values of facts, each opened or `SealError`: one broken fact is unknown, it does not hide the others."""
    opened = envelope.open_each([(place, bytes(value)) for place, value in items])
    return [one if isinstance(one, SealError) else json.loads(one) for one in opened]


def seal_group_name(group: Group, name: str) -> None:
    """Put the name and the hash that it is found by on the row; the caller saves it."""
    group.name_revision += 1
    group.name = envelope.seal(_group_place(group.workspace_id, group.id, group.name_revision), name.encode())
    group.name_hash = group_hash(group.workspace_id, name)


def open_group_names(groups: Sequence[Group]) -> dict[UUID, str]:
    places = [_group_place(group.workspace_id, group.id, group.name_revision) for group in groups]
    opened = envelope.open_each([(place, bytes(group.name)) for place, group in zip(places, groups, strict=True)])
    return {
        group.id: data.decode() for group, data in zip(groups, opened, strict=True) if not isinstance(data, SealError)
    }


def group_hash(workspace_id: UUID, name: str) -> bytes:
    return envelope.lookup_hash(workspace_id, "group.name", envelope.folded(name))


def _profile_place(user: User) -> Place:
    return Place(user.workspace_id, Scope.user(user.id), user.id, None, "user.profile", user.profile_revision)


def _session_place(session: Session, field_name: str, revision: int = 0) -> Place:
    return Place(session.workspace_id, Scope.user(session.user_id), session.id, None, field_name, revision)


def _device_place(device: Device) -> Place:
    return Place(device.workspace_id, Scope.user(device.user_id), device.id, None, "device.name")


def _group_place(workspace_id: UUID, group_id: UUID, revision: int) -> Place:
    return Place(workspace_id, Scope.workspace(), group_id, None, "group.name", revision)


def _packed(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
