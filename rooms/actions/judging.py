"""Decisions on posts: a lease where one still stands, the decision point for the rest, one batch for all."""

from collections.abc import Sequence

from policy import epochs, pep
from policy.catalogue import Action
from policy.leases import LeaseBook
from policy.types import Decision, Question
from rooms.access import room_resource
from rooms.markings import canonical
from rooms.posting import Post
from tenancy.errors import Invalid

_leases = LeaseBook()


def judge_posts(posts: Sequence[Post]) -> list[Decision]:
    """The answer for each post, fresh or by a lease that still stands.

    The epochs are locked first, so that nothing which a lease rests on can change before the commit (R16).
    """
    questions = [_question(post) for post in posts]
    values = epochs.hold(key for question in questions for key in epochs.keys_of(question))

    decisions: dict[int, Decision] = {}
    for index, question in enumerate(questions):
        lease = _leases.find(question, values)
        if lease is not None:
            pep.reuse(lease, Action.MESSAGE_POST)
            decisions[index] = lease

    fresh = [index for index in range(len(posts)) if index not in decisions]
    for index, decision in zip(fresh, pep.decide_many([questions[index] for index in fresh]), strict=True):
        _leases.keep(decision)
        decisions[index] = decision

    return [decisions[index] for index in range(len(posts))]


def _question(post: Post) -> Question:
    resource = room_resource(post.room_id, marking=_spelled(post))
    return Question(post.actor, Action.MESSAGE_POST, resource)


def _spelled(post: Post) -> str:
    """The marking as the workspace writes it, because rules name it so; drafting refuses an unknown one."""
    if not post.marking:
        return ""
    try:
        return canonical(post.actor.workspace_id, post.marking)
    except Invalid:
        return ""


def judge_room_mentions(posts: Sequence[Post]) -> list[Decision]:
    """Calling the whole room together is a power of its own (SG-3)."""
    return pep.decide_many([Question(post.actor, Action.MENTION_ROOM, room_resource(post.room_id)) for post in posts])
