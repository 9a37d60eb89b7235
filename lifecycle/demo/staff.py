"""Hires the people of the scenario: accounts, roles, entitlements, devices."""

from dataclasses import dataclass
from uuid import UUID

from accounts.actions import (
    Assertion,
    assign_role,
    create_user,
    register_device,
    set_facts,
    update_device_posture,
    update_user,
)
from accounts.models import Role, User
from lifecycle.defaults import MANUAL
from lifecycle.demo import people
from lifecycle.demo.people import Person
from tenancy.actor import Actor, Environment, Subject, SubjectKind


@dataclass(slots=True)
class Staff:
    """Everybody, and as whom they act."""

    workspace_id: UUID
    ids: dict[str, UUID]

    def actor(self, username: str) -> Actor:
        """The person outside any session, as a job in their name acts."""
        return Actor(self.workspace_id, Subject(self.ids[username], SubjectKind.USER), Environment(cause="demo"))

    @property
    def owner(self) -> Actor:
        return self.actor(people.OWNER.username)

    @property
    def officer(self) -> Actor:
        return self.actor(people.POLICY_OFFICER.username)


def assemble(workspace_id: UUID) -> Staff:
    """The people of the scenario, as they are in the workspace."""
    names = [person.username for person in people.EVERYBODY]
    return Staff(workspace_id, dict(User.objects.filter(username__in=names).values_list("username", "id")))


def hire(workspace_id: UUID) -> None:
    """The owner hires the policy officer, who hires everybody else. Nobody says what is true of themselves."""
    staff = assemble(workspace_id)
    owner, officer = people.OWNER, people.POLICY_OFFICER
    update_user(staff.owner, user_id=staff.ids[owner.username], name=owner.name, title=owner.title)
    _create(staff, staff.owner, officer)
    for person in people.STAFF:
        _create(staff, staff.officer, person)
    for person in people.EVERYBODY:
        manager = staff.owner if person is officer else staff.officer
        know(staff, manager, person.username, person.facts)
        _equip(staff, manager, person)


def know(staff: Staff, manager: Actor, username: str, facts: people.Facts) -> None:
    """From now on these are the entitlements of somebody, and no others."""
    asserted = {name: Assertion(value) for name, value in facts.items() if value}
    set_facts(manager, user_id=staff.ids[username], source=MANUAL, facts=asserted)


def _create(staff: Staff, manager: Actor, person: Person) -> None:
    user = create_user(manager, username=person.username, name=person.name, title=person.title)
    staff.ids[person.username] = user.id
    for role in person.roles:
        assign_role(manager, role_id=Role.objects.get(system=role).id, user_id=user.id)


def _equip(staff: Staff, manager: Actor, person: Person) -> None:
    if person.device is None:
        return
    registered = register_device(staff.actor(person.username), name=person.device.name)
    if person.device.compliant is not None:
        update_device_posture(manager, device_id=registered.device.id, compliant=person.device.compliant)
