"""Threads for database work of sockets: Channels would otherwise run all of it on one thread of the process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A few threads for one kind of work, each giving its database connection back when a piece is done."""

    def __init__(self, name: str, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work on a thread of this lane."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(self._do, partial(work, *args, **kwargs)))

    @staticmethod
    def _do(work: Callable[[], T]) -> T:
        return _done_cleanly(work)


class KeepingLane(Lane):
    """For work that never ends: each thread keeps its connection, and drops it when something went wrong."""

    @staticmethod
    def _do(work: Callable[[], T]) -> T:
        try:
            return work()
        except Exception:
            connections.close_all()
            raise


def _done_cleanly(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
