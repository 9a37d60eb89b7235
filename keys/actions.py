"""What can be done with keys. Each function is one Action; the room, user and workspace actions above nest them.

Nothing here opens content: to hold the power over keys is not to be able to read.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from keys import wrapping
from keys.errors import KeyMissing
from keys.models import DataKey, DataKeyScope, KeyRing, KeyState, TenantKey
from policy.catalogue import Action
from policy.pep import NothingChanged, enforce, performs
from policy.types import Resource
from tenancy.actor import Actor
from tenancy.errors import Conflict

EPOCH_SEALS = 2**20
"""Records under one key before the next epoch: random nonces then collide with a chance of 2^-57 (SP 800-38D §8.3)."""

EPOCH_DAYS = 30
REWRAP_BATCH = 2000
ROTATE_BATCH = 500


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What one batch of `rewrap` did; there is more to do while `remaining` is not zero."""

    tenant_keys: int
    data_keys: int
    destroyed: int
    remaining: int


@performs(Action.KEY_WORKSPACE_CREATE)
def create_workspace_keys(actor: Actor) -> TenantKey:
    """Give a newborn workspace its keys: tenant key, workspace key and the secret of lookups and cursors."""
    enforce(actor, Action.KEY_WORKSPACE_CREATE, Resource("key", actor.workspace_id))

    if KeyRing.objects.exists():
        raise Conflict(_("This workspace has its keys already."))

    KeyRing.objects.create(workspace_id=actor.workspace_id)
    tenant_key = wrapping.add_tenant_key(actor.workspace_id, version=1)
    keys = wrapping.add_data_keys(
        actor.workspace_id, {("workspace", actor.workspace_id): 1, ("index", actor.workspace_id): 1}
    )

    record(Event.KEY_CREATED, actor, target=Target("key", tenant_key.id), level="tenant", version=1)
    for key in keys:
        _record(Event.KEY_CREATED, actor, key)
    return tenant_key


@performs(Action.KEY_ROOM_CREATE)
def create_room_key(actor: Actor, *, room_id: UUID) -> DataKey:
    """Give a newborn room its first key; without one nothing in it can be sealed."""
    enforce(actor, Action.KEY_ROOM_CREATE, Resource("key", room_id))

    _refuse_second(DataKeyScope.ROOM, room_id)

    (key,) = wrapping.add_data_keys(actor.workspace_id, {("room", room_id): 1})

    _record(Event.KEY_CREATED, actor, key)
    return key


@performs(Action.KEY_USER_CREATE)
def create_user_key(actor: Actor, *, user_id: UUID) -> DataKey:
    """Give a newborn user their key and their author's secret; without the latter they cannot post anywhere."""
    enforce(actor, Action.KEY_USER_CREATE, Resource("key", user_id))

    _refuse_second(DataKeyScope.USER, user_id)

    keys = wrapping.add_data_keys(actor.workspace_id, {("user", user_id): 1, ("author", user_id): 1})

    for key in keys:
        _record(Event.KEY_CREATED, actor, key)
    return keys[0]


@performs(Action.KEY_ROOM_ROTATE)
def rotate_room_key(actor: Actor, *, room_id: UUID) -> DataKey:
    """Seal the room's new content with a new key; what is there stays readable under the old one."""
    enforce(actor, Action.KEY_ROOM_ROTATE, Resource("key", room_id))

    old = _locked_active(DataKeyScope.ROOM, room_id)

    (key,) = wrapping.next_epoch(actor.workspace_id, [old])
    wrapping.announce(actor.workspace_id)

    _record(Event.KEY_ROTATED, actor, key)
    return key


@performs(Action.KEY_ROOM_ROTATE_DUE)
def rotate_due_room_keys(actor: Actor) -> int:
    """Give the next key to a batch of rooms whose key is 30 days old or has sealed a million records; to how many."""
    enforce(actor, Action.KEY_ROOM_ROTATE_DUE, Resource("key", actor.workspace_id))

    due = Q(created_at__lt=timezone.now() - timedelta(days=EPOCH_DAYS)) | Q(uses__gte=EPOCH_SEALS)
    active = DataKey.objects.filter(due, scope=DataKeyScope.ROOM, state=KeyState.ACTIVE)
    old = list(active.order_by("id").select_for_update(skip_locked=True)[:ROTATE_BATCH])
    if not old:
        raise NothingChanged(0)

    keys = wrapping.next_epoch(actor.workspace_id, old)
    wrapping.announce(actor.workspace_id)

    for key in keys:
        _record(Event.KEY_ROTATED, actor, key)
    return len(keys)


@performs(Action.KEY_TENANT_ROTATE)
def rotate_tenant_key(actor: Actor) -> TenantKey:
    """Wrap the workspace's new keys under a new tenant key; `rewrap` brings the old ones over."""
    enforce(actor, Action.KEY_TENANT_ROTATE, Resource("key", actor.workspace_id))

    old = TenantKey.objects.filter(state=KeyState.ACTIVE).select_for_update().first()
    if old is None:
        raise KeyMissing(_("This workspace has no tenant key."), remedy=_("Create its keys first."))

    TenantKey.objects.filter(id=old.id).update(state=KeyState.RETIRED, retired_at=timezone.now())
    key = wrapping.add_tenant_key(actor.workspace_id, version=old.version + 1)

    record(Event.KEY_ROTATED, actor, target=Target("key", key.id), level="tenant", version=key.version)
    return key


@performs(Action.KEY_TENANT_REWRAP)
def rewrap(actor: Actor) -> Rewrapped:
    """Bring one batch of wrapped keys under the active KEK and tenant key; content is not touched.

    May be stopped and run again at any time: what is done stays done. When nothing is left under an older tenant key,
    that key is destroyed.
    """
    enforce(actor, Action.KEY_TENANT_REWRAP, Resource("key", actor.workspace_id))

    tenant_keys = wrapping.rewrap_tenant_keys()
    data_keys = wrapping.rewrap_data_keys(actor.workspace_id, limit=REWRAP_BATCH)
    left = wrapping.remaining(actor.workspace_id)
    destroyed = 0 if left else wrapping.destroy_unused_tenant_keys()
    done = Rewrapped(tenant_keys, data_keys, destroyed, left)
    if not (tenant_keys or data_keys or destroyed):
        raise NothingChanged(done)

    target = Target("key", actor.workspace_id)
    record(Event.KEY_REWRAPPED, actor, target=target, level="tenant", keys=tenant_keys + data_keys)
    return done


@performs(Action.KEY_ROOM_SHRED)
def shred_room(actor: Actor, *, room_id: UUID) -> int:
    """Destroy every key of the room: its content is noise for ever, here and once old key backups have expired."""
    enforce(actor, Action.KEY_ROOM_SHRED, Resource("key", room_id))

    return _shred(actor, Q(scope=DataKeyScope.ROOM, scope_id=room_id), level="room", owner_id=room_id)


@performs(Action.KEY_USER_SHRED)
def shred_user(actor: Actor, *, user_id: UUID) -> int:
    """Destroy a user's key and author's secret: their profile and all that they wrote anywhere is noise for ever."""
    enforce(actor, Action.KEY_USER_SHRED, Resource("key", user_id))

    theirs = Q(scope__in=[DataKeyScope.USER, DataKeyScope.AUTHOR], scope_id=user_id)
    return _shred(actor, theirs, level="user", owner_id=user_id)


def _shred(actor: Actor, which: Q, *, level: str, owner_id: UUID) -> int:
    keys = list(DataKey.objects.filter(which).order_by("id").select_for_update())
    living = [key for key in keys if key.state != KeyState.DESTROYED]
    if not keys:
        raise KeyMissing(f"There is no key of {level} {owner_id} in this workspace.", field=f"{level}_id")
    if not living:
        raise Conflict(f"The keys of {level} {owner_id} were destroyed already.", field=f"{level}_id")

    wrapping.destroy(living)
    wrapping.announce(actor.workspace_id)

    fingerprints = [key.fingerprint for key in living]
    target = Target("key", owner_id)
    record(Event.KEY_SHREDDED, actor, target=target, level=level, keys=len(living), fingerprints=fingerprints)
    return len(living)


def _locked_active(scope: DataKeyScope, scope_id: UUID) -> DataKey:
    active = DataKey.objects.filter(scope=scope, scope_id=scope_id, state=KeyState.ACTIVE)
    key: DataKey | None = active.select_for_update().first()
    if key is None:
        raise KeyMissing(f"There is no active key of {scope} {scope_id}.", field=f"{scope}_id")
    return key


def _refuse_second(scope: DataKeyScope, scope_id: UUID) -> None:
    if DataKey.objects.filter(scope=scope, scope_id=scope_id).exists():
        raise Conflict(f"The {scope} {scope_id} has its key already.", field=f"{scope}_id")


def _record(event: Event, actor: Actor, key: DataKey) -> None:
    record(event, actor, target=Target("key", key.id), level=str(key.scope), key_id=str(key.key_id), version=key.epoch)
