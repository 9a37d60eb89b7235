"""How a workspace comes to be, and what is decided about it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings as deployment
from django.db import IntegrityError, transaction
from django.http.request import validate_host
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actions import assign_role, create_user
from accounts.models import FactSource, Role
from accounts.roles import SYSTEM_ROLES, SystemRole
from audit.events import Event
from audit.log import Target, record
from keys.actions import create_workspace_keys
from lifecycle.defaults import ATTRIBUTES, SOURCES
from policy import epochs
from policy.catalogue import Action
from policy.models import AttributeDefinition, EpochKind
from policy.pep import NothingChanged, enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from policy.visible import visible_name
from rooms.markings import canonical, levels, within_ceiling
from rooms.models import Room
from tenancy.actor import Actor, new_id, system_actor
from tenancy.errors import Conflict, Invalid
from tenancy.models import HOST_NAME, Workspace, WorkspaceHost

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_LONGEST_NAME = 80
_LONGEST_HOST = 253
_LOCAL = ".localhost"
_RESERVED = frozenset({"www", "localhost", "console", "api", "static", "w"})


def newborn_actor(*, cause: str) -> Actor:
    """The platform, about to create a workspace: the id of the actor's workspace is the new one's."""
    return system_actor(new_id(), cause=cause)


@performs(Action.WORKSPACE_CREATE)
def create_workspace(actor: Actor, *, slug: str, name: str, owner: str, hosts: Sequence[str] = ()) -> Workspace:
    """A workspace with its keys, roles, attributes and first owner; `actor` comes from `newborn_actor`.

    The owner has no password yet: a sign-in link lets them in.
    """
    _refuse_living(actor)
    workspace = _row(actor, slug, name)
    enforce(actor, Action.WORKSPACE_CREATE, Resource("workspace", workspace.id))

    create_workspace_keys(actor)
    _furnish(workspace)
    epochs.begin(workspace.id, EpochKind.POLICY, workspace.id)
    first = create_user(actor, username=owner)
    assign_role(actor, role_id=Role.objects.get(system=SystemRole.OWNER).id, user_id=first.id)

    record(Event.WORKSPACE_CREATED, actor, target=Target("workspace", workspace.id), slug=workspace.slug)
    if hosts:
        set_hosts(actor, hosts=hosts)
    return workspace


def _refuse_living(actor: Actor) -> None:
    """Nobody who acts in a workspace gives birth to another one, not even the platform in its name."""
    if Workspace.objects.filter(id=actor.workspace_id).exists():
        enforce(actor, Action.WORKSPACE_CREATE, Resource("workspace", actor.workspace_id))
        raise Conflict(_("This workspace exists already."), field="workspace")


def _row(actor: Actor, slug: str, name: str) -> Workspace:
    address = slug.strip().lower()
    if not _SLUG.fullmatch(address) or address in _RESERVED:
        raise Invalid(
            _("This cannot be the address of a workspace."),
            field="slug",
            remedy=_("Use up to 40 small letters, digits and inner hyphens."),
        )
    title = visible_name(name, longest=_LONGEST_NAME)
    try:
        with transaction.atomic():
            return Workspace.objects.create(id=actor.workspace_id, slug=address, name=title)
    except IntegrityError:
        raise Conflict(_("This address is taken."), field="slug", remedy=_("Choose another one.")) from None


def _furnish(workspace: Workspace) -> None:
    AttributeDefinition.objects.bulk_create(
        AttributeDefinition(
            workspace=workspace,
            name=attribute.name,
            label=str(attribute.label),
            category=attribute.category,
            kind=attribute.kind,
            values=list(attribute.values),
            aliases=dict(attribute.aliases),
            source=attribute.source,
        )
        for attribute in ATTRIBUTES
    )
    FactSource.objects.bulk_create(
        FactSource(workspace=workspace, name=source.name, kind=source.kind, freshness_minutes=source.freshness_minutes)
        for source in SOURCES
    )
    Role.objects.bulk_create(
        Role(workspace=workspace, name=str(spec.name), system=role, flags=sorted(flag.value for flag in spec.flags))
        for role, spec in SYSTEM_ROLES.items()
    )


LIMITS: Mapping[str, tuple[int, int]] = {
    "lease_seconds": (5, 3600),
    "removal_grace_minutes": (0, 7 * 24 * 60),
    "session_idle_minutes": (5, 30 * 24 * 60),
    "session_max_hours": (1, 365 * 24),
}
"""What the settings of a workspace may be, from and to."""

_SETTINGS = frozenset({"name", "ceiling", "local_accounts", *LIMITS})


@performs(Action.WORKSPACE_UPDATE)
def update_workspace(actor: Actor, *, settings: Mapping[str, Any]) -> Workspace:
    """Change some of the workspace's settings; what rests on them is decided anew at once.

    Raises Conflict for a ceiling below the marking of a room that exists.
    """
    enforce(actor, Action.WORKSPACE_UPDATE, Resource("workspace", actor.workspace_id))
    workspace = Workspace.objects.select_for_update().get(id=actor.workspace_id)
    wanted = {name: _checked(workspace, name, value) for name, value in settings.items()}

    changed = sorted(name for name, value in wanted.items() if getattr(workspace, name) != value)
    if not changed:
        raise NothingChanged(workspace)
    for name in changed:
        setattr(workspace, name, wanted[name])
    workspace.save(update_fields=changed)

    record(Event.WORKSPACE_CHANGED, actor, target=Target("workspace", workspace.id), changed=changed)
    announce_access_change(actor, kind=EpochKind.POLICY, keys=[workspace.id], reason="workspace:settings:changed")
    return workspace


def _checked(workspace: Workspace, name: str, value: Any) -> Any:
    if name not in _SETTINGS:
        raise Invalid(_("There is no such setting."), field=name[:40])
    if name in LIMITS:
        return _number(name, value)
    if name == "local_accounts":
        return bool(value)
    return visible_name(str(value), longest=_LONGEST_NAME) if name == "name" else _ceiling(workspace, str(value))


def _number(name: str, value: Any) -> int:
    low, high = LIMITS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Invalid(
            _("This is not a whole number in range."),
            field=name,
            remedy=_("Use %(low)d to %(high)d.") % {"low": low, "high": high},
        )
    return value


def _ceiling(workspace: Workspace, value: str) -> str:
    """Nothing that is here already may lie above it."""
    ceiling = canonical(workspace.id, value)
    above = [one for one in levels(workspace.id) if not within_ceiling(workspace.id, one, ceiling)]
    rooms = Room.objects.filter(marking__in=above).count()
    if rooms:
        raise Conflict(
            ngettext("%(n)d room is marked above %(ceiling)s.", "%(n)d rooms are marked above %(ceiling)s.", rooms)
            % {"n": rooms, "ceiling": ceiling},
            field="ceiling",
            remedy=_("Choose a ceiling that covers every room."),
        )
    return ceiling


@performs(Action.HOSTS_SET)
def set_hosts(actor: Actor, *, hosts: Sequence[str]) -> Workspace:
    """The host names on which the workspace answers from now on; links show the first. None takes them all away.

    Raises Conflict for a name that another workspace of the deployment has.
    """
    enforce(actor, Action.HOSTS_SET, Resource("workspace", actor.workspace_id))
    workspace = Workspace.objects.select_for_update().get(id=actor.workspace_id)
    names = list(dict.fromkeys(_host(one) for one in hosts))
    if names == workspace.hosts:
        raise NothingChanged(workspace)

    WorkspaceHost.objects.all().delete()
    rows = [WorkspaceHost(workspace=workspace, name=name, place=place) for place, name in enumerate(names)]
    try:
        with transaction.atomic():
            WorkspaceHost.objects.bulk_create(rows)
    except IntegrityError:
        raise Conflict(
            _("Another workspace has this host name."), field="hosts", remedy=_("Choose another one.")
        ) from None

    record(Event.WORKSPACE_HOSTS_SET, actor, target=Target("workspace", workspace.id), hosts=names)
    return workspace


def _host(given: str) -> str:
    """A name that browsers reach over the network, and that this deployment answers."""
    name = given.strip().lower().rstrip(".")
    if len(name) > _LONGEST_HOST or not re.fullmatch(HOST_NAME, name) or name.endswith(_LOCAL):
        raise Invalid(
            _("This cannot be the host name of a workspace."),
            field="hosts",
            remedy=_("Give a full name such as chat.example.org, without scheme, port or path."),
        )
    if not validate_host(name, deployment.ALLOWED_HOSTS):
        raise Invalid(
            _("This deployment does not answer on %(host)s.") % {"host": name},
            field="hosts",
            remedy=_("Name it in CORDON_ALLOWED_HOSTS, or choose one below that of CORDON_PUBLIC_URL."),
        )
    return name
