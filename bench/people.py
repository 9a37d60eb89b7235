"""The workspace that is measured: people with facts and sessions, and governed rooms. Everything through actions."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

FILE = "bench.json"
RECEIVERS = 1_000
SENDERS = 10
SIZES = (10, 100, 1_000)
CROWD = 50
CROWD_SENDERS = 8
MANY_ROOMS = 100
MANY_RECEIVERS = 9

CLEARED = {"clearance": "SECRET", "program": ["TITAN"]}
UNCLEARED = {"clearance": "SECRET"}
REQUIREMENT = "clearance >= SECRET"
STRICT = "clearance >= SECRET and program any_of {TITAN}"


@dataclass(frozen=True, slots=True)
class World:
    """What the load generator and the rest of the bench need to know; sessions included, so the file is private."""

    workspace: str
    people: dict[str, str]
    tokens: dict[str, str]
    rooms: dict[str, str]
    members: dict[str, list[str]]


def receiver(number: int) -> str:
    return f"u{number:04d}"


def sender(number: int) -> str:
    return f"s{number:02d}"


def fan_room(size: int) -> str:
    return f"fan-{size}"


def many_room(number: int) -> str:
    return f"many-{number:02d}"


CROWD_ROOM = f"crowd-{CROWD}"


def plan() -> dict[str, list[str]]:
    """Who sits in which room; senders last."""
    rooms = {fan_room(size): [*map(receiver, range(size)), sender(0)] for size in SIZES}
    rooms[CROWD_ROOM] = [*map(receiver, range(CROWD)), *map(sender, range(CROWD_SENDERS))]
    for number in range(MANY_ROOMS):
        first = number * MANY_RECEIVERS
        people = map(receiver, range(first, first + MANY_RECEIVERS))
        rooms[many_room(number)] = [*people, sender(number % SENDERS)]
    return rooms


def furnished(root: Path) -> World:
    """The world of this data directory, made on first use (a few minutes)."""
    file = root / FILE
    if file.exists():
        world = World(**json.loads(file.read_text()))
        _restore(world)
        return world
    world = _furnish()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        json.dump(asdict(world), out)
    return world


def _restore(world: World) -> None:
    """Give back what a run that was broken off has withdrawn."""
    from rooms.models import Membership, MembershipState  # noqa: PLC0415
    from tenancy.actor import system_actor  # noqa: PLC0415
    from tenancy.scoping import within  # noqa: PLC0415

    workspace_id = UUID(world.workspace)
    with within(workspace_id):
        lost = Membership.objects.filter(state=MembershipState.SUSPENDED).values_list("user_id", flat=True)
        user_ids = set(lost)
    for user_id in user_ids:
        tell_facts(system_actor(workspace_id, cause="bench"), user_id, CLEARED)


def _furnish() -> World:
    from lifecycle.actions import create_workspace, newborn_actor  # noqa: PLC0415
    from rooms.actions.members import add_member  # noqa: PLC0415
    from rooms.actions.rooms import create_room  # noqa: PLC0415
    from rooms.models import RoomKind  # noqa: PLC0415
    from tenancy.actor import system_actor  # noqa: PLC0415

    workspace = create_workspace(newborn_actor(cause="bench"), slug="bench", name="Bench", owner="owner")
    system = system_actor(workspace.id, cause="bench")
    names = [*map(receiver, range(RECEIVERS)), *map(sender, range(SENDERS))]
    people = {name: _person(system, name) for name in names}
    tokens = {name: _signed_in(system, people[name]) for name in names}
    rooms, members = {}, plan()
    for name, who in members.items():
        requirement = STRICT if name == fan_room(max(SIZES)) else REQUIREMENT
        room = create_room(system, kind=RoomKind.PRIVATE, name=name, requirement=requirement)
        rooms[name] = str(room.id)
        for person in who:
            add_member(system, room_id=room.id, user_id=people[person])
    return World(
        workspace=str(workspace.id),
        people={name: str(user_id) for name, user_id in people.items()},
        tokens=tokens,
        rooms=rooms,
        members=members,
    )


def _person(system: object, name: str) -> UUID:
    from accounts.actions import create_user  # noqa: PLC0415

    user = create_user(system, username=name, name=f"Person {name}")  # type: ignore[arg-type]
    tell_facts(system, user.id, CLEARED)
    return user.id


def tell_facts(system: object, user_id: UUID, facts: dict[str, object]) -> None:
    """What the directory says of a person from now on."""
    from accounts.actions import Assertion, set_facts  # noqa: PLC0415

    asserted = {name: Assertion(value) for name, value in facts.items()}
    set_facts(system, user_id=user_id, source="manual", facts=asserted)  # type: ignore[arg-type]


def _signed_in(system: object, user_id: UUID) -> str:
    from accounts.actions import issue_login_link, use_login_link  # noqa: PLC0415
    from accounts.circumstances import Circumstances  # noqa: PLC0415
    from tenancy.actor import anonymous_actor  # noqa: PLC0415

    link = issue_login_link(system, user_id=user_id)  # type: ignore[arg-type]
    visitor = anonymous_actor(system.workspace_id, address="127.0.0.1", user_agent="bench")  # type: ignore[attr-defined]
    circumstances = Circumstances(address="127.0.0.1", user_agent="bench")
    signed_in = use_login_link(visitor, token=link.token, circumstances=circumstances)
    if signed_in.issued is None:
        raise RuntimeError(f"nobody could sign in: {signed_in.refusal}")
    return signed_in.issued.token
