import pytest
from django.core.management import call_command

from audit.events import Event
from keys import access, actions, envelope
from keys.errors import KmsUnavailable
from keys.kms import kms
from keys.models import DataKey, TenantKey
from policy.pep import reading
from policy.types import AccessDenied
from tenancy.scoping import within


@pytest.fixture
def officer(olympus):
    return olympus.person("officer", "security_officer")


def test_the_overview_counts_keys_by_what_they_are_for(olympus, officer):
    actions.rotate_room_key(olympus.system, room_id=olympus.room_id)
    actions.rotate_tenant_key(olympus.system)

    with reading(officer):
        overview = access.key_overview(officer)

    counts = {(count.scope, count.state): count.keys for count in overview.data_keys}
    assert counts[("room", "active")] == counts[("room", "retired")] == 1
    assert counts[("user", "active")] == counts[("author", "active")]
    assert [key.version for key in overview.tenant_keys] == [2, 1]
    assert overview.waiting_for_rewrap == sum(counts.values())
    assert overview.kms.kind == "local"
    assert overview.kms_health.healthy


def test_what_people_see_comes_without_the_keys(olympus, officer):
    with reading(officer):
        rows = [*access.data_keys(officer), *access.tenant_keys(officer), *access.signing_keys(officer)]

    assert rows
    assert not any("wrapped" in vars(row) or "commitment" in vars(row) for row in rows)


def test_who_may_not_manage_encryption_sees_no_keys(olympus):
    eve = olympus.person("eve", "auditor")
    denied = olympus.entries(Event.ACCESS_DENIED)

    for look in (access.key_overview, access.data_keys, access.tenant_keys, access.signing_keys):
        with pytest.raises(AccessDenied), reading(eve):
            look(eve)

    assert olympus.entries(Event.ACCESS_DENIED) == denied + 4


def test_an_outage_of_the_kms_is_shown_and_not_hidden(olympus, officer, kms_outage):
    with reading(officer):
        overview = access.key_overview(officer)

    assert overview.kms is None
    assert not overview.kms_health.healthy
    assert overview.kms_health.remedy


def test_without_the_kms_nothing_new_is_sealed_in_the_clear(standing, kms_outage):
    envelope.purge(standing.id)

    with within(standing.id), pytest.raises(KmsUnavailable) as away:
        envelope.seal(standing.place(), b"content")

    assert away.value.code == "kms_unavailable"
    assert "content" not in str(vars(away.value))


def test_the_operator_rotates_the_kek_by_a_command(own_kms, standing, capsys):
    place = standing.place()
    with within(standing.id):
        sealed = envelope.seal(place, b"content")
        wrapped = list(DataKey.objects.order_by("id").values_list("wrapped", flat=True))

    call_command("rotate_kms_key")

    active = kms().describe().active_kek_id
    assert active in capsys.readouterr().out
    envelope.purge(standing.id)
    with within(standing.id):
        assert TenantKey.objects.get().kek_id == active
        assert list(DataKey.objects.order_by("id").values_list("wrapped", flat=True)) == wrapped
        assert envelope.open_(place, sealed) == b"content"
