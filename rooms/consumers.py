"""The socket: frame in, verb, frame out. It knows the wire and the hub, and no row."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.authentication import actor_for_scope
from accounts.ratelimit import Bucket, Limit
from policy.types import AccessDenied
from rooms import dispatch, frames, loading, news, presence
from rooms.answers import refusal
from rooms.frames import Close
from rooms.posting import Post, Posted
from rooms.realtime import Realtime, realtime
from rooms.seats import Seat
from rooms.views import error_frame, stamp
from tenancy.errors import DomainError, NotSignedIn, RateLimited

logger = logging.getLogger(__name__)
HELLO_WITHIN = 5.0
SEND_BUFFER = 1024 * 1024
FRAMES = Limit("frames", per_minute=1_800, burst=60)
PRESENCE_EVERY = 30.0


class ChatConsumer(AsyncWebsocketConsumer):
    """One person's socket, speaking `cordon.chat.v1`."""

    seat: Seat | None = None
    live: Realtime
    _greeted = False

    async def connect(self) -> None:
        if frames.SUBPROTOCOL not in self.scope.get("subprotocols", ()):
            await self.close(Close.MALFORMED)
            return
        self.live = realtime()
        try:
            self.actor = await self.live.lane.run(actor_for_scope, self.scope)
        except (NotSignedIn, RateLimited) as error:
            await self.accept(frames.SUBPROTOCOL)
            await self.close(Close.TOO_MANY if isinstance(error, RateLimited) else Close.NOT_SIGNED_IN)
            return
        except DomainError as error:
            logger.info("a socket was refused: %s", error.code)
            await self.close()
            return
        await self.accept(frames.SUBPROTOCOL)
        self._bucket = Bucket(FRAMES)
        self._raw = self.scope.get("extensions", {}).get("cordon.raw")
        self._outbox: asyncio.Queue[Sequence[bytes]] = asyncio.Queue()
        self._pending = 0
        self._tasks = {asyncio.create_task(self._drain()), asyncio.create_task(self._expect_hello())}

    async def _expect_hello(self) -> None:
        """A client that says nothing is sent away; one that said hello may wait for its answer."""
        await asyncio.sleep(HELLO_WITHIN)
        if not self._greeted:
            await self.close(Close.HELLO_TIMEOUT)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data.encode()) > frames.FRAME_BYTES:
            await self.close(Close.MALFORMED)
            return
        wait = self._bucket.spend()
        if wait:
            self.write([frames.encode(error_frame(None, "rate_limited", "", retry_after=max(1, round(wait))))])
            return
        try:
            frame = frames.parse(text_data)
        except DomainError as error:
            self.write([frames.encode(refusal(None, error))])
            return
        await self._handle(frame)

    async def _handle(self, frame: frames.Frame) -> None:
        if isinstance(frame, frames.Hello):
            self._greeted = True
            await self._answer(frame, self._hello)
            return
        if self.seat is None:
            await self.close(Close.MALFORMED)
            return
        if isinstance(frame, frames.PostMessage):
            self._post(frame)
            return
        if isinstance(frame, frames.Typing):
            self._type(frame)
            return
        if isinstance(frame, frames.Request):
            self._tasks.add(task := asyncio.create_task(self._answer(frame, self._ask)))
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, frame: frames.Request, work: Callable[[Any], Any]) -> None:
        """The one answer of a request: a result, or why there is none."""
        try:
            data = await work(frame)
        except NotSignedIn:
            await self.close(Close.REVOKED)
            return
        except (AccessDenied, DomainError) as error:
            self.write([frames.encode(refusal(frame.id, error))])
            return
        except Exception:
            logger.exception("the request %s failed", type(frame).__name__)
            self.write([frames.encode(error_frame(frame.id, "server_error", "Something went wrong on the server."))])
            return
        self.write([frames.encode({"t": "result", "id": frame.id, "data": data})])

    async def _hello(self, frame: frames.Hello) -> dict[str, Any]:
        seat = self.seat or Seat(self.actor, self.write, self._close_soon)
        welcomed = await self.live.lane.run(loading.welcomed, seat.actor, frame)
        if self.seat is None:
            self.seat = seat
            self.live.hub.take(seat)
            self._tasks.add(asyncio.create_task(self._stay_present()))
        for place in welcomed.places:
            self.live.sit(seat, place)
        return welcomed.data

    async def _ask(self, frame: frames.Request) -> dict[str, Any]:
        if self.seat is None:
            raise NotSignedIn("The socket is closed.")
        return await self.live.lane.run(dispatch.answer, self.seat.actor, frame)

    def _post(self, frame: frames.PostMessage) -> None:
        if self.seat is None:
            return
        post = Post(
            actor=self.seat.actor,
            room_id=frame.room,
            client_message_id=frame.client_id,
            body=frame.body,
            marking=frame.marking,
            thread_id=frame.thread,
            reply_to=frame.reply_to,
            also_to_room=frame.also_to_room,
        )
        future = self.live.posts.post(post)
        future.add_done_callback(lambda done: self._acknowledge(frame.id, done))

    def _acknowledge(self, request_id: str, done: "asyncio.Future[Posted]") -> None:
        error = done.exception()
        if error is not None:
            self.write([frames.encode(refusal(request_id, error))])
            return
        posted = done.result()
        self.write(
            [
                frames.encode(
                    {
                        "t": "ack",
                        "id": request_id,
                        "room": posted.room_id,
                        "message": posted.message_id,
                        "cursor": posted.cursor,
                        "at": stamp(posted.at),
                        "marking": posted.marking,
                        "thread": posted.thread_id,
                    }
                )
            ]
        )

    def _type(self, frame: frames.Typing) -> None:
        """Typing is told to those who may read, and only by somebody who may be told there."""
        if self.seat is None:
            return
        place = self.seat.places.get(frame.room)
        if place is None or place.covered:
            return
        told = news.TypingNoticed(
            workspace_id=self.actor.workspace_id, room_id=frame.room, user_id=self.actor.id, thread_id=frame.thread
        )
        self._tasks.add(task := asyncio.create_task(self.live.lane.run(news.ring, [told])))
        task.add_done_callback(self._tasks.discard)

    async def _stay_present(self) -> None:
        """Say that this person is here, now and every half minute."""
        fresh = True
        while self.seat is not None:
            state = self.seat.presence
            await self.live.lane.run(presence.note, self.actor.id, state)
            if fresh:
                await self.live.lane.run(news.ring, [self._presence_news(state)])
            fresh = False
            await asyncio.sleep(PRESENCE_EVERY)

    def _presence_news(self, state: str) -> news.PresenceChanged:
        return news.PresenceChanged(workspace_id=self.actor.workspace_id, user_id=self.actor.id, state=state)

    # --- the way out

    def write(self, payloads: Sequence[bytes]) -> None:
        """Send encoded frames without ever waiting; who cannot keep up is closed and may resume."""
        if self._raw is not None:
            if not self._raw.send_text(payloads, SEND_BUFFER):
                self._close_soon(Close.TOO_SLOW)
            return
        self._pending += sum(map(len, payloads))
        if self._pending > SEND_BUFFER:
            self._close_soon(Close.TOO_SLOW)
            return
        self._outbox.put_nowait(payloads)

    async def _drain(self) -> None:
        while True:
            payloads = await self._outbox.get()
            for payload in payloads:
                await self.send(text_data=payload.decode())
                self._pending -= len(payload)

    def _close_soon(self, code: Close) -> None:
        self._tasks.add(asyncio.ensure_future(self.close(code)))

    async def disconnect(self, code: int) -> None:
        for task in getattr(self, "_tasks", ()):
            task.cancel()
        seat, self.seat = self.seat, None
        if seat is None:
            return
        self.live.hub.drop(seat)
        if not self.live.hub.by_user.get(seat.user_id):
            await self.live.lane.run(presence.note, seat.user_id, presence.OFFLINE)
            await self.live.lane.run(news.ring, [self._presence_news(presence.OFFLINE)])
