"""Which workspace a request is for: by host name, and by path only where a deployment shares one origin (R26, R46)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from tenancy.errors import Conflict
from tenancy.models import Workspace
from tenancy.scoping import first_workspace, within, workspace_for_host, workspace_for_slug

_BY_PATH = re.compile(r"/w/([a-z0-9-]{1,40})(?=/)")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
_LOCAL = ".localhost"


@dataclass(frozen=True, slots=True)
class Addressed:
    """A workspace, and the part of the path that only names it. Each such path has cookies of its own."""

    workspace_id: UUID
    prefix: str = ""

    def cookie(self, name: str) -> str:
        return f"{name}_{self.prefix.removeprefix('/w/')}" if self.prefix else name


def addressed(host: str, path: str) -> Addressed | None:
    """The workspace that answers for this host and path, or None."""
    by_path = _BY_PATH.match(path)
    if by_path is not None and settings.SHARED_ORIGIN:
        workspace_id = workspace_for_slug(by_path[1])
        return Addressed(workspace_id, by_path[0]) if workspace_id else None
    workspace_id = _by_host(bare(host))
    return Addressed(workspace_id) if workspace_id else None


def _by_host(name: str) -> UUID | None:
    found = workspace_for_host(name)
    if found is not None or settings.PRODUCTION:
        return found
    if name in _LOOPBACK:
        return first_workspace()
    return workspace_for_slug(name.removesuffix(_LOCAL)) if name.endswith(_LOCAL) else None


def bare(host: str) -> str:
    """The host name without its port, in small letters."""
    name = host.lower().rstrip(".")
    return name if name.endswith("]") else re.sub(r":[0-9]+$", "", name)


def url_of(workspace: Workspace, path: str) -> str:
    """Where people reach a path of this workspace. Raises Conflict in production if it has no host name."""
    public = urlsplit(settings.PUBLIC_URL)
    port = f":{public.port}" if public.port else ""
    with within(workspace.id):
        hosts = workspace.hosts
    if hosts:
        return f"{public.scheme}://{hosts[0]}{port}{path}"
    if settings.PRODUCTION:
        raise Conflict(
            _("%(workspace)s has no host name, so that nobody reaches it.") % {"workspace": workspace.slug},
            field="hosts",
            remedy=f"manage.py set_hosts {workspace.slug} chat.example.org",
        )
    if first_workspace() == workspace.id:
        return f"{settings.PUBLIC_URL}{path}"
    if settings.SHARED_ORIGIN:
        return f"{settings.PUBLIC_URL}/w/{workspace.slug}{path}"
    return f"{public.scheme}://{workspace.slug}{_LOCAL}{port}{path}"
