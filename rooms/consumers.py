"""The socket: frame in, verb, frame out. It knows the wire and the hub, and no row."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _

from accounts.actions import note_violation
from accounts.authentication import actor_for_scope
from accounts.ratelimit import Bucket, Limit
from accounts.sessions import USE_NOTED
from audit.events import Event
from policy.types import AccessDenied
from rooms import dispatch, frames, loading, news
from rooms.answers import farewell, refusal
from rooms.frames import Close
from rooms.posting import Post, Posted
from rooms.realtime import Realtime, realtime
from rooms.seats import Seat
from rooms.views import error_frame, stamp
from tenancy.errors import DomainError, NotSignedIn, RateLimited

logger = logging.getLogger(__name__)
HELLO_WITHIN = 5.0
SEND_BUFFER = 1024 * 1024
GONE_WITHIN = 10.0
"""So many seconds a client that was told to go has for it; then its connection is broken off."""
FRAMES = Limit("frames", per_minute=1_800, burst=60)
ABUSE = 100
"""So many more frames beyond the limit than within it end the socket."""
ASKED_AT_ONCE = 64
UNREADABLE = (1002, 1007, Close.TOO_LARGE)
"""What the server itself closes for before a frame comes here: no protocol, no text, too large (RFC 6455 §7.4.1)."""

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class ChatConsumer(AsyncWebsocketConsumer):
    """One person's socket, speaking `cordon.chat.v1`."""

    seat: Seat | None = None
    live: Realtime

    def __init__(self) -> None:
        super().__init__()
        self._tasks: set[asyncio.Future[Any]] = set()
        self._hello_due: asyncio.TimerHandle | None = None
        self._early: list[Iterable[bytes]] | None = []
        self._closing = self._admitted = False
        self._farewell = Close.SERVER_ERROR
        self._asking = self._overrun = 0
        self._use_noted = 0.0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Hand each event of the socket to its method, one after the other.

        Channels' own loop also listens on a channel of its layer for each socket, and asks a thread to close database
        connections before each event. Nothing is sent by the layer here, and no connection is used on this loop.
        """
        self.scope, self.base_send = scope, send
        self._raw = scope.get("extensions", {}).get("cordon.raw")
        try:
            while True:
                event = await receive()
                await _EVENTS[event["type"]](self, event)
        except StopConsumer:
            return
        finally:
            self._let_go()

    async def connect(self) -> None:
        if frames.SUBPROTOCOL not in self.scope.get("subprotocols", ()):
            await self.close()
            return
        self.live = realtime()
        try:
            self.actor = await self.live.lane.run(actor_for_scope, self.scope)
            self.live.admission.admit(self.actor)
            self._admitted = True
        except (NotSignedIn, RateLimited) as error:
            await self.accept(frames.SUBPROTOCOL)
            await self.close(int(Close.TOO_MANY if isinstance(error, RateLimited) else Close.NOT_SIGNED_IN))
            return
        except DomainError as error:
            logger.info("a socket was refused: %s", error.code)
            await self.close()
            return
        await self.accept(frames.SUBPROTOCOL)
        self._bucket = Bucket(FRAMES)
        self.scope.clear()
        if self._raw is not None:
            self._raw.forget_handshake()
        else:
            self._outbox: asyncio.Queue[Iterable[bytes]] = asyncio.Queue()
            self._pending = 0
            self._start(self._drain())
        self._hello_due = asyncio.get_running_loop().call_later(HELLO_WITHIN, self._close_soon, Close.HELLO_TIMEOUT)

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this beside the socket; it ends with it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._closing:
            return
        if text_data is None or len(text_data.encode()) > frames.FRAME_BYTES:
            await self._break_off(len(bytes_data or text_data or ""))
            return
        wait = self._bucket.spend()
        if wait:
            await self._slow_down(text_data, wait)
            return
        self._overrun = max(0, self._overrun - 1)
        try:
            frame = frames.parse(text_data)
        except DomainError as error:
            self.write([frames.encode(refusal(frames.request_id(text_data), error))])
            if self.seat is None:
                await self._turn_away(Close.MALFORMED)
            return
        await self._handle(frame)

    async def _slow_down(self, text: str, wait: float) -> None:
        """Say when to come back; whoever does not listen is let go."""
        self._overrun += 1
        if self._overrun > ABUSE:
            await self._note(Event.RATE_LIMITED, {"scope": FRAMES.name})
            self._close_soon(Close.TOO_MANY)
            return
        self._say_busy(frames.request_id(text), wait)

    def _say_busy(self, request_id: str | None, wait: float = 1.0) -> None:
        self.write([frames.encode(error_frame(request_id, "rate_limited", "", retry_after=max(1, round(wait))))])

    async def _handle(self, frame: frames.Frame) -> None:
        if isinstance(frame, frames.Hello):
            self._greeted()
            await self._answer(frame, self._hello)
            if self.seat is None:
                await self._turn_away(self._farewell)
                return
            self._tell_early()
            return
        if self.seat is None:
            await self._break_off(0)
            return
        if not isinstance(frame, frames.UNATTENDED):
            self._note_use()
        if isinstance(frame, frames.PostMessage):
            self._post(frame)
            return
        if isinstance(frame, frames.Typing):
            self._type(frame)
            return
        if isinstance(frame, frames.Request):
            if self._asking >= ASKED_AT_ONCE:
                self._say_busy(frame.id)
                return
            self._start(self._answer(frame, self._ask))

    def _note_use(self) -> None:
        """Somebody sits before this socket: the idle limit begins anew, noted as often as for a request."""
        now = monotonic()
        if now - self._use_noted >= USE_NOTED.total_seconds():
            self._use_noted = now
            self._start(self.live.lane.run(loading.note_use, self.actor))

    async def _break_off(self, size: int) -> None:
        """Whoever does not speak the protocol is noted and let go."""
        await self._note(Event.FRAME_REFUSED, {"size": size})
        self._close_soon(Close.MALFORMED)

    async def _note(self, event: Event, data: Mapping[str, Any]) -> None:
        """Put it on record, if that can be done now: whoever is let go goes in any case."""
        try:
            await self.live.lane.run(note_violation, self.actor, event=event, data=dict(data))
        except AccessDenied:
            return
        except Exception:
            logger.exception("%s was not recorded", event)

    def _greeted(self) -> None:
        """The client has said hello; from here on it waits for us."""
        if self._hello_due is not None:
            self._hello_due.cancel()
            self._hello_due = None

    async def _answer(self, frame: frames.Request, work: Callable[[Any], Any]) -> None:
        """The one answer of a request: a result, or why there is none."""
        self._asking += 1
        try:
            data = await work(frame)
        except NotSignedIn:
            self._close_soon(Close.REVOKED)
            return
        except (AccessDenied, DomainError) as error:
            self.write([frames.encode(refusal(frame.id, error))])
            return
        except Exception:
            logger.exception("the request %s failed", type(frame).__name__)
            self.write([frames.encode(error_frame(frame.id, "server_error", _("Something went wrong on the server.")))])
            return
        finally:
            self._asking -= 1
        self.write([frames.encode({"t": "result", "id": frame.id, "data": data})])

    async def _hello(self, frame: frames.Hello) -> dict[str, Any]:
        """Take the seat first: what is revoked while the welcome is being made is heard, and the welcome made anew."""
        seat = self.seat or Seat(self.actor, self._tell, self._close_soon)
        self.live.hub.take(seat)
        try:
            welcomed = await self.live.judged(seat, loading.welcomed, frame)
        except BaseException as error:
            if self.seat is None:
                self.live.hub.drop(seat)
                self._farewell = farewell(error)
                await self._tell_departure(seat)
            raise
        if self.seat is None:
            self.seat = seat
            self._start(self._arrive(seat))
        self.live.sit(seat, welcomed.places, {room["id"]: room["cursor"] for room in welcomed.data["rooms"]})
        return welcomed.data

    async def _turn_away(self, code: Close) -> None:
        """Who was not welcomed has nothing to wait for: the socket ends once its error is told."""
        if self._raw is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._outbox.join(), GONE_WITHIN)
        self._close_soon(code)

    async def _arrive(self, seat: Seat) -> None:
        seat.presence = await self.live.lane.run(loading.tell_arrival, seat.actor)

    async def _ask(self, frame: frames.Request) -> dict[str, Any]:
        if self.seat is None:
            raise NotSignedIn("The socket is closed.")
        if type(frame) in dispatch.READS:
            return await self.live.judged(self.seat, dispatch.answer, frame)
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
        """Typing is told to those who may read, and only by somebody who may write there."""
        if self.seat is None:
            return
        place = self.seat.places.get(frame.room)
        if place is None or place.covered:
            return
        told = news.TypingNoticed(
            workspace_id=self.actor.workspace_id, room_id=frame.room, user_id=self.actor.id, thread_id=frame.thread
        )
        self._start(self.live.lane.run(loading.tell_typing, self.seat.actor, told))

    # --- the way out

    def _tell(self, payloads: Iterable[bytes]) -> None:
        """Send what the hub tells, in its time: after the welcome."""
        if self._early is not None:
            self._early.append(payloads)
            return
        self.write(payloads)

    def _tell_early(self) -> None:
        early, self._early = self._early or [], None
        for payloads in early:
            self.write(payloads)

    def write(self, payloads: Iterable[bytes]) -> None:
        """Send encoded frames without ever waiting; who cannot keep up is closed and may resume."""
        if self._closing:
            return
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
            self._outbox.task_done()

    def _close_soon(self, code: Close) -> None:
        """Nothing more is said; a client that does not answer the farewell is not waited for."""
        if self._closing:
            return
        self._closing = True
        self._start(self.close(int(code)))
        if self._raw is not None:
            asyncio.get_running_loop().call_later(GONE_WITHIN, self._raw.abort)

    async def disconnect(self, code: int) -> None:
        if code in UNREADABLE and self._admitted and not self._left_by_itself():
            await self._note(Event.FRAME_REFUSED, {"size": 0})
        seat = self._let_go()
        if seat is not None:
            await self._tell_departure(seat)

    def _left_by_itself(self) -> bool:
        """Whether the client chose the code; where the server cannot tell, the socket counts as refused."""
        return self._raw is not None and self._raw.said_goodbye()

    async def _tell_departure(self, seat: Seat) -> None:
        if not self.live.hub.by_user.get(seat.user_id):
            await self.live.lane.run(loading.tell_departure, seat.actor)

    def _let_go(self) -> Seat | None:
        """Whatever ended the socket: its count, its work and its seat go with it, once. The answer is who sat there."""
        self._greeted()
        if self._admitted:
            self._admitted = False
            self.live.admission.release(self.actor)
        for task in list(self._tasks):
            task.cancel()
        seat, self.seat = self.seat, None
        if seat is not None:
            self.live.hub.drop(seat)
        return seat


_EVENTS: Mapping[str, Callable[[ChatConsumer, Mapping[str, Any]], Awaitable[None]]] = {
    "websocket.connect": ChatConsumer.websocket_connect,
    "websocket.receive": ChatConsumer.websocket_receive,
    "websocket.disconnect": ChatConsumer.websocket_disconnect,
}
