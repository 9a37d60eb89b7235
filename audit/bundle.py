"""Export: everything that an auditor needs to check a workspace's log without the platform.

The format stands in docs/audit.md. Only sealed entries leave, in the order of sealing, so that each file can be checked
against the signed roots.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import merkle, names, trust
from audit.draft import ROUND_ENTRY
from audit.entries import log_name
from audit.kinds import Store
from audit.reading import reading_snapshot, streaming_cursor
from tenancy.errors import Conflict

VERSION = 2
ALWAYS = (Store.SECURITY, Store.DECISION)
"""The logs that every workspace in use has: without them a bundle does not pass."""
_LOGS = "select id, store from audit_log where workspace_id is not distinct from %s order by store"
_SEALED = (
    "select store from audit_log l where workspace_id is not distinct from %s"
    " and exists (select 1 from audit_seal s where s.log_id = l.id)"
)
_SEALS = (
    "select n, round, epoch, lo::text, hi::text, size_from, size_to, encode(root, 'hex'), note"
    " from audit_seal where log_id = %s order by n"
)
_SEAL_KEYS = ("n", "round", "epoch", "lo", "hi", "size_from", "size_to", "root", "note")
_LEAVES = "select leaves from audit_tile where log_id = %s order by n, part"
_ENTRIES = (
    "select env from audit_event e where log_id = %s and workspace_id is not distinct from %s and store = %s"
    " and (epoch, xid) <"
    " (select s.epoch, s.hi from audit_seal s where s.log_id = e.log_id order by s.n desc limit 1)"
    " order by epoch, xid, id"
)
_BOUNDARY = (
    "select b.n, b.size, encode(b.frontier, 'hex'), b.rule, ((extract(epoch from s.at) * 1000000)::bigint)::text"
    " from audit_boundary b join audit_seal s on s.log_id = b.log_id and s.n = b.n"
    " where b.log_id = %s order by b.n desc limit 1"
)
_BEFORE = "select frontier, size_to from audit_round where n = %s"
_SINCE = "select entries from audit_round where n >= %s order by n"
_LAST_ROUND = "select note from audit_round order by n desc limit 1"
_BOUNDARY_KEYS = ("n", "size", "frontier", "rule", "edge")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how far each store reached."""

    folder: Path
    sizes: dict[str, int]


def export(workspace_id: UUID | None, folder: Path, *, using: str = "auditor") -> Exported:
    """Write the bundle of one workspace into a new folder.

    Raises Conflict if the folder is there and not empty, and for a workspace that is not sealed as it should be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Conflict(_("The folder is not empty."), field="out", remedy=_("Name a new one."))
    with reading_snapshot(using):
        _check_complete(workspace_id, using)
        logs = [
            _export_log(folder, workspace_id, log, store, using) for log, store in _rows(using, _LOGS, workspace_id)
        ]
        _write(folder / "rounds.json", _rounds_of(logs, using))
        keys = trust.load(using).keys
    described = [{"vkey": one.key.vkey, "from_round": one.from_round, "to_round": one.to_round} for one in keys]
    _write(folder / "vkeys.json", described)
    (folder / "checkpoints.txt").write_text("\n".join(one["note"] for one in logs if one["note"]))
    _write(folder / "manifest.json", _manifest(folder, workspace_id, logs))
    return Exported(folder, {one["store"]: one["size"] for one in logs})


def _manifest(folder: Path, workspace_id: UUID | None, logs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "v": VERSION,
        "deployment": settings.DEPLOYMENT_ID,
        "workspace": str(workspace_id) if workspace_id else None,
        "made": timezone.now().isoformat(),
        "logs": [{name: value for name, value in one.items() if name not in ("note", "last")} for one in logs],
        "files": {path.name: _digest(path) for path in sorted(folder.iterdir())},
    }


def _export_log(folder: Path, workspace_id: UUID | None, log: UUID, store: str, using: str) -> dict[str, Any]:
    boundary = next((dict(zip(_BOUNDARY_KEYS, row, strict=True)) for row in _rows(using, _BOUNDARY, log)), None)
    seals = [dict(zip(_SEAL_KEYS, row, strict=True)) for row in _rows(using, _SEALS, log)]
    _write_lines(folder / f"{store}.seals.ndjson.gz", (json.dumps(one, sort_keys=True).encode() for one in seals))
    _write_lines(folder / f"{store}.entries.ndjson.gz", _stream(using, _ENTRIES, log, workspace_id, store))
    with (folder / f"{store}.leaves").open("wb") as leaves:
        leaves.writelines(_stream(using, _LEAVES, log))
    return {
        "store": store,
        "origin": names.origin(workspace_id, store),
        "log": log_name(workspace_id, store),
        "size": seals[-1]["size_to"] if seals else 0,
        "seals": len(seals) - (1 if boundary else 0),
        "boundary": boundary,
        "note": seals[-1]["note"] if seals else "",
        "last": _round_entry(log, seals[-1]) if seals else None,
    }


def _check_complete(workspace_id: UUID | None, using: str) -> None:
    """Raises Conflict: a bundle that does not pass is not worth handing over."""
    sealed = {store for (store,) in _rows(using, _SEALED, workspace_id)}
    for store in ALWAYS if workspace_id else (Store.SECURITY,):
        if store.value not in sealed:
            raise Conflict(
                _("The %(store)s log has no seal.") % {"store": store.value},
                remedy=_("Try again when the workspace has been used; if it has, verify the log."),
            )


def _round_entry(log: UUID, seal: dict[str, Any]) -> tuple[int, bytes]:
    """The round that a seal was made in, and its entry there."""
    return seal["round"], ROUND_ENTRY.pack(log.bytes, seal["n"], seal["size_to"], bytes.fromhex(seal["root"]))


def _rounds_of(logs: list[dict[str, Any]], using: str) -> dict[str, Any]:
    """The place of each log's last seal in the tree of the rounds, under the checkpoint of the last round.

    Only these entries of the rounds leave; what other workspaces sealed is a hash.
    """
    leaves = {one["store"]: merkle.leaf_hash(one["last"][1]) for one in logs if one["last"]}
    first = min(one["last"][0] for one in logs if one["last"])
    frontier, size = next(iter(_rows(using, _BEFORE, first - 1)), (b"", 0))
    paths = merkle.audit_paths(
        merkle.unpack(bytes(frontier)), size, _round_leaves(using, first), frozenset(leaves.values())
    )
    if len(paths) < len(leaves):
        raise Conflict(_("The last seal of a log is in no round of sealing."), remedy=_("Verify the log."))
    ((note,),) = _rows(using, _LAST_ROUND)
    return {"note": note, "logs": {store: _place(*paths[leaf]) for store, leaf in leaves.items()}}


def _place(index: int, path: list[bytes]) -> dict[str, Any]:
    return {"index": index, "path": [one.hex() for one in path]}


def _round_leaves(using: str, first: int) -> Iterator[bytes]:
    for entries in _stream(using, _SINCE, first):
        for start in range(0, len(entries), ROUND_ENTRY.size):
            yield merkle.leaf_hash(entries[start : start + ROUND_ENTRY.size])


def _rows(using: str, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def _stream(using: str, statement: str, *arguments: object) -> Iterator[bytes]:
    with streaming_cursor(using, "audit_export") as cursor:
        for (data,) in cursor.execute(statement, arguments, binary=True):
            yield data


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Compressed without a time stamp, so that the same export has the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6) as file:
        for line in lines:
            file.write(line + b"\n")


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
