"""What other processes ring, as this process hears it: of exactly those rooms and workspaces somebody here sits in."""

import asyncio
from collections.abc import Callable

import redis.asyncio
from django.conf import settings

from rooms import doorbell
from rooms.hub import Hub
from rooms.news import News

PubSub = redis.asyncio.client.PubSub
SILENCE = 15.0
"""After so many seconds without a ring the connection is asked whether it still lives."""


class Ears:
    """One subscription for each room and workspace of the hub."""

    def __init__(self, hub: Hub, heard: Callable[[News], None]) -> None:
        self._hub = hub
        self._heard = heard
        self._moved = asyncio.Event()
        self._valkey = redis.asyncio.Redis.from_url(settings.VALKEY_URL, health_check_interval=int(SILENCE))

    def moved(self) -> None:
        """Somebody sat down where nobody sat before, or the last one left."""
        self._moved.set()

    async def run(self) -> None:
        """Listen until the connection breaks; whoever calls again begins anew."""
        async with self._valkey.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(f"{settings.PREFIX}:ears")
            self._moved.set()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._follow(pubsub))
                both.create_task(self._hear(pubsub))

    async def _follow(self, pubsub: PubSub) -> None:
        subscribed: set[str] = set()
        while True:
            await self._moved.wait()
            self._moved.clear()
            wanted = {doorbell.room_channel(room_id) for room_id in self._hub.by_room}
            wanted |= {doorbell.workspace_channel(workspace_id) for workspace_id in self._hub.by_workspace}
            if missing := wanted - subscribed:
                await pubsub.subscribe(*missing)
            if needless := subscribed - wanted:
                await pubsub.unsubscribe(*needless)
            subscribed = wanted

    async def _hear(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=SILENCE)
            one = doorbell.unpack(message["data"]) if message is not None else None
            if one is not None:
                self._heard(one)
