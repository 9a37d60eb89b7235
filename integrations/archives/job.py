"""The walk through an archive: authors first, then channel by channel, message by message in the order of time.

Nothing is remembered between runs. What is here already is recognised by ids that are the same in every run, so a run
that was killed is continued by doing it again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.actions.importing import Place
from integrations.archives.html import to_markdown
from integrations.archives.reconciliation import Fate, Reconciliation
from integrations.archives.sinks import Author, Key, Sink, batches
from integrations.archives.zulip import Channel, Message, Survey, ZulipArchive, fingerprint, message_key
from rooms.actions.importing import PastMessage
from rooms.frames import BODY_CHARS
from tenancy.errors import Conflict

BATCH = 500


class Progress(Protocol):
    """Where somebody who waits can see how far it has come."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, number: int) -> None: ...

    def end(self) -> None: ...


def bring_in(archive: ZulipArchive, sink: Sink, progress: Progress) -> Reconciliation:
    """Bring everything in that the archive holds and that is not here yet; the answer accounts for all of it."""
    survey = archive.survey
    account = _opened(survey)
    names = sorted(survey.senders)
    progress.begin(_("authors"), len(names))
    authors = sink.authors(names, progress.advance)
    progress.end()
    account.authors.fates.update(Fate.IMPORTED if author.new else Fate.STANDING for author in authors.values())

    progress.begin(_("messages"), survey.messages)
    walk = _Walk(survey, sink, progress, authors, account)
    for channel in archive.channels():
        walk.take(channel)
    progress.end()
    return account


def _opened(survey: Survey) -> Reconciliation:
    """The account with its left side, and what never was a message."""
    account = Reconciliation(distinct_messages=survey.distinct)
    account.channels.source = len(survey.channels)
    account.topic_files.source = survey.topic_files
    account.authors.source = len(survey.senders)
    account.memberships.source = sum(len(names) for names in survey.posters.values())
    account.messages.source = survey.messages
    account.messages.fates[Fate.MALFORMED] = survey.malformed
    account.topic_files.fates[Fate.UNREADABLE] = len(survey.unreadable_topics)
    account.notes.update(
        dotted_files=survey.dotted_files,
        dotted_messages=survey.dotted_messages,
        shared_names=len(survey.shared_names),
        other_files=len(survey.other_files),
        missing_topics=survey.missing_topics,
        unequal_topics=survey.unequal_topics,
        index_missing=not survey.indexed,
    )
    return account


@dataclass(slots=True)
class _Walk:
    survey: Survey
    sink: Sink
    progress: Progress
    authors: Mapping[str, Author]
    account: Reconciliation
    _usernames: dict[str, str] = field(init=False)
    _ids: dict[str, UUID] = field(init=False)

    def __post_init__(self) -> None:
        self._usernames = {name: author.username for name, author in self.authors.items()}
        self._ids = {author.username: author.id for author in self.authors.values()}

    def take(self, channel: Channel) -> None:
        """One channel: its room, its members, its messages. A room that is closed or private takes nothing."""
        place = self.sink.room_for(channel.name)
        if place.private:
            self._leave_out(channel)
            return
        self.account.channels.fates[Fate.IMPORTED if place.opened else Fate.STANDING] += 1
        self.account.notes["governed_rooms"] += place.governed
        posters = [self.authors[name].id for name in sorted(self.survey.posters[channel.id])]
        members: Counter[Fate] = Counter()
        messages: Counter[Fate] = Counter()
        topics: dict[str, Fate] = {}
        try:
            members += self.sink.members(place, posters)
            for some in batches(channel.messages, BATCH):
                messages += self._bring(place, some, topics)
                self.progress.advance(len(some))
        except Conflict:
            members[Fate.CLOSED] += len(posters) - members.total()
            messages[Fate.CLOSED] += len(channel.messages) - messages.total()
            topics = dict.fromkeys(channel.topics, Fate.CLOSED) | topics
        topics = dict.fromkeys(channel.topics, Fate.TOO_LONG) | topics
        self.progress.advance(channel.repeated)
        messages[Fate.REPEATED] += channel.repeated
        self.account.memberships.fates += members
        self.account.messages.fates += messages
        self.account.topic_files.fates += _fates_of_files(channel, topics)

    def _leave_out(self, channel: Channel) -> None:
        """Nothing of a channel comes in whose name is that of a private room."""
        self.account.channels.fates[Fate.PRIVATE] += 1
        self.account.memberships.fates[Fate.PRIVATE] += len(self.survey.posters[channel.id])
        self.account.messages.fates += Counter({Fate.PRIVATE: len(channel.messages), Fate.REPEATED: channel.repeated})
        self.account.topic_files.fates += _fates_of_files(channel, dict.fromkeys(channel.topics, Fate.PRIVATE))
        self.progress.advance(len(channel.messages) + channel.repeated)

    def _bring(self, place: Place, some: list[Message], topics: dict[str, Fate]) -> Counter[Fate]:
        """One batch; only what is not here yet is turned into Markdown."""
        keys = [self._key(message) for message in some]
        standing = self.sink.standing(keys)
        fates = Counter(Fate.STANDING if same else Fate.CHANGED for same in standing.values())
        fresh = []
        for message, key in zip(some, keys, strict=True):
            if key[1] in standing:
                topics.setdefault(message.topic, Fate.STANDING)
                continue
            past = self._past(message, key)
            if len(past.body) > BODY_CHARS:
                fates[Fate.TOO_LONG] += 1
                continue
            topics.setdefault(message.topic, Fate.IMPORTED)
            fresh.append(past)
        return fates + self.sink.messages(place, fresh) if fresh else fates

    def _key(self, message: Message) -> Key:
        client_id = message_key(self.survey.archive_id, message.id)
        return (self.authors[message.sender].id, client_id, fingerprint(message))

    def _past(self, message: Message, key: Key) -> PastMessage:
        sender_id, client_id, origin = key
        converted = to_markdown(message.html, self._usernames)
        self.account.notes.update(converted.notes)
        return PastMessage(
            sender_id=sender_id,
            client_message_id=client_id,
            at=message.at,
            body=converted.body,
            topic=message.topic,
            also_to_room=True,
            mentions=tuple(self._ids[username] for username in converted.mentioned),
            origin=origin,
        )


def _fates_of_files(channel: Channel, topics: Mapping[str, Fate]) -> Counter[Fate]:
    """A topic was here before if its first message was."""
    fates = Counter(topics.values())
    fates[Fate.REPEATED] += channel.repeated_files
    fates[Fate.EMPTY] += channel.empty_files
    fates[Fate.JOINED] += channel.joined_files
    return fates
