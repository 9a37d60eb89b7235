"""How a workspace comes to be."""

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

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
from policy.pep import enforce, performs
from policy.types import Resource
from tenancy.actor import Actor, new_id, system_actor
from tenancy.errors import Conflict, Invalid
from tenancy.models import Workspace

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_LONGEST_NAME = 80
_RESERVED = frozenset({"www", "localhost", "console", "api", "static", "w"})


def newborn_actor(*, cause: str) -> Actor:
    """The platform, about to create a workspace: the id of the actor's workspace is the new one's."""
    return system_actor(new_id(), cause=cause)


@performs(Action.WORKSPACE_CREATE)
def create_workspace(actor: Actor, *, slug: str, name: str, owner: str) -> Workspace:
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
    return workspace


def _refuse_living(actor: Actor) -> None:
    """Nobody who acts in a workspace gives birth to another one, not even the platform in its name."""
    if Workspace.objects.filter(id=actor.workspace_id).exists():
        enforce(actor, Action.WORKSPACE_CREATE, Resource("workspace", actor.workspace_id))
        raise Conflict(_("This workspace exists already."), field="workspace")


def _row(actor: Actor, slug: str, name: str) -> Workspace:
    address, title = slug.strip().lower(), " ".join(name.split())
    if not _SLUG.fullmatch(address) or address in _RESERVED:
        raise Invalid(
            _("This cannot be the address of a workspace."),
            field="slug",
            remedy=_("Use up to 40 small letters, digits and inner hyphens."),
        )
    if not title or len(title) > _LONGEST_NAME:
        raise Invalid(_("A workspace needs a name of up to 80 characters."), field="name")
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
