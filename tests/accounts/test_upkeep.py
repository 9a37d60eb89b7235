"""The jobs on a schedule, and who is named in the field changes of the console."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from accounts.actions import Assertion, create_role, set_facts, update_role
from accounts.middleware import FieldDiffMiddleware
from accounts.models import Fact, FieldDiff, Session
from accounts.tasks import sweep_accounts
from audit.events import Event
from tenancy.scoping import within
from tests.accounts.conftest import make_world
from tests.accounts.records import entries


@pytest.mark.django_db(transaction=True)
def test_every_workspace_is_swept():
    worlds = [make_world("olympus"), make_world("vulcan")]
    for world in worlds:
        ada = world.user("ada")
        world.signed_in(ada)
        soon = timezone.now() + timedelta(seconds=0.05)
        set_facts(world.system, user_id=ada.id, source="manual", facts={"clearance": Assertion("secret", soon)})
        with within(world.id):
            Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    sweep_accounts()

    for world in worlds:
        assert len(entries(world.id, Event.SESSION_EXPIRED)) == 1
        with within(world.id):
            assert not Fact.objects.exists()
            assert not Session.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize(("path", "named"), [("/console/roles/", True), ("/api/v1/roles/", False)])
def test_the_console_names_who_changed_a_field(olympus, ada, path, named):
    role = create_role(olympus.system, name="Helpers", flags=[])
    actor, _ = olympus.signed_in(ada)

    def answer(_request):
        update_role(actor, role_id=role.id, flags=["manage_users"])
        return HttpResponse()

    request = RequestFactory().post(path)
    request.actor = actor
    FieldDiffMiddleware(answer)(request)

    with within(olympus.id):
        row = FieldDiff.objects.filter(content_type__model="role", action=FieldDiff.Action.UPDATE).latest("timestamp")
    assert row.actor_id == (ada.id if named else None)
    assert row.remote_addr is None
