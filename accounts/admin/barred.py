"""Whom the rules of the actions bar from a button, though policy permits the Action: such a button is not offered."""

from collections.abc import Mapping
from typing import Any

from accounts.actions.groups import members_of
from accounts.actions.rules import is_outranked, powers_beyond
from accounts.models import Device, Group, Role, User
from tenancy.actor import Actor

Filled = Mapping[str, Any]


def the_person(actor: Actor, user: User, _filled: Filled) -> bool:
    """Nobody decides what policy reads about themselves."""
    return user.id == actor.id


def the_person_of_the_row(actor: Actor, _obj: Any, filled: Filled) -> bool:
    return filled.get("user_id") == actor.id


def the_owner(actor: Actor, device: Device, _filled: Filled) -> bool:
    return device.user_id == actor.id


def members(actor: Actor, group: Group, _filled: Filled) -> bool:
    return actor.id in members_of(group.id)


def the_outranked(actor: Actor, user: User, _filled: Filled) -> bool:
    """Nobody takes over the account of somebody more powerful."""
    return is_outranked(actor, user.id)


def who_holds_less(actor: Actor, role: Role, _filled: Filled) -> bool:
    """Nobody gives or takes a power that they do not hold."""
    return bool(powers_beyond(actor, role.flags))


def who_holds_less_than_the_row(actor: Actor, _user: User, filled: Filled) -> bool:
    return "flags" in filled and bool(powers_beyond(actor, filled["flags"]))
