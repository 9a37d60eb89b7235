import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from audit import signing
from audit.notes import PublicKey
from keys import audit_keys
from keys.audit_keys import EnvelopeVault, KmsDigest, KmsRowMac, SealerSigner
from keys.errors import SealBroken
from keys.kms import kms
from keys.models import AuditSigningKey
from tenancy.actor import new_id
from tenancy.errors import OutsideWorkspace
from tenancy.scoping import within

sealer = pytest.mark.django_db(databases=["default", "sealer"], transaction=True)


def test_audit_is_given_its_keys_when_django_starts():
    assert isinstance(signing.row_mac(), signing.RowMac)
    assert isinstance(signing.digest(), signing.Digest)
    assert isinstance(signing.vault(), signing.BodyVault)
    assert isinstance(signing.row_mac(), KmsRowMac)


def test_without_the_sealers_address_no_signer_is_given(monkeypatch):
    given = []
    monkeypatch.setattr(audit_keys.signing, "register_signer", lambda *signers: given.extend(signers))
    monkeypatch.delitem(audit_keys.connections.settings, "sealer")

    audit_keys.register()

    assert given == []


def test_the_row_mac_is_the_same_in_every_process_and_for_nothing_else():
    mac = KmsRowMac().mac(b"entry")

    assert len(mac) == 16
    assert KmsRowMac().verify(b"entry", mac)
    assert not KmsRowMac().verify(b"Entry", mac)
    assert not KmsRowMac().verify(b"entry", mac[:-1])


def test_a_digest_is_equal_for_equal_text_in_one_workspace_and_purpose():
    here, there = new_id(), new_id()

    found = {KmsDigest().digest(*what) for what in [(here, "ip", "10.1.2.3")] * 2}
    others = [
        (there, "ip", "10.1.2.3"),
        (None, "ip", "10.1.2.3"),
        (here, "agent", "10.1.2.3"),
        (here, "i", "p10.1.2.3"),
    ]

    assert len(found) == 1
    assert len(found | {KmsDigest().digest(*what) for what in others}) == 5


@sealer
def test_the_signing_key_is_made_once_and_stays(transactional_db):
    first, second = SealerSigner(), SealerSigner()

    assert first.vkey == second.vkey
    assert AuditSigningKey.objects.using("sealer").count() == 1
    assert AuditSigningKey.objects.defer("wrapped").get().name == f"{settings.DEPLOYMENT_ID}/audit"


@sealer
def test_a_checkpoint_is_verified_with_the_public_half_alone(transactional_db):
    signer = SealerSigner()

    signature = signer.sign(b"origin\n1\nroot\n")

    name, key_id, encoded = signer.vkey.split("+", 2)
    raw = base64.b64decode(encoded)
    assert isinstance(signer, signing.Signer)
    assert (name, raw[0]) == (signer.name, 1)
    assert bytes.fromhex(key_id) == signer.key_id == sha256(f"{name}\n".encode() + raw).digest()[:4]
    assert PublicKey.parse(signer.vkey).key == raw[1:]
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, b"origin\n1\nroot\n")


@sealer
def test_the_private_key_is_stored_wrapped_and_shown_nowhere(transactional_db, monkeypatch):
    made = []
    real = kms().wrap
    monkeypatch.setattr(kms(), "wrap", lambda context, key: made.append(key) or real(context, key))
    signer = SealerSigner()
    signer.sign(b"note")

    (private,) = made
    row = AuditSigningKey.objects.using("sealer").get()

    assert private not in bytes(row.wrapped)
    assert private.hex() not in f"{signer!r} {vars(signer)!r} {row!r}"


def test_the_personal_part_of_an_entry_opens_for_that_entry_alone(olympus, vulcan):
    vault, entry_id = EnvelopeVault(), new_id()

    with within(olympus.id):
        sealed = vault.seal(olympus.id, entry_id, b"10.1.2.3")
        assert vault.open(olympus.id, entry_id, sealed) == b"10.1.2.3"
        with pytest.raises(SealBroken):
            vault.open(olympus.id, new_id(), sealed)
    with within(vulcan.id), pytest.raises(OutsideWorkspace):
        vault.open(olympus.id, entry_id, sealed)


def test_the_platforms_own_log_has_a_key_of_the_deployment():
    vault, entry_id = EnvelopeVault(), new_id()

    sealed = vault.seal(None, entry_id, b"10.1.2.3")

    assert EnvelopeVault().open(None, entry_id, sealed) == b"10.1.2.3"
    with pytest.raises(SealBroken):
        vault.open(None, new_id(), sealed)
    with pytest.raises(SealBroken):
        vault.open(None, entry_id, b"short")
