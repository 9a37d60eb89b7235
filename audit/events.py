# ruff: noqa: E501 - one event, one line
"""Everything that can happen in this product, each classified on the line that declares it.

To add an event, add one line: a past-tense `noun:noun:verb`, then `kind(family, stores, needed data ..)`.
A line without a kind, a second use of a name and a name of another form all fail at import, so that no event
can be recorded that nobody has placed in a store (AU-1). Every event may also carry `reason`, `cause`, `decision_id`.
"""

import re
from enum import StrEnum, unique
from typing import Self

from audit.kinds import (
    BOTH,
    CODE,
    CODES,
    COMPLIANCE,
    COUNT,
    COUNTS,
    DIGEST,
    FLAG,
    ID,
    IDS,
    MOMENT,
    PERSONAL,
    SECURITY,
    Family,
    Kind,
    kind,
    maybe,
)

_NAME = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+\Z")


class _Classified(StrEnum):
    """A StrEnum whose members cannot exist without a Kind."""

    kind: Kind

    def __new__(cls, name: str, classification: Kind) -> Self:
        if not isinstance(classification, Kind):
            raise TypeError(f"{name} has no classification: give it kind(family, stores, ..)")
        if not _NAME.match(name):
            raise TypeError(f"{name} is not of the form noun:noun:verb")
        member = str.__new__(cls, name)
        member._value_ = name
        member.kind = classification
        return member


# fmt: off
@unique
class Event(_Classified):
    # authentication
    LOGIN_SUCCEEDED = "auth:login:succeeded", kind(Family.AUTHENTICATION, SECURITY, methods=CODES)
    LOGIN_FAILED = "auth:login:failed", kind(Family.AUTHENTICATION, SECURITY, username=maybe(PERSONAL))
    LOGGED_OUT = "auth:session:closed", kind(Family.AUTHENTICATION, SECURITY, session_id=maybe(ID))
    LOGIN_LINK_ISSUED = "auth:login_link:issued", kind(Family.AUTHENTICATION, SECURITY, user_id=ID, expires_at=maybe(MOMENT))
    LOGIN_LINK_USED = "auth:login_link:used", kind(Family.AUTHENTICATION, SECURITY, user_id=maybe(ID))
    LOGIN_LINK_REFUSED = "auth:login_link:refused", kind(Family.AUTHENTICATION, SECURITY, user_id=maybe(ID))
    TICKET_ISSUED = "auth:ticket:issued", kind(Family.AUTHENTICATION, SECURITY, expires_at=maybe(MOMENT))
    TICKET_USED = "auth:ticket:used", kind(Family.AUTHENTICATION, SECURITY)
    STEP_UP_SUCCEEDED = "auth:step_up:succeeded", kind(Family.AUTHENTICATION, SECURITY, method=CODE, strength=maybe(COUNT))
    STEP_UP_FAILED = "auth:step_up:failed", kind(Family.AUTHENTICATION, SECURITY, method=CODE)
    PASSWORD_CHANGED = "auth:password:changed", kind(Family.AUTHENTICATION, SECURITY, user_id=ID)
    LOCKOUT_STARTED = "auth:lockout:started", kind(Family.AUTHENTICATION, SECURITY, scope=CODE, minutes=COUNT, user_id=maybe(ID), username=maybe(PERSONAL))
    LOCKOUT_ENDED = "auth:lockout:ended", kind(Family.AUTHENTICATION, SECURITY, scope=CODE, user_id=maybe(ID))

    # session
    SESSION_CREATED = "account:session:created", kind(Family.SESSION, SECURITY, session_id=ID, user_id=ID, methods=maybe(CODES))
    SESSION_REVOKED = "account:session:revoked", kind(Family.SESSION, SECURITY, session_id=ID, user_id=ID)
    SESSION_EXPIRED = "account:session:expired", kind(Family.SESSION, SECURITY, session_id=ID, user_id=ID)

    # crypto_protocol
    ORIGIN_REFUSED = "protocol:origin:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, origin=maybe(PERSONAL))
    PLAINTEXT_REFUSED = "protocol:plaintext:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY)
    FRAME_REFUSED = "protocol:frame:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, size=maybe(COUNT))
    RATE_LIMITED = "protocol:rate:limited", kind(Family.CRYPTO_PROTOCOL, SECURITY, scope=CODE, hits=maybe(COUNT))
    LIMITER_DEGRADED = "protocol:limiter:degraded", kind(Family.CRYPTO_PROTOCOL, SECURITY, scope=CODE)
    PATH_TRAVERSAL_REFUSED = "protocol:path:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, path=maybe(PERSONAL))
    IDENTITY_SPOOFING_REFUSED = "protocol:identity:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, claimed=maybe(PERSONAL))
    SIGNATURE_REFUSED = "protocol:signature:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, issuer=maybe(PERSONAL))
    HANDSHAKE_REFUSED = "protocol:handshake:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY, peer=maybe(PERSONAL))
    TICKET_REFUSED = "protocol:ticket:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY)
    SEAL_BROKEN = "protocol:seal:broken", kind(Family.CRYPTO_PROTOCOL, SECURITY, record=CODE, record_id=ID, room_id=maybe(ID))
    FORGERY_REFUSED = "protocol:request:refused", kind(Family.CRYPTO_PROTOCOL, SECURITY)

    # privilege
    ACCESS_DENIED = "policy:access:denied", kind(Family.PRIVILEGE, SECURITY, action=maybe(CODE))
    ROLE_CREATED = "privilege:role:created", kind(Family.PRIVILEGE, BOTH, role_id=ID, flags=maybe(CODES))
    ROLE_CHANGED = "privilege:role:changed", kind(Family.PRIVILEGE, BOTH, role_id=ID, changed=CODES, flags=maybe(CODES))
    ROLE_DELETED = "privilege:role:deleted", kind(Family.PRIVILEGE, BOTH, role_id=ID)
    ROLE_ASSIGNED = "privilege:role:assigned", kind(Family.PRIVILEGE, BOTH, role_id=ID, user_id=ID)
    ROLE_UNASSIGNED = "privilege:role:unassigned", kind(Family.PRIVILEGE, BOTH, role_id=ID, user_id=ID)
    GRANT_GIVEN = "privilege:grant:given", kind(Family.PRIVILEGE, BOTH, user_id=maybe(ID), group_id=maybe(ID), power=CODE)
    GRANT_TAKEN = "privilege:grant:taken", kind(Family.PRIVILEGE, BOTH, user_id=maybe(ID), group_id=maybe(ID), power=CODE)

    # account
    USER_CREATED = "account:user:created", kind(Family.ACCOUNT, BOTH, user_id=ID, source=maybe(CODE))
    USER_CHANGED = "account:user:changed", kind(Family.ACCOUNT, BOTH, user_id=ID, changed=CODES)
    USER_DEACTIVATED = "account:user:deactivated", kind(Family.ACCOUNT, BOTH, user_id=ID)
    USER_REACTIVATED = "account:user:reactivated", kind(Family.ACCOUNT, BOTH, user_id=ID)
    USER_DELETED = "account:user:deleted", kind(Family.ACCOUNT, BOTH, user_id=ID)
    GROUP_CREATED = "account:group:created", kind(Family.ACCOUNT, BOTH, group_id=ID, kind=maybe(CODE))
    GROUP_CHANGED = "account:group:changed", kind(Family.ACCOUNT, BOTH, group_id=ID, changed=CODES)
    GROUP_DELETED = "account:group:deleted", kind(Family.ACCOUNT, BOTH, group_id=ID)
    GROUP_MEMBER_ADDED = "account:group_member:added", kind(Family.ACCOUNT, BOTH, group_id=ID, user_id=ID, source=maybe(CODE))
    GROUP_MEMBER_REMOVED = "account:group_member:removed", kind(Family.ACCOUNT, BOTH, group_id=ID, user_id=ID, source=maybe(CODE))
    ENTITLEMENT_CHANGED = "account:entitlement:changed", kind(Family.ACCOUNT, BOTH, user_id=ID, attributes=CODES, source=CODE)
    DEVICE_REGISTERED = "account:device:registered", kind(Family.ACCOUNT, SECURITY, device_id=ID, user_id=ID)
    DEVICE_CHANGED = "account:device:changed", kind(Family.ACCOUNT, SECURITY, device_id=ID, changed=CODES)
    DEVICE_REMOVED = "account:device:removed", kind(Family.ACCOUNT, SECURITY, device_id=ID)

    # policy
    ATTRIBUTE_CREATED = "policy:attribute:created", kind(Family.POLICY, BOTH, attribute=CODE)
    ATTRIBUTE_CHANGED = "policy:attribute:changed", kind(Family.POLICY, BOTH, attribute=CODE, changed=CODES)
    ATTRIBUTE_DELETED = "policy:attribute:deleted", kind(Family.POLICY, BOTH, attribute=CODE)
    POLICY_DRAFTED = "policy:set:drafted", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT, hash=maybe(DIGEST))
    POLICY_SUBMITTED = "policy:set:submitted", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT, hash=DIGEST)
    POLICY_RETURNED = "policy:set:returned", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT)
    POLICY_APPROVED = "policy:set:approved", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT, hash=DIGEST)
    POLICY_ACTIVATED = "policy:set:activated", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT, hash=DIGEST)
    POLICY_ROLLED_BACK = "policy:set:rolled_back", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT, hash=DIGEST)
    POLICY_RETIRED = "policy:set:retired", kind(Family.POLICY, BOTH, set_id=ID, version=COUNT)
    RULE_CHANGED = "policy:rule:changed", kind(Family.POLICY, BOTH, rule=CODE, version=COUNT, hash=maybe(DIGEST))
    REQUIREMENT_CHANGED = "policy:requirement:changed", kind(Family.POLICY, BOTH, requirement_id=maybe(ID), room_id=maybe(ID), version=COUNT, hash=maybe(DIGEST))
    DECISION_POINT_UNAVAILABLE = "policy:decision_point:failed", kind(Family.POLICY, SECURITY, decision_point=CODE)

    # room
    ROOM_CREATED = "room:room:created", kind(Family.ROOM, BOTH, room_kind=maybe(CODE), marking=maybe(CODE))
    ROOM_CHANGED = "room:room:changed", kind(Family.ROOM, BOTH, changed=CODES)
    ROOM_ARCHIVED = "room:room:archived", kind(Family.ROOM, BOTH)
    ROOM_UNARCHIVED = "room:room:unarchived", kind(Family.ROOM, BOTH)
    ROOM_DELETED = "room:room:deleted", kind(Family.ROOM, BOTH)
    MEMBER_ADDED = "room:member:added", kind(Family.ROOM, BOTH, user_id=ID, role=maybe(CODE), source=maybe(CODE))
    MEMBER_REMOVED = "room:member:removed", kind(Family.ROOM, BOTH, user_id=ID, source=maybe(CODE))
    MEMBER_LEFT = "room:member:left", kind(Family.ROOM, BOTH, user_id=ID)
    MEMBER_ROLE_CHANGED = "room:member:role_changed", kind(Family.ROOM, BOTH, user_id=ID, role=CODE)
    MEMBER_SUSPENDED = "room:member:suspended", kind(Family.ROOM, BOTH, user_id=ID, until=maybe(MOMENT))
    MEMBER_RESTORED = "room:member:restored", kind(Family.ROOM, BOTH, user_id=ID)
    MEMBER_REFUSED = "room:member:refused", kind(Family.ROOM, BOTH, user_id=ID, source=maybe(CODE))

    # message
    MESSAGE_POSTED = "room:message:posted", kind(Family.MESSAGE, COMPLIANCE, digest=maybe(DIGEST), marking=maybe(CODE), thread_id=maybe(ID))
    MESSAGE_EDITED = "room:message:edited", kind(Family.MESSAGE, COMPLIANCE, revision=COUNT, digest=maybe(DIGEST), marking=maybe(CODE))
    MESSAGE_DELETED = "room:message:deleted", kind(Family.MESSAGE, BOTH, author_id=maybe(ID))
    MESSAGES_IMPORTED = "room:message:imported", kind(Family.MESSAGE, BOTH, import_id=ID, counts=COUNTS, digest=DIGEST)
    REACTION_ADDED = "room:reaction:added", kind(Family.MESSAGE, COMPLIANCE, message_id=maybe(ID))
    REACTION_REMOVED = "room:reaction:removed", kind(Family.MESSAGE, COMPLIANCE, message_id=maybe(ID))
    READ_MARK_MOVED = "room:read_mark:moved", kind(Family.MESSAGE, COMPLIANCE, thread_id=maybe(ID))
    MEMBERSHIP_KEPT = "room:membership:kept", kind(Family.ROOM, COMPLIANCE, changed=CODES)
    THREAD_CREATED = "room:thread:created", kind(Family.MESSAGE, COMPLIANCE, thread_id=maybe(ID))
    THREAD_CHANGED = "room:thread:changed", kind(Family.MESSAGE, COMPLIANCE, thread_id=maybe(ID), changed=CODES)

    # key_backup
    KEY_CREATED = "key:key:created", kind(Family.KEY_BACKUP, BOTH, level=CODE, key_id=maybe(CODE), version=maybe(COUNT))
    KEY_ROTATED = "key:key:rotated", kind(Family.KEY_BACKUP, BOTH, level=CODE, key_id=maybe(CODE), version=maybe(COUNT))
    KEY_REWRAPPED = "key:key:rewrapped", kind(Family.KEY_BACKUP, BOTH, level=CODE, key_id=maybe(CODE), version=maybe(COUNT), keys=maybe(COUNT))
    KEY_SHREDDED = "key:key:shredded", kind(Family.KEY_BACKUP, BOTH, level=CODE, key_id=maybe(CODE), fingerprints=maybe(CODES), keys=maybe(COUNT))
    KEY_OPENING_FAILED = "key:key:open_failed", kind(Family.KEY_BACKUP, SECURITY, level=maybe(CODE), key_id=maybe(CODE))
    KMS_UNAVAILABLE = "key:kms:failed", kind(Family.KEY_BACKUP, SECURITY, kms=maybe(CODE))
    KMS_RECOVERED = "key:kms:recovered", kind(Family.KEY_BACKUP, SECURITY, kms=maybe(CODE))

    # data_lifecycle
    WORKSPACE_CREATED = "workspace:workspace:created", kind(Family.DATA_LIFECYCLE, BOTH, slug=maybe(CODE))
    WORKSPACE_CHANGED = "workspace:workspace:changed", kind(Family.DATA_LIFECYCLE, BOTH, changed=CODES)
    WORKSPACE_HOSTS_SET = "workspace:hosts:set", kind(Family.DATA_LIFECYCLE, BOTH, hosts=CODES)
    WORKSPACE_SUSPENDED = "workspace:workspace:suspended", kind(Family.DATA_LIFECYCLE, BOTH)
    WORKSPACE_RESUMED = "workspace:workspace:resumed", kind(Family.DATA_LIFECYCLE, BOTH)
    IMPORT_STARTED = "data:import:started", kind(Family.DATA_LIFECYCLE, BOTH, import_id=maybe(ID), format=CODE, digest=maybe(DIGEST))
    IMPORT_FINISHED = "data:import:finished", kind(Family.DATA_LIFECYCLE, BOTH, import_id=maybe(ID), format=maybe(CODE), counts=COUNTS)
    AUDIT_PRUNED = "audit:log:pruned", kind(Family.DATA_LIFECYCLE, BOTH, store=CODE, seal=COUNT, size=COUNT, rule=CODE, entitled=FLAG, open_since=maybe(MOMENT))
    AUDIT_EXPORTED = "audit:log:exported", kind(Family.DATA_LIFECYCLE, BOTH, stores=CODES, sizes=COUNTS)
    AUDIT_ERASED = "audit:body:erased", kind(Family.DATA_LIFECYCLE, BOTH, bodies=COUNT, entries=IDS)

    # console
    CONSOLE_ENTERED = "console:session:entered", kind(Family.CONSOLE, SECURITY)
    CONSOLE_PAGE_OPENED = "console:page:opened", kind(Family.CONSOLE, SECURITY, page=CODE)
    CONSOLE_REFUSED = "console:page:refused", kind(Family.CONSOLE, SECURITY, page=maybe(CODE))
    RECORD_REVEALED = "console:record:revealed", kind(Family.CONSOLE, SECURITY, records=maybe(IDS))

    # system
    SYSTEM_STARTED = "system:process:started", kind(Family.SYSTEM, SECURITY, role=CODE, version=maybe(CODE), host=maybe(DIGEST))
    SYSTEM_STOPPED = "system:process:stopped", kind(Family.SYSTEM, SECURITY, role=CODE)
    SETTING_CHANGED = "system:setting:changed", kind(Family.SYSTEM, BOTH, changed=CODES)
    WRITER_TALLIED = "system:writer:tallied", kind(Family.SYSTEM, SECURITY, writer=ID, n=COUNT, interval=COUNT, rows=COUNT, sum=DIGEST, closed=FLAG)
    AUDIT_SEALING_STARTED = "audit:sealing:started", kind(Family.SYSTEM, SECURITY, epoch=COUNT)
    AUDIT_SEALING_STOPPED = "audit:sealing:stopped", kind(Family.SYSTEM, SECURITY, rounds=COUNT, rows=COUNT)
    AUDIT_DEGRADED = "audit:log:degraded", kind(Family.SYSTEM, SECURITY, finding=CODE, store=maybe(CODE), entries=maybe(IDS))
    AUDIT_VERIFIED = "audit:log:verified", kind(Family.SYSTEM, SECURITY, intact=FLAG, sizes=COUNTS, outside=maybe(FLAG))
    AUDIT_TAIL_LOST = "audit:log:tail_lost", kind(Family.SYSTEM, BOTH, store=CODE, known_size=COUNT, present_size=COUNT)
    AUDIT_EPOCH_STARTED = "audit:epoch:started", kind(Family.SYSTEM, SECURITY, epoch=COUNT)
    AUDIT_KEY_CHANGED = "audit:key:changed", kind(Family.SYSTEM, SECURITY, key_id=CODE, key_name=CODE, state=CODE)
    AUDIT_STORE_OPENED = "audit:store:opened", kind(Family.SYSTEM, BOTH, store=CODE, size=COUNT)
    AUDIT_STORE_CLOSED = "audit:store:closed", kind(Family.SYSTEM, BOTH, store=CODE, size=COUNT)
# fmt: on
