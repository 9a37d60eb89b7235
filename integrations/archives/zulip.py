"""The layout of zulip-archive: `stream_index.json`, and for each topic `<channel id>-<channel>/<topic>.json`.

A topic file is an array of `{id, timestamp, sender_full_name, content}` with HTML as content. Names of folders and
files are percent-encoded with a dot in place of the per cent sign, so that many begin with a dot. A sender has a name
and no id.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import UUID, uuid5

import msgspec
from django.utils.translation import gettext as _

from integrations.archives.tarball import ArchiveRefused, Entry, digest_of, entries

FORMAT = "zulip-archive"
INDEX = "stream_index.json"

_NAMESPACE = UUID("5f0c6d52-6f2e-5b62-9b2e-6a7b3d0d5a11")
_FOLDER = re.compile(r"(\d{1,18})-(.*)", re.DOTALL)
_ESCAPED = re.compile(rb"\.([0-9A-Fa-f]{2})")
_MENTIONED = re.compile(r'data-user-id="(\d+)"[^>]*>@?([^<]+)<')
_LATEST = 253_402_300_800
"""The year 10000 in seconds: later times have no date."""


class _Written(msgspec.Struct):
    """One message as it stands in a topic file."""

    id: int
    timestamp: float
    sender_full_name: str
    content: str


class _Listed(msgspec.Struct):
    """A topic as the index counts it."""

    size: int = 0


class _Channel(msgspec.Struct):
    id: int
    topic_data: dict[str, _Listed] = {}


class _Index(msgspec.Struct):
    streams: dict[str, _Channel] = {}


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_rows = msgspec.json.Decoder(list[msgspec.Raw])
_written = msgspec.json.Decoder(_Written)
_index = msgspec.json.Decoder(_Index)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the archive; `topic` is the title of the file that it stands in."""

    id: int
    at: datetime
    sender: str
    html: str
    topic: str


@dataclass(slots=True)
class Channel:
    """A channel with every message that is its own, in the order of time."""

    id: int
    name: str
    messages: list[Message] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    """Titles under which it has messages of its own."""
    repeated: int = 0
    """Messages that were met before, under another channel or topic."""
    repeated_files: int = 0
    """Topic files of which every message was met before."""
    empty_files: int = 0
    joined_files: int = 0
    """Topic files whose title an earlier file of the channel has as well."""


@dataclass(slots=True)
class Survey:
    """Everything that the archive holds, counted: what the import has to account for."""

    digest: bytes = b""
    channels: dict[int, str] = field(default_factory=dict)
    """Names by id."""
    files_of: Counter[int] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    posters: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Who wrote in each channel, counting a message that stands twice where it is met first."""
    messages: int = 0
    distinct: int = 0
    malformed: int = 0
    """Rows of topic files that are no messages; they count as messages of the source."""
    dotted_files: int = 0
    dotted_messages: int = 0
    unreadable_topics: list[str] = field(default_factory=list)
    indexed: bool = False
    other_files: list[str] = field(default_factory=list)
    missing_topics: int = 0
    """Topics that the index lists and no file holds."""
    unequal_topics: int = 0
    """Topics of which the index says another size."""
    shared_names: set[str] = field(default_factory=set)
    """Names that mentions show to be borne by more than one account."""

    @property
    def topic_files(self) -> int:
        return sum(self.files_of.values())

    @property
    def archive_id(self) -> UUID:
        """Where this comes from: the same for every later export of an organisation that keeps its first channel."""
        return uuid5(_NAMESPACE, f"{FORMAT}:{min(self.channels, default=0)}")


class ZulipArchive:
    """A packed archive on disk. Looked through once before anything is done with it, then read channel by channel."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.survey = Survey()

    def look_through(self) -> Survey:
        """Count everything. Raises ArchiveRefused for an archive that cannot be trusted, and OSError."""
        survey = Survey(digest=digest_of(self.path))
        accounts: defaultdict[str, set[str]] = defaultdict(set)
        seen: set[int] = set()
        sizes: dict[tuple[int, str], int] = {}
        index: _Index | None = None
        for entry in self._entries():
            if entry.path.name == INDEX:
                index = _read_index(entry)
                continue
            place = _place_of(entry.path)
            if place is None:
                survey.other_files.append(str(entry.path))
                continue
            survey.channels.setdefault(place[0], _name_of(entry.path))
            sizes[place] = sizes.get(place, 0) + _count(survey, seen, accounts, entry, place)
        if not survey.channels:
            raise ArchiveRefused(_("There is no channel in this archive."), _("Give an archive of zulip-archive."))
        _compare(index, survey, sizes)
        survey.distinct = len(seen)
        survey.shared_names = {name for name, ids in accounts.items() if len(ids) > 1 and name in survey.senders}
        self.survey = survey
        return survey

    def channels(self) -> Iterator[Channel]:
        """Each channel once its last file has been read. What stands twice belongs to where it is met first."""
        waiting = Counter(self.survey.files_of)
        open_channels: dict[int, Channel] = {}
        seen: set[int] = set()
        for entry in self._entries():
            place = _place_of(entry.path)
            if place is None or entry.path.name == INDEX:
                continue
            channel_id, topic = place
            channel = open_channels.setdefault(channel_id, Channel(channel_id, self.survey.channels[channel_id]))
            _take(channel, topic, entry, seen)
            waiting[channel_id] -= 1
            if not waiting[channel_id]:
                done = open_channels.pop(channel_id)
                done.messages.sort(key=lambda message: (message.at, message.id))
                yield done

    def _entries(self) -> Iterator[Entry]:
        with self.path.open("rb") as packed:
            yield from entries(packed, self.path.stat().st_size)


def fingerprint(message: Message) -> bytes:
    """What tells a message that has changed at its source since from one that has not."""
    return hashlib.sha256(message.html.encode("utf-8", "replace")).digest()


def message_key(archive_id: UUID, message_id: int) -> UUID:
    """The id under which a message is posted, the same in every run (RFC 9562 §5.5)."""
    return uuid5(archive_id, str(message_id))


def _place_of(path: PurePosixPath) -> tuple[int, str] | None:
    """Which channel and topic a file is; None for a file that is no topic."""
    folder = _FOLDER.fullmatch(path.parent.name)
    if folder is None or path.suffix != ".json":
        return None
    return int(folder[1]), unescaped(path.name.removesuffix(".json"))


def unescaped(name: str) -> str:
    """The name as it was before it became a file name."""
    raw = name.encode("utf-8", "surrogateescape")
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), raw).decode("utf-8", "replace")


def _name_of(path: PurePosixPath) -> str:
    """A channel's name as its folder gives it."""
    number, _dash, name = unescaped(path.parent.name).partition("-")
    return name if name.strip() and name.isprintable() else f"channel {number}"


def _read_index(entry: Entry) -> _Index | None:
    try:
        return _index.decode(entry.data)
    except _UNREADABLE:
        return None


def _compare(index: _Index | None, survey: Survey, sizes: dict[tuple[int, str], int]) -> None:
    """Take the true names from the index, and note what index and files disagree about."""
    if index is None:
        return
    survey.indexed = True
    listed = {
        (channel.id, topic): known.size
        for channel in index.streams.values()
        for topic, known in channel.topic_data.items()
    }
    survey.missing_topics = len(listed.keys() - sizes.keys())
    survey.unequal_topics = sum(listed.get(place) != size for place, size in sizes.items())
    named = {channel.id: name for name, channel in index.streams.items() if name.strip() and name.isprintable()}
    survey.channels = {channel_id: named.get(channel_id, name) for channel_id, name in survey.channels.items()}


def _count(
    survey: Survey, seen: set[int], accounts: defaultdict[str, set[str]], entry: Entry, place: tuple[int, str]
) -> int:
    channel_id, _topic = place
    dotted = entry.path.name.startswith(".")
    survey.files_of[channel_id] += 1
    survey.dotted_files += dotted
    messages, malformed = _messages(entry)
    if messages is None:
        survey.unreadable_topics.append(str(entry.path))
        return 0
    total = len(messages) + malformed
    survey.messages += total
    survey.malformed += malformed
    survey.dotted_messages += total if dotted else 0
    for message in messages:
        survey.senders[message.sender_full_name] += 1
        if message.id not in seen:
            seen.add(message.id)
            survey.posters[channel_id].add(message.sender_full_name)
        for user_id, name in _MENTIONED.findall(message.content):
            accounts[name].add(user_id)
    return total


def _take(channel: Channel, topic: str, entry: Entry, seen: set[int]) -> None:
    messages, _malformed = _messages(entry)
    if messages is None:
        return
    own = {row.id: row for row in reversed(messages) if row.id not in seen}
    seen.update(own)
    channel.repeated += len(messages) - len(own)
    if not own:
        channel.repeated_files += bool(messages)
        channel.empty_files += not messages
        return
    channel.joined_files += topic in channel.topics
    channel.topics.add(topic)
    channel.messages.extend(
        Message(row.id, datetime.fromtimestamp(row.timestamp, UTC), row.sender_full_name, row.content, topic)
        for row in own.values()
    )


def _messages(entry: Entry) -> tuple[list[_Written] | None, int]:
    """The messages of a topic file and the number of rows that are none; None if it is no such file."""
    rows = _rows_of(entry)
    if rows is None:
        return None, 0
    messages = []
    for row in rows:
        try:
            message = _written.decode(row)
        except _UNREADABLE:
            continue
        if 0 <= message.timestamp < _LATEST and message.sender_full_name.strip():
            messages.append(message)
    return messages, len(rows) - len(messages)


def _rows_of(entry: Entry) -> Sequence[bytes | msgspec.Raw] | None:
    """The rows of a topic file, not looked into; None if it is no list.

    Half of a surrogate pair makes all of a file unreadable to the fast reader; a more patient one finds the other rows.
    """
    try:
        return _rows.decode(entry.data)
    except msgspec.DecodeError:
        pass
    except RecursionError:
        return None
    try:
        rows = json.loads(entry.data.decode("utf-8", "surrogateescape"))
        return [json.dumps(row).encode() for row in rows] if isinstance(rows, list) else None
    except (ValueError, RecursionError):
        return None
