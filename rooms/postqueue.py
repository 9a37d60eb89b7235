"""The queue between sockets and the database: what waits is committed together, and only then acknowledged (CH-2).

Each workspace has its own batches, a few writers share the work. An errored batch has an unknown fate: its senders are
told to try again, and their client ids tell a repeat from a new message.
"""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError

from policy.pep import unit
from rooms import news
from rooms.actions.messages import post_messages, posted_news
from rooms.posting import Outcome, Post, Posted
from rooms.threads import Lane
from tenancy.actor import system_actor
from tenancy.errors import Unavailable

logger = logging.getLogger(__name__)
BATCH = 256
WRITERS = 2


class PostQueue:
    """What the sockets of this process want to say."""

    def __init__(self) -> None:
        self._lane = Lane("writer", WRITERS)
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
            task = asyncio.get_running_loop().create_task(self._write(workspace_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def _write(self, workspace_id: UUID) -> None:
        try:
            while self._waiting.get(workspace_id):
                batch = self._waiting[workspace_id][:BATCH]
                del self._waiting[workspace_id][:BATCH]
                outcomes = await self._commit(workspace_id, [post for post, _ in batch])
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    _finish(future, outcome)
        finally:
            self._waiting.pop(workspace_id, None)
            self._writing.discard(workspace_id)

    async def _commit(self, workspace_id: UUID, posts: Sequence[Post]) -> list[Outcome]:
        try:
            return await self._lane.run(commit_posts, workspace_id, posts)
        except Exception:
            logger.exception("a batch of %d posts failed", len(posts))
            return [Unavailable("The message could not be stored. It will be tried again.")] * len(posts)


def commit_posts(workspace_id: UUID, posts: Sequence[Post]) -> list[Outcome]:
    """Commit one batch; somebody who was faster under the same client id makes it run once more (R37)."""
    try:
        outcomes = _commit_once(workspace_id, posts)
    except IntegrityError:
        outcomes = _commit_once(workspace_id, posts)
    fresh = [one for one in outcomes if isinstance(one, Posted) and one.parts]
    for room_id in {one.room_id for one in fresh}:
        in_room = sorted((one for one in fresh if one.room_id == room_id), key=lambda one: one.seq)
        news.ring([posted_news(workspace_id, in_room)])
    return outcomes


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
