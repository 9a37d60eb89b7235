"""The policy set of the scenario: drafted by the policy officer, approved by the mission lead."""

from typing import Any

_ABOVE_CLEARANCE = "NOT clearance >= resource.marking OR NOT clearance present"
"""Who has no clearance on record is below every marking; a source that is away denies nobody anything for good."""

DOCUMENT: dict[str, Any] = {
    "format": "cordon.policy/1",
    "requirements": {
        "apollo": "clearance >= SECRET AND program any_of {APOLLO}",
        "cleared": "clearance >= SECRET",
    },
    "rules": [
        {
            "name": "rooms-by-clearance",
            "effect": "deny",
            "actions": ["room:member:hold", "room:member:keep", "room:message:read", "room:message:deliver"],
            "scope": {"kinds": ["public", "direct", "group"]},
            "condition": _ABOVE_CLEARANCE,
            "priority": 100,
        },
        {
            "name": "nothing-said-above-clearance",
            "effect": "deny",
            "actions": ["room:message:post"],
            "condition": _ABOVE_CLEARANCE,
        },
        {
            "name": "messages-above-clearance",
            "effect": "redact",
            "actions": ["room:message:deliver"],
            "scope": {"kinds": ["private"]},
            "condition": _ABOVE_CLEARANCE,
            "obligations": [{"name": "redact", "params": {"profile": "clearance"}}],
        },
        {
            "name": "personnel-details",
            "effect": "redact",
            "actions": ["room:message:deliver"],
            "scope": {"markings": ["CUI"], "names": ["apollo-*"]},
            "condition": "NOT mission_role any_of {LEAD, LOGISTICS, SECURITY}",
            "obligations": [{"name": "redact", "params": {"profile": "personnel"}}],
        },
        {
            "name": "not-from-public-networks",
            "effect": "deny",
            "actions": ["room:message:read", "room:message:deliver", "room:message:post"],
            "scope": {"markings": ["SECRET", "TOP_SECRET"]},
            "condition": "environment.network = public",
        },
        {
            "name": "titan-asks-who-you-are",
            "effect": "permit",
            "actions": ["room:message:read", "room:message:deliver", "room:message:post"],
            "scope": {"names": ["titan-*"]},
            "obligations": [{"name": "step_up", "params": {"max_age": 900}}],
        },
        {
            "name": "managed-devices-only",
            "effect": "deny",
            "actions": ["room:message:post"],
            "scope": {"markings": ["SECRET", "TOP_SECRET"]},
            "condition": "NOT environment.device_compliant = true",
            "mode": "log_only",
        },
    ],
}

_CLEARED = {"clearance": "SECRET", "program": ["APOLLO"]}
_APOLLO = {"kind": "private", "marking": "SECRET", "name": "apollo-telemetry"}

TEST_CASES: list[dict[str, Any]] = [
    {
        "name": "Somebody on APOLLO with the clearance reads the telemetry room",
        "subject": _CLEARED,
        "room": {**_APOLLO, "named": ["apollo"]},
        "action": "room:message:read",
        "expect": "permit",
    },
    {
        "name": "Without the programme there is no way in, whatever the clearance",
        "subject": {"clearance": "TOP_SECRET", "program": ["HERMES"]},
        "room": {**_APOLLO, "named": ["apollo"]},
        "action": "room:member:hold",
        "expect": "deny",
    },
    {
        "name": "A directory that is away lets nobody in and puts nobody out",
        "unknown": ["program"],
        "subject": {"clearance": "SECRET"},
        "room": {**_APOLLO, "named": ["apollo"]},
        "action": "room:member:keep",
        "expect": "indeterminate",
    },
    {
        "name": "A message above the reader's clearance is withheld, and the reader stays in the room",
        "subject": {"clearance": "SECRET"},
        "room": {"kind": "private", "marking": "TOP_SECRET", "name": "launch-readiness", "named": ["cleared"]},
        "action": "room:message:deliver",
        "expect": "permit",
        "obligations": ["redact"],
    },
    {
        "name": "Nobody writes above their own clearance",
        "subject": {"clearance": "SECRET"},
        "room": {"kind": "private", "marking": "TOP_SECRET", "name": "launch-readiness", "named": ["cleared"]},
        "action": "room:message:post",
        "expect": "deny",
    },
    {
        "name": "A public room is closed to those below its marking",
        "subject": {"clearance": "UNCLASSIFIED"},
        "room": {"kind": "public", "marking": "CUI", "name": "facilities-desk"},
        "action": "room:message:read",
        "expect": "deny",
    },
    {
        "name": "Without a clearance on record a public room ends",
        "subject": {"program": ["APOLLO"]},
        "room": {"kind": "public", "marking": "UNCLASSIFIED", "name": "announcements"},
        "action": "room:member:keep",
        "expect": "deny",
    },
    {
        "name": "Without a clearance on record a direct conversation ends",
        "subject": {},
        "room": {"kind": "direct", "marking": "SECRET"},
        "action": "room:message:deliver",
        "expect": "deny",
    },
    {
        "name": "Colleagues talk below their clearance",
        "subject": {"clearance": "SECRET"},
        "room": {"kind": "group", "marking": "SECRET"},
        "action": "room:message:deliver",
        "expect": "permit",
    },
    {
        "name": "While the directory is away nobody is put out of a public room",
        "unknown": ["clearance"],
        "room": {"kind": "public", "marking": "CUI", "name": "facilities-desk"},
        "action": "room:member:keep",
        "expect": "indeterminate",
    },
    {
        "name": "Nobody joins a public room above their own clearance",
        "subject": {"clearance": "UNCLASSIFIED"},
        "room": {"kind": "public", "marking": "CUI", "name": "facilities-desk"},
        "action": "room:member:hold",
        "expect": "deny",
    },
    {
        "name": "Personnel details are hidden from those who have no use for them",
        "subject": {**_CLEARED, "mission_role": ["OPERATIONS"]},
        "room": {**_APOLLO, "marking": "CUI", "named": ["apollo"]},
        "action": "room:message:deliver",
        "expect": "permit",
        "obligations": ["redact"],
    },
    {
        "name": "The payload room asks for a fresh proof of identity",
        "subject": {"clearance": "TOP_SECRET", "program": ["TITAN"]},
        "room": {
            "kind": "private",
            "marking": "TOP_SECRET",
            "name": "titan-payload",
            "requirement": "clearance >= TOP_SECRET AND program any_of {TITAN}",
        },
        "action": "room:message:read",
        "expect": "permit",
        "obligations": ["step_up"],
    },
    {
        "name": "Nothing SECRET goes to a public network",
        "subject": _CLEARED,
        "environment": {"network": "public"},
        "room": {**_APOLLO, "named": ["apollo"]},
        "action": "room:message:deliver",
        "expect": "deny",
    },
]
