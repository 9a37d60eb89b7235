"""From a line to the entry that is sealed: canonical bytes, their MAC, and the columns that project them.

The fields of an entry are listed in docs/audit.md. Ids, codes and digests only; what is personal is a commitment.
"""

import os
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

import orjson

from audit import signing
from audit.canonical import canonical, canonical_of_checked
from audit.kinds import ADDRESS_KEPT, Store, microseconds
from audit.writer import present
from tenancy.actor import NOBODY, Actor, new_id

if TYPE_CHECKING:
    from audit.log import DecisionLine, Line, Target

VERSION = 1
PLATFORM = "platform"
DIGEST_BYTES = 12
SALT_BYTES = 16


class Row(NamedTuple):
    """One row of audit_event, in the order of its columns; xid is the database's own."""

    id: UUID
    workspace_id: UUID | None
    log_id: UUID
    store: str
    epoch: int
    at: datetime
    kind: str
    outcome: str
    actor_id: UUID
    target_type: str
    target_id: UUID | None
    room_id: UUID | None
    request_id: UUID
    env: bytes
    mac: bytes


class Body(NamedTuple):
    """The personal part of one entry, sealed."""

    id: UUID
    workspace_id: UUID | None
    store: str
    body: bytes


_text = lru_cache(maxsize=65536)(str)
"""Ids as text: the same actors, rooms and requests come again and again."""


@lru_cache(maxsize=16384)
def log_name(workspace_id: UUID | None, store: str) -> str:
    return f"{workspace_id or PLATFORM}/{store}"


@lru_cache(maxsize=16384)
def log_id(workspace_id: UUID | None, store: str) -> UUID:
    """The id of a log, derived from its name, so that writers need not look it up."""
    return id_of(log_name(workspace_id, store))


def id_of(name: str) -> UUID:
    """The id of the log of this name."""
    return UUID(bytes=sha256(b"cordon audit log\n" + name.encode()).digest()[:16])


@lru_cache(maxsize=16384)
def _keyed_digest(digest: signing.Digest, workspace_id: UUID | None, purpose: str, text: str) -> str:
    return digest.digest(workspace_id, purpose, text)[:DIGEST_BYTES].hex()


def keyed_digest(workspace_id: UUID | None, purpose: str, text: str) -> str:
    """Equal texts of one workspace are equal here, and nobody without the key can guess one."""
    return _keyed_digest(signing.digest(), workspace_id, purpose, text)


class _Heading(NamedTuple):
    """What every entry says, whatever happened."""

    id: UUID
    workspace_id: UUID | None
    store: str
    epoch: int
    at: datetime
    kind: str
    outcome: str
    actor: Actor
    target: "Target | None"


class Told(Protocol):
    """A stored entry, as far as it takes to tell who made it."""

    @property
    def id(self) -> UUID: ...
    @property
    def workspace_id(self) -> UUID | None: ...
    @property
    def store(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def env(self) -> bytes: ...
    @property
    def mac(self) -> bytes: ...


def of_line(line: "Line", epoch: int) -> tuple[list[Row], list[Body]]:
    """The entries of one event: one per store, as twins that name each other where there are two."""
    workspace_id = _workspace(line.actor)
    stores = line.event.kind.stores
    ids = [line.id, *(new_id() for _ in stores[1:])]
    personal = _personal(line)
    rows, bodies = [], []
    for position, store in enumerate(stores):
        heading = _Heading(
            ids[position], workspace_id, store, epoch, line.at, line.event, line.outcome, line.actor, line.target
        )
        env = _envelope(heading)
        if line.public:
            env["data"] = line.public
        if len(ids) > 1:
            env["twin"] = str(ids[1 - position])
        if personal:
            opened = os.urandom(SALT_BYTES) + canonical(personal)
            env["body"] = sha256(opened).hexdigest()
            sealed = signing.vault().seal(workspace_id, ids[position], opened)
            bodies.append(Body(ids[position], workspace_id, store, sealed))
        rows.append(_row(heading, env))
    return rows, bodies


def of_decision(line: "DecisionLine", epoch: int) -> tuple[list[Row], list[Body]]:
    """The entry of one decision, or of counted ones; the decision's id is the entry's, so that it can be looked up."""
    workspace_id = _workspace(line.actor)
    entry_id = line.decision_id
    heading = _Heading(
        entry_id, workspace_id, Store.DECISION, epoch, line.at, line.action, line.effect, line.actor, line.target
    )
    env = _envelope(heading)
    env["pol"] = [[str(one), int(version), str(digest)] for one, version, digest in line.policies]
    env["why"] = [str(reason) for reason in line.reasons]
    env["pdp"] = line.decision_point
    env["us"] = int(line.latency_us)
    optional = {
        "obl": [str(one) for one in line.obligations],
        "epo": [[str(name), int(number)] for name, number in line.epochs],
        "envd": line.environment_digest.hex(),
        "would": str(line.would_be or ""),
        "hits": int(line.hits),
        "first": microseconds(line.first_at) if line.first_at else "",
    }
    env.update({name: value for name, value in optional.items() if value})
    bodies = []
    if line.recipients is not None:
        env["body"] = sha256(line.recipients).hexdigest()
        bodies.append(Body(entry_id, workspace_id, Store.DECISION, line.recipients))
    return [_row(heading, env)], bodies


def is_ours(row: Told) -> bool:
    """Whether a writer of ours made this very row, at this moment, in this log: none that was copied or made up."""
    if not signing.row_mac().verify(bytes(row.env), bytes(row.mac)):
        return False
    try:
        env = orjson.loads(bytes(row.env))
        told = (env["uid"], env["t"], env["log"])
    except (ValueError, KeyError, TypeError):
        return False
    return told == (str(row.id), microseconds(row.at), log_name(row.workspace_id, row.store))


def _workspace(actor: Actor) -> UUID | None:
    return None if actor.workspace_id == NOBODY else actor.workspace_id


def _envelope(heading: _Heading) -> dict[str, object]:
    env: dict[str, object] = {
        "v": VERSION,
        "log": log_name(heading.workspace_id, heading.store),
        "ep": heading.epoch,
        "uid": str(heading.id),
        "t": microseconds(heading.at),
        "k": str(heading.kind),
        "out": str(heading.outcome),
        "act": {"id": _text(heading.actor.subject.id), "kind": str(heading.actor.subject.kind)},
        "req": _text(heading.actor.environment.request_id),
        "w": present().stamp(),
    }
    if heading.target is not None:
        env["obj"] = _object(heading.target)
    context = _context(heading.workspace_id, heading.actor)
    if context:
        env["ctx"] = context
    return env


def _context(workspace_id: UUID | None, actor: Actor) -> dict[str, object]:
    here = actor.environment
    known = {
        "ses": _text(here.session_id) if here.session_id else "",
        "dev": _text(here.device_id) if here.device_id else "",
        "addr": keyed_digest(workspace_id, "address", here.address) if here.address else "",
        "agent": keyed_digest(workspace_id, "agent", here.user_agent) if here.user_agent else "",
        "amr": list(here.methods),
        "cause": here.cause,
    }
    return {name: value for name, value in known.items() if value}


def _object(target: "Target") -> dict[str, object]:
    known = {
        "type": target.type,
        "id": str(target.id) if target.id else "",
        "room": _text(target.room_id) if target.room_id else "",
    }
    return {name: value for name, value in known.items() if value}


def _personal(line: "Line") -> dict[str, object]:
    personal = dict(line.personal)
    here = line.actor.environment
    if line.event.kind.family in ADDRESS_KEPT and here.address:
        personal["address"] = here.address
        if here.user_agent:
            personal["agent"] = here.user_agent[:400]
    return personal


def _row(heading: _Heading, env: dict[str, object]) -> Row:
    data = canonical_of_checked(env)
    target = heading.target
    return Row(
        id=heading.id,
        workspace_id=heading.workspace_id,
        log_id=log_id(heading.workspace_id, heading.store),
        store=str(heading.store),
        epoch=heading.epoch,
        at=heading.at,
        kind=str(heading.kind),
        outcome=str(heading.outcome),
        actor_id=heading.actor.subject.id,
        target_type=target.type if target else "",
        target_id=target.id if target else None,
        room_id=target.room_id if target else None,
        request_id=heading.actor.environment.request_id,
        env=data,
        mac=signing.row_mac().mac(data),
    )
