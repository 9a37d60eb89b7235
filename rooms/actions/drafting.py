"""Posts on their way to rows: what the rules of their rooms say to them, and whom they call and answer.

Whatever is asked of the database is asked once for a whole batch: a post that calls many must not make others wait.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from policy.types import AccessDenied
from policy.visible import says_nothing
from rooms import mentions
from rooms.actions import judging, threads
from rooms.markings import canonical, within_ceiling
from rooms.models import Room, RoomState
from rooms.posting import Outcome, Post
from rooms.sealing import BodyPlace, Part
from tenancy.actor import new_id
from tenancy.errors import Conflict, DomainError, Invalid


@dataclass(slots=True)
class Draft:
    """One post on its way to a row."""

    post: Post
    room: Room
    marking: str
    message_id: UUID
    written: mentions.Written = ()
    thread_id: UUID | None = None
    mentioned: mentions.Mentioned = field(default_factory=mentions.Mentioned)
    sealed: bytes = b""

    @property
    def parts(self) -> tuple[Part, ...]:
        return (Part(self.marking, self.post.body),)

    @property
    def place(self) -> BodyPlace:
        return BodyPlace(self.room.workspace_id, self.room.id, self.message_id, self.post.actor.id, 0, self.marking)


def drafted(
    posts: Sequence[Post],
    written: Sequence[mentions.Written],
    outcomes: list[Outcome | None],
    rooms: Mapping[UUID, Room],
) -> dict[int, Draft]:
    """The posts that the rules of their rooms allow, as drafts by their place; the others get their error."""
    drafts: dict[int, Draft] = {}
    for index, post in enumerate(posts):
        if outcomes[index] is not None:
            continue
        try:
            drafts[index] = _draft(post, written[index], rooms[post.room_id])
        except DomainError as error:
            outcomes[index] = error
    _find_called(list(drafts.values()))
    for refuse in (_forbidden_calls, _lost_answers):
        for index, refusal in refuse(drafts).items():
            outcomes[index] = refusal
            del drafts[index]
    return drafts


def _draft(post: Post, written: mentions.Written, room: Room) -> Draft:
    refuse_if_archived(room)
    marking = marking_for(room, post.marking)
    if says_nothing(post.body):
        raise Invalid(_("There is nothing in this message."), field="body", remedy=_("Write something first."))
    mentions.refuse_too_many(written)
    return Draft(post, room, marking, new_id(), written)


def refuse_if_archived(room: Room) -> None:
    if room.state == RoomState.ARCHIVED:
        raise Conflict(
            _("This room is archived; it can be read but not written to."),
            field="room",
            remedy=_("Ask an owner of the room to open it again."),
        )


def marking_for(room: Room, wanted: str | None) -> str:
    if wanted is None:
        return room.marking
    marking = canonical(room.workspace_id, wanted)
    if not within_ceiling(room.workspace_id, marking, room.marking):
        raise Invalid(
            _("This room may hold nothing above %(ceiling)s.") % {"ceiling": room.marking},
            field="marking",
            remedy=_("Choose a lower marking, or a room that may hold it."),
        )
    return marking


def _find_called(drafts: Sequence[Draft]) -> None:
    calls = [mentions.Call(draft.post.actor, draft.room.id, draft.written) for draft in drafts]
    for draft, mentioned in zip(drafts, mentions.find(calls), strict=True):
        draft.mentioned = mentioned


def _forbidden_calls(drafts: Mapping[int, Draft]) -> dict[int, Exception]:
    calling = {index: draft.post for index, draft in drafts.items() if draft.mentioned.room}
    decisions = zip(calling, judging.judge_room_mentions(list(calling.values())), strict=True)
    return {index: AccessDenied(decision) for index, decision in decisions if not decision.permits}


def _lost_answers(drafts: Mapping[int, Draft]) -> dict[int, Exception]:
    """Give the replies their threads; those that answer nothing that is there for them get their error."""
    errors: dict[int, Exception] = {}
    replies = {index: draft for index, draft in drafts.items() if draft.post.thread_id or draft.post.reply_to}
    found = threads.threads_for([draft.post for draft in replies.values()])
    for (index, draft), thread in zip(replies.items(), found, strict=True):
        if isinstance(thread, DomainError):
            errors[index] = thread
            continue
        draft.thread_id = thread
    return errors
