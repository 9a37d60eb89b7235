"""The queue between sockets and the database: what waits is committed together, and only then acknowledged (CH-2).

Each workspace has its own batches, a few writers share the work. An errored batch has an unknown fate: its senders are
told to try again, and their client ids tell a repeat from a new message.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from policy.pep import unit
from rooms import doorbell
from rooms.actions.messages import post_messages, posted_news
from rooms.loading import fresh_happenings
from rooms.posting import Outcome, Post, Posted
from rooms.seats import Happening
from rooms.threads import KeepingLane, Lane
from tenancy.actor import system_actor
from tenancy.errors import Unavailable

logger = logging.getLogger(__name__)
BATCH = 256
WRITERS = 2


class PostQueue:
    """What the sockets of this process want to say. `tell` is given what has been committed, after its acks."""

    def __init__(self, tell: Callable[[Sequence[Happening]], None]) -> None:
        self._tell = tell
        self._lane = KeepingLane("writer", WRITERS)
        self._bell = Lane("doorbell", 1)
        self._waiting: dict[UUID, list[tuple[Post, asyncio.Future[Posted]]]] = {}
        self._writing: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, post: Post) -> "asyncio.Future[Posted]":
        """Queue one post; the future is done when it is committed or refused."""
        future: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        workspace_id = post.actor.workspace_id
        self._waiting.setdefault(workspace_id, []).append((post, future))
        if workspace_id not in self._writing:
            self._writing.add(workspace_id)
            self._start(self._write(workspace_id))
        return future

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, workspace_id: UUID) -> None:
        try:
            while self._waiting.get(workspace_id):
                batch = self._waiting[workspace_id][:BATCH]
                del self._waiting[workspace_id][:BATCH]
                outcomes = await self._commit(workspace_id, [post for post, _ in batch])
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    _finish(future, outcome)
                fresh = [one for one in outcomes if isinstance(one, Posted) and one.parts]
                if fresh:
                    self._tell(fresh_happenings(workspace_id, fresh))
                    self._start(self._bell.run(ring_others, workspace_id, fresh))
        finally:
            self._waiting.pop(workspace_id, None)
            self._writing.discard(workspace_id)

    async def _commit(self, workspace_id: UUID, posts: Sequence[Post]) -> list[Outcome]:
        try:
            return await self._lane.run(commit_posts, workspace_id, posts)
        except Exception:
            logger.exception("a batch of %d posts failed", len(posts))
            return [Unavailable(_("The message could not be stored. It will be tried again."))] * len(posts)


def commit_posts(workspace_id: UUID, posts: Sequence[Post]) -> list[Outcome]:
    """Commit one batch. It runs once more when somebody was faster under the same client id, or the connection is lost.

    In that case nobody knows whether it was committed; the client ids tell (R37).
    """
    try:
        return _commit_once(workspace_id, posts)
    except (IntegrityError, InterfaceError, OperationalError):
        connections.close_all()
        return _commit_once(workspace_id, posts)


def ring_others(workspace_id: UUID, fresh: Sequence[Posted]) -> None:
    """Tell the other processes which messages there are; this one has been told already."""
    by_room: dict[UUID, list[Posted]] = defaultdict(list)
    for one in fresh:
        by_room[one.room_id].append(one)
    doorbell.publish(posted_news(workspace_id, in_room) for in_room in by_room.values())


def _commit_once(workspace_id: UUID, posts: Sequence[Post]) -> list[Outcome]:
    with unit(workspace_id):
        return post_messages(system_actor(workspace_id, cause="posts"), posts=posts)


def _finish(future: "asyncio.Future[Posted]", outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
        return
    future.set_result(outcome)
