# ruff: noqa: T201 - a command that stands alone, without Django
"""Check an exported audit bundle with Python 3.11 or later and `cryptography`: no database, nothing else of Cordon.

    python offline.py BUNDLE [--checkpoint FILE] [--vkeys FILE]

Exit status 0: every entry, root and signature holds. 1: something does not; store, seal and first bad entry are named.
2: the bundle cannot be read. A checkpoint that was kept outside the platform is what also shows a truncated tail and a
history that was rewritten with a stolen key; without one the bundle is only shown to be consistent with itself.

This is a second implementation on purpose: it shares no code with what wrote the bundle.
It is one file because it must be carried alone; its one reason to change is the format of the bundle.
"""

import argparse
import base64
import gzip
import hashlib
import json
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ED25519 = 0x01
ECDSA = 0x02
EMPTY = hashlib.sha256(b"").digest()
PRUNED = "audit:log:pruned"
OPENED, CLOSED = "audit:store:opened", "audit:store:closed"
SWITCH_TOLERANCE_US = 60_000_000
MOST_ODD = 20
VERSION = 2
STORES = ("compliance", "decision", "security")
ROUND_ENTRY = struct.Struct("!16sQQ32s")


class Unreadable(Exception):
    """The bundle is not of the form that docs/audit.md describes."""


class Finding(NamedTuple):
    """Something that does not hold, and where: seal number and entry number, counted from 0 over the whole log."""

    store: str
    seal: int | None
    entry: int | None
    text: str

    def __str__(self) -> str:
        place = [self.store]
        place += [f"seal {self.seal}"] if self.seal is not None else []
        place += [f"entry {self.entry}"] if self.entry is not None else []
        return f"{', '.join(place)}: {self.text}"


class Bad(Exception):
    """The first thing in a log that does not hold; what follows it proves nothing."""

    def __init__(self, text: str, *, seal: int | None = None, entry: int | None = None) -> None:
        super().__init__(text)
        self.text, self.seal, self.entry = text, seal, entry


def signature_holds(algorithm: int, key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a bare signature of a signed note holds (C2SP signed-note: 0x01 Ed25519, 0x02 ECDSA with SHA-256)."""
    try:
        if algorithm == ED25519:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
            return True
        if algorithm == ECDSA:
            public = serialization.load_der_public_key(key)
            if isinstance(public, ec.EllipticCurvePublicKey):
                public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
                return True
    except (InvalidSignature, ValueError):
        return False
    return False


# --- Merkle tree (RFC 6962)


def grow(frontier: list[bytes], size: int, leaf: bytes) -> None:
    """Append one leaf hash to the roots of the full subtrees."""
    while size & 1:
        leaf = hashlib.sha256(b"\x01" + frontier.pop() + leaf).digest()
        size >>= 1
    frontier.append(leaf)


def root_of(frontier: list[bytes]) -> bytes:
    if not frontier:
        return EMPTY
    result = frontier[-1]
    for node in reversed(frontier[:-1]):
        result = hashlib.sha256(b"\x01" + node + result).digest()
    return result


def root_by_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf and its audit path lead to (RFC 9162, 2.1.3.2). Raises Bad if they do not fit the size."""
    node, last = index, size - 1
    for sibling in path:
        if last <= 0:
            raise Bad("its place in the rounds does not fit their size")
        if node & 1 or node == last:
            leaf = hashlib.sha256(b"\x01" + sibling + leaf).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + sibling).digest()
        node, last = node >> 1, last >> 1
    if last or not 0 <= index < size:
        raise Bad("its place in the rounds does not fit their size")
    return leaf


# --- Signed notes (C2SP)


@dataclass(frozen=True)
class Key:
    name: str
    algorithm: int
    public: bytes
    from_round: int
    to_round: int | None

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]


@dataclass(frozen=True)
class Checkpoint:
    text: str
    origin: str
    size: int
    root: bytes
    words: dict[str, str]
    signatures: list[tuple[str, bytes, bytes]]


def read_key(vkey: str, from_round: int = 0, to_round: int | None = None) -> Key:
    name, _, rest = vkey.strip().partition("+")
    stated, _, encoded = rest.partition("+")
    raw = base64.b64decode(encoded, validate=True)
    key = Key(name, raw[0], raw[1:], from_round, to_round)
    if key.key_id.hex() != stated:
        raise Unreadable(f"the key id of {name} does not belong to its key")
    return key


def read_note(note: str) -> Checkpoint:
    """Read one signed checkpoint. Raises Bad if it is malformed."""
    try:
        text, signatures = note.rstrip("\n").rsplit("\n\n", 1)
        origin, size, root, *more = text.split("\n")
        signed = []
        for line in signatures.split("\n"):
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash != "\u2014":
                raise ValueError(line)  # noqa: TRY301 - one answer for all that is malformed
            signed.append((name, raw[:4], raw[4:]))
        words = dict(line.split(" ", 1) for line in more)
        return Checkpoint(text + "\n", origin, int(size), base64.b64decode(root, validate=True), words, signed)
    except ValueError as error:
        raise Bad("its checkpoint is malformed") from error


def read_notes(text: str) -> list[Checkpoint]:
    """Every checkpoint in a file that holds several, one after the other. Raises Bad where there is none."""
    notes: list[str] = []
    lines: list[str] = []
    signed = False
    for line in text.split("\n"):
        is_signature = line.startswith("\u2014 ")
        if signed and not is_signature:
            notes.append("\n".join(lines))
            lines, signed = [], False
        if line or lines:
            lines.append(line)
        signed = is_signature
    if signed:
        notes.append("\n".join(lines))
    elif lines:
        raise Bad("the checkpoints end in something that is not signed")
    if not notes:
        raise Bad("there is no checkpoint in the file")
    return [read_note(note) for note in notes]


def vouched(checkpoint: Checkpoint, keys: list[Key], round_number: int | None) -> bool:
    """Whether a key that was in force signed this. Raises Bad if a known key's signature does not hold."""
    good = False
    for name, key_id, signature in checkpoint.signatures:
        for key in keys:
            if key.name != name or key.key_id != key_id:
                continue
            if not signature_holds(key.algorithm, key.public, checkpoint.text.encode(), signature):
                raise Bad(f"the signature of {name} does not hold")
            last = key.to_round if key.to_round is not None else sys.maxsize
            good = good or round_number is None or key.from_round <= round_number <= last
    return good


# --- One log


@dataclass
class Log:
    """What the walk over one log has seen."""

    store: str
    origin: str
    name: str
    size: int = 0
    seals: int = 0
    last_seal: int = 0
    at_size: dict[int, bytes] = field(default_factory=dict)
    frontier: list[bytes] = field(default_factory=list)
    odd: list[Finding] = field(default_factory=list)
    """Findings that leave the rest of the log provable; no more than MOST_ODD of them."""
    begins: int = 0
    twins: dict[str, tuple[str, int]] = field(default_factory=dict)
    pruned: list[dict[str, Any]] = field(default_factory=list)
    switches: list[tuple[int, bool, bool]] = field(default_factory=list)
    """Moments at which it is known whether the compliance store was open just before and just after."""


class Bundle:
    """The files of one bundle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = json.loads((folder / "manifest.json").read_bytes())
            if self.manifest["v"] != VERSION:
                raise ValueError(f"its version is {self.manifest['v']}, not {VERSION}")  # noqa: TRY301
            self.rounds = json.loads((folder / "rounds.json").read_bytes())
            self.deployment, self.workspace = self.manifest["deployment"], self.manifest["workspace"]
            if [one["store"] for one in self.manifest["logs"] if one["store"] not in STORES]:
                raise ValueError("it has a store that there is not")  # noqa: TRY301
            self.keys = [
                read_key(one["vkey"], one["from_round"], one["to_round"])
                for one in json.loads((folder / "vkeys.json").read_bytes())
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{folder} is no audit bundle: {error}") from error

    def lines(self, name: str) -> Iterator[bytes]:
        try:
            with gzip.open(self.folder / name) as lines:
                for line in lines:
                    yield line.rstrip(b"\n")
        except (OSError, EOFError) as error:
            raise Bad(f"{name} cannot be read: {error}") from error

    def damaged(self) -> Iterator[Finding]:
        for name, expected in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                yield Finding(name, None, None, "the file is missing")
                continue
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    yield Finding(name, None, None, "the file is not the one that was exported")


def walk(bundle: Bundle, described: dict[str, Any], log: Log, keys: list[Key]) -> None:
    """Follow one log from its beginning or boundary to its last seal. Raises Bad where something does not hold."""
    seals = (json.loads(line) for line in bundle.lines(f"{log.store}.seals.ndjson.gz"))
    entries = bundle.lines(f"{log.store}.entries.ndjson.gz")
    leaves_path = bundle.folder / f"{log.store}.leaves"
    before = None
    with leaves_path.open("rb") as leaves:
        if described["boundary"]:
            before = check_boundary(log, described["boundary"], next(seals, None), keys)
        for seal in seals:
            check_note(log, seal, before, keys)
            check_entries(log, seal, entries, leaves)
            before = seal
        if leaves.read(1) or next(entries, None) is not None:
            raise Bad("there are entries that no seal covers", entry=log.size)
    if log.size != described["size"] or log.seals != described["seals"]:
        raise Bad(f"the manifest promises {described['size']} entries in {described['seals']} seals", entry=log.size)


def check_boundary(log: Log, boundary: dict[str, Any], seal: dict[str, Any] | None, keys: list[Key]) -> dict[str, Any]:
    """Start from the edge of pruning: its tree must be the one that the seal there was signed for."""
    if seal is None or seal["n"] != boundary["n"] or seal["size_to"] != boundary["size"]:
        raise Bad("the seal at the pruning boundary is missing", seal=boundary["n"])
    packed = bytes.fromhex(boundary["frontier"])
    log.frontier = [packed[start : start + 32] for start in range(0, len(packed), 32)]
    if len(log.frontier) != boundary["size"].bit_count():
        raise Bad("the tree at the pruning boundary has another size", seal=boundary["n"])
    log.size = log.begins = boundary["size"]
    log.last_seal = boundary["n"]
    check_signed(log, seal, keys)
    if root_of(log.frontier).hex() != seal["root"]:
        raise Bad("the tree at the pruning boundary is not the sealed one", seal=boundary["n"], entry=log.size)
    log.at_size[log.size] = root_of(log.frontier)
    return seal


def check_note(log: Log, seal: dict[str, Any], before: dict[str, Any] | None, keys: list[Key]) -> None:
    """A seal must continue where the one before it ended, in number, size and window, and be signed."""
    n = seal["n"]
    expected = before["n"] + 1 if before else 1
    if n != expected:
        raise Bad(f"seal {expected} is missing", seal=expected, entry=log.size)
    same_epoch = before is not None and before["epoch"] == seal["epoch"]
    window = int(before["hi"]) if before and same_epoch else 0
    if int(seal["lo"]) != window or (before and seal["epoch"] < before["epoch"]):
        raise Bad("its window does not continue the one before it", seal=n, entry=log.size)
    if seal["size_from"] != log.size:
        raise Bad("its size does not continue the one before it", seal=n, entry=log.size)
    check_signed(log, seal, keys)


def check_signed(log: Log, seal: dict[str, Any], keys: list[Key]) -> None:
    n = seal["n"]
    try:
        checkpoint = read_note(seal["note"])
        good = vouched(checkpoint, keys, seal["round"])
    except Bad as bad:
        raise Bad(bad.text, seal=n, entry=log.size) from bad
    if not good:
        raise Bad("no key in force signed it", seal=n, entry=log.size)
    said = (checkpoint.origin, checkpoint.size, checkpoint.root.hex(), checkpoint.words.get("window"))
    if said != (log.origin, seal["size_to"], seal["root"], f"{seal['epoch']} {seal['lo']} {seal['hi']}"):
        raise Bad("its checkpoint speaks of something else", seal=n, entry=log.size)
    if checkpoint.words.get("seal") != str(n) or checkpoint.words.get("round") != str(seal["round"]):
        raise Bad("its checkpoint belongs to another seal", seal=n, entry=log.size)


def check_entries(log: Log, seal: dict[str, Any], entries: Iterator[bytes], leaves: Any) -> None:
    """The entries of one seal must hash to its leaves, and these to its root."""
    while log.size < seal["size_to"]:
        entry = next(entries, None)
        if entry is None:
            raise Bad("the entry is missing", seal=seal["n"], entry=log.size)
        leaf = hashlib.sha256(b"\x00" + entry).digest()
        if leaves.read(32) != leaf:
            raise Bad("the entry is not the sealed one", seal=seal["n"], entry=log.size)
        problem = read_entry(log, seal, entry)
        if problem and len(log.odd) < MOST_ODD:
            log.odd.append(Finding(log.store, seal["n"], log.size, problem))
        grow(log.frontier, log.size, leaf)
        log.size += 1
    if root_of(log.frontier).hex() != seal["root"]:
        raise Bad("its entries do not make its root", seal=seal["n"], entry=seal["size_from"])
    log.seals += 1
    log.last_seal = seal["n"]
    log.at_size[log.size] = root_of(log.frontier)


def read_entry(log: Log, seal: dict[str, Any], entry: bytes) -> str:
    """Take from an entry what other checks need; says what is wrong if it does not belong to this log and epoch."""
    try:
        env = json.loads(entry)
        place = (env["log"], env["ep"])
        if place != (log.name, seal["epoch"]):
            return f"the entry belongs to {place[0]}, epoch {place[1]}"
        note_entry(log, env)
    except (ValueError, KeyError, TypeError):
        return "the entry cannot be read: no writer of ours made it"
    return ""


def note_entry(log: Log, env: dict[str, Any]) -> None:
    kind, at = env["k"], int(env["t"])
    if "twin" in env:
        log.twins[env["uid"]] = (env["twin"], at)
    if kind == PRUNED:
        log.pruned.append(env["data"])
        log.switches.append((at, env["data"]["entitled"], env["data"]["entitled"]))
    if kind in (OPENED, CLOSED):
        log.switches.append((at, kind == CLOSED, kind == OPENED))


# --- All logs together


def check(
    folder: Path, checkpoints: list[Checkpoint], keys: list[Key] | None = None
) -> tuple[list[Finding], list[Log]]:
    """Everything in the bundle that does not hold, and what was seen. Raises Unreadable."""
    bundle = Bundle(folder)
    trusted = keys if keys is not None else bundle.keys
    findings = [*bundle.damaged(), *incomplete(bundle)]
    logs = []
    for described in bundle.manifest["logs"]:
        log = Log(described["store"], described["origin"], described["log"])
        logs.append(log)
        try:
            walk(bundle, described, log, trusted)
        except Bad as bad:
            findings.append(Finding(log.store, bad.seal, bad.entry, bad.text))
        except (ValueError, KeyError, TypeError, OSError) as error:
            findings.append(Finding(log.store, None, log.size, f"it cannot be read: {error!r}"))
        findings += log.odd
    for checkpoint in checkpoints:
        findings += compare(checkpoint, logs, trusted)
    if not findings:
        findings += [*out_of_rounds(bundle, logs, trusted), *announced(bundle, logs), *parity(bundle, logs)]
    return findings, logs


def incomplete(bundle: Bundle) -> Iterator[Finding]:
    """The logs that every workspace in use has must be here, each once and under the workspace's own name."""
    stores = [one["store"] for one in bundle.manifest["logs"]]
    for store in ("security", "decision") if bundle.workspace else ("security",):
        if store not in stores:
            yield Finding(store, None, None, "the log is not in the bundle; every workspace has one")
    for described in bundle.manifest["logs"]:
        name = f"{bundle.workspace or 'platform'}/{described['store']}"
        if (described["log"], described["origin"]) != (name, f"{bundle.deployment}/audit/{name}"):
            yield Finding(described["store"], None, None, "the log is not one of the workspace of the bundle")
        if stores.count(described["store"]) > 1:
            yield Finding(described["store"], None, None, "the log is here more than once")
        if not described["size"]:
            yield Finding(described["store"], None, None, "the log is empty; a log begins with its first entry")


def out_of_rounds(bundle: Bundle, logs: list[Log], keys: list[Key]) -> Iterator[Finding]:
    """The last seal of every log must stand in the tree of the rounds, as the last round was signed."""
    try:
        checkpoint = read_note(bundle.rounds["note"])
        if not vouched(checkpoint, keys, int(checkpoint.words["round"])):
            raise Bad("no key in force signed it")  # noqa: TRY301 - told as the rest
        if checkpoint.origin != f"{bundle.deployment}/audit/rounds":
            raise Bad("its checkpoint speaks of something else")  # noqa: TRY301 - told as the rest
    except (Bad, ValueError, KeyError, TypeError, AttributeError) as error:
        yield Finding("rounds", None, None, str(error))
        return
    for log in logs:
        try:
            holds = stands_in(checkpoint, log, bundle.rounds["logs"][log.store])
        except (Bad, ValueError, KeyError, TypeError, struct.error):
            holds = False
        if not holds:
            text = "its last seal does not stand in the last round: the log was cut off or exchanged"
            yield Finding(log.store, log.last_seal, log.size, text)


def stands_in(rounds: Checkpoint, log: Log, place: dict[str, Any]) -> bool:
    log_id = hashlib.sha256(b"cordon audit log\n" + log.name.encode()).digest()[:16]
    entry = ROUND_ENTRY.pack(log_id, log.last_seal, log.size, root_of(log.frontier))
    path = [bytes.fromhex(one) for one in place["path"]]
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    return root_by_path(leaf, place["index"], rounds.size, path) == rounds.root


def compare(checkpoint: Checkpoint, logs: list[Log], keys: list[Key]) -> Iterator[Finding]:
    """A log must hold the tree that a checkpoint from outside was signed for."""
    log = next((one for one in logs if one.origin == checkpoint.origin), None)
    if log is None:
        yield Finding(checkpoint.origin, None, None, "the checkpoint speaks of a log that is not here")
        return
    try:
        if not vouched(checkpoint, keys, None):
            yield Finding(log.store, None, None, "no key of the bundle signed the checkpoint from outside")
    except Bad as bad:
        yield Finding(log.store, None, None, f"in the checkpoint from outside, {bad.text}")
        return
    if checkpoint.size > log.size:
        yield Finding(
            log.store, None, log.size, f"the log ends here, but had {checkpoint.size} entries: it was truncated"
        )
    elif checkpoint.size < log.begins:
        yield Finding(log.store, None, checkpoint.size, "the checkpoint is older than the pruning boundary")
    elif log.at_size.get(checkpoint.size, EMPTY) != checkpoint.root:
        yield Finding(log.store, None, None, f"the first {checkpoint.size} entries are not those of the checkpoint")


def announced(bundle: Bundle, logs: list[Log]) -> Iterator[Finding]:
    """Whatever was pruned must have been announced in the security log."""
    said = {(one["store"], one["seal"], one["size"]) for log in logs for one in log.pruned}
    for described in bundle.manifest["logs"]:
        edge = described["boundary"]
        if edge and (described["store"], edge["n"], edge["size"]) not in said:
            yield Finding(described["store"], edge["n"], edge["size"], "it was pruned here, but nobody announced it")


def parity(bundle: Bundle, logs: list[Log]) -> Iterator[Finding]:
    """What is written to two stores must stand in both, while both are kept and neither is pruned past it."""
    by_store = {store: Log(store, "", "") for store in ("security", "compliance")} | {log.store: log for log in logs}
    if bundle.workspace is None:
        return
    edges = {one["store"]: one["boundary"]["edge"] for one in bundle.manifest["logs"] if one["boundary"]}
    closed = list(closed_times(by_store["security"].switches))
    for here, there in (("security", "compliance"), ("compliance", "security")):
        theirs = by_store[there].twins
        for uid, (twin, at) in by_store[here].twins.items():
            if theirs.get(twin, ("", 0))[0] == uid or at <= int(edges.get(there, 0)):
                continue
            if not any(start <= at <= end for start, end in closed):
                yield Finding(there, None, None, f"the twin {twin} of {here} entry {uid} is missing")
                break


def closed_times(switches: list[tuple[int, bool, bool]]) -> Iterator[tuple[float, float]]:
    """When the compliance store was closed, widened on both sides by the time that a transaction may take."""
    start: float | None = None
    for at, open_before, open_after in switches:
        if not open_before and start is None:
            start = float("-inf")
        if open_after and start is not None:
            yield start, at + SWITCH_TOLERANCE_US
            start = None
        if not open_after and start is None:
            start = at - SWITCH_TOLERANCE_US
    if start is not None:
        yield start, float("inf")


def report(folder: Path, findings: list[Finding], logs: list[Log], seconds: float) -> None:
    for log in logs:
        print(f"{log.store}: {log.size - log.begins} entries in {log.seals} seals, up to entry {log.size}")
    entries = sum(log.size - log.begins for log in logs)
    print(f"{entries} entries in {seconds:.2f} s ({entries / max(seconds, 1e-9):,.0f}/s)")
    for finding in findings:
        print(f"NOT INTACT: {finding}")
    if not findings:
        print(f"{folder}: intact")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="signed checkpoints that were kept outside the platform")
    parser.add_argument("--vkeys", type=Path, help="the keys to trust, one vkey a line, instead of those in the bundle")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    try:
        checkpoints = read_notes(given.checkpoint.read_text()) if given.checkpoint else []
        keys = [read_key(line) for line in given.vkeys.read_text().splitlines() if line] if given.vkeys else None
        findings, logs = check(given.bundle, checkpoints, keys)
    except (Unreadable, Bad, OSError, ValueError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    report(given.bundle, findings, logs, time.perf_counter() - began)
    if not given.checkpoint and not findings:
        print("No checkpoint from outside was given: a truncated tail or a stolen key would not show.")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
