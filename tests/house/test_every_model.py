"""Every table belongs to a workspace, or is on the short list of those that belong to the platform."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from tenancy.models import WorkspaceModel

GLOBAL = {
    "tenancy.Workspace": "the workspace itself: its wall is on its own id",
    "audit.AuditLog": "entries outlive what they speak of: plain ids, walled by hand (R36)",
    "audit.AuditEvent": "as above",
    "audit.AuditBody": "as above",
    "audit.AuditSeal": "as above",
    "audit.AuditBoundary": "as above",
    "audit.AuditEntitlement": "as above",
    "audit.AuditTile": "leaf hashes of a log, read by the sealer and the verifier alone",
    "audit.AuditRound": "one signature over all logs",
    "audit.AuditCluster": "the lives of the database",
    "audit.AuditKey": "public keys of the deployment",
    "keys.AuditSigningKey": "the deployment's own signing key, wrapped",
    "contenttypes.ContentType": "names of tables",
    "auth.Permission": "names of powers; nobody holds one (R4)",
    "auth.Group": "no row is ever made: groups are accounts.Group",
    "guardian.UserObjectPermission": "no table is made: grants are accounts.UserGrant (R22)",
    "guardian.GroupObjectPermission": "as above: accounts.GroupGrant",
    "admin.LogEntry": "no row is ever made: it would show names across workspaces (R42)",
}
HOUSE = (*settings.HOUSE, "contenttypes", "auth", "admin", "guardian", "auditlog")


def label(model: type[models.Model]) -> str:
    return model._meta.label


def strays(found: list[type[models.Model]], known: dict[str, str]) -> list[str]:
    return [label(one) for one in found if not issubclass(one, WorkspaceModel) and label(one) not in known]


def ours() -> list[type[models.Model]]:
    return [one for one in apps.get_models() if one._meta.managed or one._meta.app_label in settings.HOUSE]


def test_every_model_stands_in_a_workspace_or_on_the_short_list():
    assert strays(ours(), GLOBAL) == []


def test_the_short_list_names_only_what_there_is():
    assert GLOBAL.keys() <= {label(one) for one in apps.get_models()}


def test_a_stray_table_is_seen():
    class Stray(models.Model):  # noqa: DJ008 — it is never shown
        class Meta:
            app_label = "rooms"
            managed = False

    try:
        assert strays([Stray], GLOBAL) == ["rooms.Stray"]
    finally:
        apps.all_models["rooms"].pop("stray")
        apps.clear_cache()


@pytest.mark.parametrize("model", [one for one in apps.get_models() if issubclass(one, WorkspaceModel)], ids=label)
def test_a_row_of_a_workspace_is_known_by_a_uuid_and_never_takes_its_workspace_along(model):
    assert isinstance(model._meta.pk, models.UUIDField)
    assert model._meta.get_field("workspace").remote_field.on_delete is models.PROTECT
