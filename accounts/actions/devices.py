"""Devices: made known at sign-in, and judged by whoever manages them (ID-12)."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sealing, tokens
from accounts.access import user_resource
from accounts.actions import rules
from accounts.models import Device
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.models import EpochKind
from policy.pep import enforce, performs
from policy.signals import announce_access_change
from policy.types import Resource
from tenancy.actor import Actor
from tenancy.errors import NotFound

_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device and the token that it will be recognised by, told once."""

    device: Device
    token: str


@performs(Action.DEVICE_REGISTER)
def register_device(actor: Actor, *, name: str) -> RegisteredDevice:
    """Recognise the actor's present device from now on. It is not compliant until its manager says so."""
    enforce(actor, Action.DEVICE_REGISTER, user_resource(actor.id))

    token = tokens.new_token()
    device = Device(workspace_id=actor.workspace_id, user_id=actor.id, token_hash=tokens.hashed(token))
    sealing.seal_device_name(device, name[:_LONGEST_NAME])
    device.save(force_insert=True)

    record(Event.DEVICE_REGISTERED, actor, target=Target("device", device.id), device_id=device.id, user_id=actor.id)
    return RegisteredDevice(device, token)


@performs(Action.DEVICE_UPDATE)
def update_device_posture(actor: Actor, *, device_id: UUID, compliant: bool) -> Device:
    """State whether a device meets the baseline, as of now; what rests on it is decided again at once."""
    resource = Resource("device", device_id)
    enforce(actor, Action.DEVICE_UPDATE, resource)
    device: Device | None = Device.objects.select_for_update(no_key=True).filter(id=device_id, removed_at=None).first()
    if device is None:
        raise NotFound(_("There is no such device."), field="device")
    rules.refuse_self(actor, Action.DEVICE_UPDATE, resource, [device.user_id])

    device.compliant, device.posture_at = compliant, timezone.now()
    device.save(update_fields=["compliant", "posture_at"])

    record(Event.DEVICE_CHANGED, actor, target=Target("device", device.id), device_id=device.id, changed=["compliant"])
    announce_access_change(actor, kind=EpochKind.SUBJECT, keys=[device.user_id], reason="device_posture")
    return device
