"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): the short text that vouches for a whole log.

Several keys may sign one note; a reader counts the signatures of keys it trusts and ignores the rest. That is what
makes rotation and witnesses possible.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from audit.offline import signature_holds
from audit.signing import Signer

DASH = "\u2014"
KEY_ID = 4
HASH = 32
_NAME = re.compile(r"[^\s+]+\Z")
_NUMBER = re.compile(r"(0|[1-9][0-9]*)\Z")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """The text is no well-formed note or checkpoint."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that a reader trusts: `<name>+<key id in hex>+<base64 of type byte and key>`."""

    name: str
    algorithm: int
    key: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.algorithm, self.key)

    @property
    def vkey(self) -> str:
        encoded = base64.b64encode(bytes([self.algorithm]) + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, vkey: str) -> "PublicKey":
        """Read a vkey. Raises BadNote if the key id does not belong to the name and key."""
        name, _, rest = vkey.partition("+")
        stated, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if not _NAME.match(name) or len(raw) <= 1:
            raise BadNote("this is no vkey")
        key = cls(name, raw[0], raw[1:])
        if key.key_id.hex() != stated:
            raise BadNote(f"the key id of {name} does not belong to its key")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and the signatures under it."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of a log; `extensions` are further signed lines of the form `word value ..`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        return "\n".join([*lines, *(f"{word} {value}" for word, value in self.extensions)]) + "\n"

    def extension(self, word: str) -> str:
        return dict(self.extensions).get(word, "")


def key_id(name: str, algorithm: int, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + key).digest()[:KEY_ID]


def sign(checkpoint: Checkpoint, signers: Iterable[Signer]) -> str:
    """The signed note of a checkpoint, with one line per signer."""
    text = checkpoint.text
    lines = [
        f"{DASH} {one.name} {base64.b64encode(one.key_id + one.sign(text.encode())).decode()}\n" for one in signers
    ]
    return text + "\n" + "".join(lines)


def parse(note: str) -> Note:
    """Read a signed note. Raises BadNote."""
    text, separator, rest = note.rpartition("\n\n")
    if not separator or not rest.endswith("\n") or _CONTROL.search(note):
        raise BadNote("a note is text, a blank line and signature lines")
    return Note(text + "\n", tuple(_signature(line) for line in rest[:-1].split("\n")))


def parse_many(text: str) -> list[Note]:
    """Read every note in a file that holds several, one after the other. Raises BadNote."""
    found: list[Note] = []
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if lines and lines[-1].startswith(f"{DASH} ") and not line.startswith(f"{DASH} "):
            found.append(parse("\n".join(lines) + "\n"))
            lines = []
        if line or lines:
            lines.append(line)
    if lines:
        raise BadNote("the last note has no signature")
    return found


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decode(encoded)
    if dash != DASH or not _NAME.match(name) or len(raw) <= KEY_ID:
        raise BadNote("a signature line is malformed")
    return Signature(name, raw[:KEY_ID], raw[KEY_ID:])


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint. Raises BadNote."""
    lines = text.split("\n")
    *body, end = lines
    if len(body) <= 2 or end or not all(body) or not _NUMBER.match(body[1]):  # noqa: PLR2004 - three lines at least
        raise BadNote("a checkpoint is an origin, a size and a root, each on its line")
    root = _decode(lines[2])
    if len(root) != HASH:
        raise BadNote("the root is not a SHA-256 hash")
    extensions = tuple((word, value) for word, _, value in (line.partition(" ") for line in lines[3:-1]))
    return Checkpoint(lines[0], int(lines[1]), root, extensions)


def vouching(note: Note, trusted: Mapping[bytes, PublicKey]) -> list[PublicKey]:
    """The trusted keys whose signature holds; unknown keys are ignored.

    Raises BadNote if a trusted key's signature does not hold: then somebody changed the note.
    """
    message = note.text.encode()
    good = []
    for one in note.signatures:
        key = trusted.get(one.key_id)
        if key is None or key.name != one.name:
            continue
        if not signature_holds(key.algorithm, key.key, message, one.signature):
            raise BadNote(f"the signature of {key.name} does not hold")
        good.append(key)
    return good


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("it is not base64") from error
