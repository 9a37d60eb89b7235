"""django-auditlog beside the audit log: what changed in configuration, without a secret and behind the wall (R22)."""

import json

from auditlog.context import set_extra_data

from accounts.actions import Assertion, create_group, create_role, set_facts, set_password, update_role, update_user
from accounts.models import FieldDiff
from accounts.models_thirdparty import MASK
from tenancy.scoping import within


def changes(world, model):
    with within(world.id):
        rows = FieldDiff.objects.filter(content_type__model=model).order_by("timestamp")
        return [(row.action, row.changes, row.actor_id) for row in rows]


def test_a_change_of_a_role_is_told_field_by_field(olympus, ada):
    role = create_role(olympus.system, name="Helpers", flags=[])

    with set_extra_data({"actor_id": ada.id}):
        update_role(olympus.system, role_id=role.id, flags=["manage_users"])

    action, diff, actor_id = changes(olympus, "role")[-1]
    assert action == FieldDiff.Action.UPDATE
    assert diff == {"flags": ["[]", "['manage_users']"]}
    assert actor_id == ada.id


def test_secrets_and_sealed_fields_are_never_in_it(olympus, grace):
    set_password(olympus.system, user_id=grace.id, password="a longer sentence than before")
    update_user(olympus.system, user_id=grace.id, name="Sensitive Name")
    create_group(olympus.system, name="Sensitive Group")
    set_facts(olympus.system, user_id=grace.id, source="manual", facts={"clearance": Assertion("top secret")})

    with within(olympus.id):
        told = [(row.object_repr, row.changes, row.serialized_data) for row in FieldDiff.objects.all()]
        models = set(FieldDiff.objects.values_list("content_type__model", flat=True))
    text = json.dumps(told)

    assert MASK in text
    for secret in ("md5$", "Sensitive", "TOP_SECRET", "profile", "name_hash"):
        assert secret not in text
    assert not models & {"fact", "session", "device", "loginlink"}


def test_what_changed_in_one_workspace_is_not_seen_in_another(olympus, vulcan):
    create_role(olympus.system, name="Helpers", flags=[])

    assert all("Helpers" not in json.dumps(diff) for _, diff, _ in changes(vulcan, "role"))
    assert any("Helpers" in json.dumps(diff) for _, diff, _ in changes(olympus, "role"))
