# ruff: noqa: E501, ARG002, TRY301, PLR0913, PLR0917 - canned answers, one a line; arguments are the frames' own
"""A small real server for the client's own tests: the product's templates and static files, and `cordon.chat.v1` from canned data.

It is no part of the product and knows no policy; `POST /test/do` makes things happen. Run: python tests/web/server.py PORT
"""

import asyncio
import base64
import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import django
import uvicorn
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
settings.configure(
    SECRET_KEY="for these tests only", STATIC_URL="/static/", STATICFILES_DIRS=[ROOT / "static"], USE_TZ=True, TIME_ZONE="UTC",
    INSTALLED_APPS=["django.contrib.staticfiles"], ROOT_URLCONF="tests.web.urls",
    STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [ROOT / "templates"], "OPTIONS": {"context_processors": ["django.template.context_processors.i18n"]}}],
)  # fmt: skip
django.setup()

from django.template.loader import render_to_string  # noqa: E402

from tests.web.scenario import MARKINGS, World, stamp  # noqa: E402

SESSION = "00000000-0000-7000-8000-00000000051c"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
URLS = {
    "login": "/login/", "logout": "/logout/", "console": "/console/", "step_up": "/api/v1/step-up/",
    "password": "/api/v1/password/", "sessions": "/api/v1/sessions/", "profile": "/api/v1/profile/", "socket": "/ws/chat",
}  # fmt: skip


def policy() -> str:
    return (
        f"default-src 'none'; script-src 'self' {import_map().source}; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@dataclass(frozen=True)
class ImportMap:
    """As `chatapp.client` makes it, for names that are not hashed."""

    text: str
    source: str
    modules: list[str]


def import_map() -> ImportMap:
    bare = {"htm": "htm", "markdown-it": "markdown-it", "preact": "preact", "preact/hooks": "preact-hooks"}
    text = json.dumps({"imports": {name: f"/static/vendor/{file}.js" for name, file in bare.items()}})
    return ImportMap(text, f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'", [])


class Refused(Exception):
    def __init__(self, code: str, message: str = "", **more: object) -> None:
        super().__init__(message)
        self.frame = {"code": code, "message": message, **more}


class Site:
    """The world, the sockets on it, and what a test has asked for."""

    def __init__(self) -> None:
        self.world = World()
        self.sockets: set[Socket] = set()
        self.refusals: list[dict] = []
        self.silent = False
        self.delay = 0.0
        self.lease = 60
        self.accepts = True
        self.advertised = self.taken = 64 * 1024
        self.suspended: list[str] = []
        self.posts: list[dict] = []
        self.frames: list[dict] = []
        self.told: dict[str, tuple[str, dict]] = {}

    async def everywhere(self, frame: dict) -> None:
        for socket in list(self.sockets):
            await socket.send_frame(frame)

    def step(self, room: str) -> tuple[str, str]:
        name = self.world.rooms[room]["_key"]
        before = self.world.cursors[room]
        self.world.cursors[room] += 1
        cursor, prev = f"{name}-{before + 1}", f"{name}-{before}"
        self.world.rooms[room]["cursor"] = cursor
        return cursor, prev

    async def event(self, room: str, kind: str, message: dict) -> str:
        cursor, prev = self.step(room)
        message["_cursor"] = self.world.cursors[room]
        await self.everywhere(
            {"t": "event", "room": room, "cursor": cursor, "prev": prev, "kind": kind, "data": public(message)}
        )
        return cursor


def public(thing: dict) -> dict:
    shown = {key: value for key, value in thing.items() if not key.startswith("_")}
    if isinstance(shown.get("root"), dict):
        shown["root"] = public(shown["root"])
    return shown


def shape(thing: object) -> object:
    """What tells two frames apart for the contract: their fields and the types of these."""
    if isinstance(thing, dict):
        return {key: shape(value) for key, value in sorted(thing.items())}
    if isinstance(thing, list):
        return sorted({str(shape(one)) for one in thing})
    return type(thing).__name__


class Socket:
    def __init__(self, site: Site, send) -> None:
        self.site, self.send = site, send

    @property
    def world(self) -> World:
        return self.site.world

    async def send_frame(self, frame: dict, asked: str = "") -> None:
        self.site.told.setdefault(f"{asked} {shape(frame)}", (asked, frame))
        await self.send({"type": "websocket.send", "text": json.dumps(frame)})

    async def receive(self, text: str) -> None:
        if len(text.encode()) > self.site.taken:
            await self.send({"type": "websocket.close", "code": 1009})
            return
        frame = json.loads(text)
        self.site.frames.append(dict(frame))
        kind, request = frame.pop("t"), frame.pop("id", None)
        if kind == "typing":
            return
        try:
            if kind == "message.post" and self.site.silent:
                return
            await asyncio.sleep(self.site.delay)
            if self.site.refusals and self.site.refusals[0].get("on", kind) == kind:
                refusal = dict(self.site.refusals.pop(0))
                refusal.pop("on", None)
                raise Refused(**refusal)
            answer = await self.verb(kind)(**frame)
        except Refused as refused:
            await self.send_frame({"t": "error", "id": request, **refused.frame})
            return
        ack = kind == "message.post"
        await self.send_frame(
            {"t": "ack", "id": request, **answer} if ack else {"t": "result", "id": request, "data": answer}, kind
        )

    def verb(self, kind: str):
        method = getattr(self, kind.replace(".", "_"), None)
        if method is None:
            raise Refused("invalid", f"unknown frame {kind}")
        return method

    def room(self, room: str) -> dict:
        if room not in self.world.rooms:
            raise Refused("not_found", "There is no such room.")
        found = self.world.rooms[room]
        if found["access"]["state"] == "step_up":
            raise Refused("step_up_required", "This room asks for a fresh check every 15 minutes.")
        if found["access"]["state"] == "unavailable":
            raise Refused("unavailable", "The policy service isn’t answering.")
        return found

    async def hello(self, resume: dict) -> dict:
        world = self.world
        me = {
            **world.people["maya"],
            "groups": [],
            "powers": ["create_rooms", "view_console"],
            "settings": {"theme": "system", "density": "normal", "enter_sends": True},
        }
        return {
            "me": me, "workspace": {"id": world.uuid(1), "slug": "northgate", "name": "Northgate JTF", "ceiling": "TOP SECRET", "markings": MARKINGS},
            "session": {"id": SESSION, "step_up_until": None, "expires_at": stamp(world.now + timedelta(hours=7)), "idle_seconds": 1800},
            "rooms": [public(room) for room in world.rooms.values()], "people": [person for name, person in world.people.items() if name != "jonas"],
            "lease_seconds": self.site.lease, "limits": {"body_chars": 16000, "frame_bytes": self.site.advertised}, "server_time": stamp(datetime.now(UTC)),
            "resumed": {room: self.changes(room, cursor) for room, cursor in resume.items() if room in world.rooms},
        }  # fmt: skip

    def changes(self, room: str, after: str) -> dict:
        number = int(after.rsplit("-", 1)[1])
        threads = [
            message
            for thread in self.world.threads.values()
            if thread["info"]["room"] == room
            for message in thread["messages"]
        ]
        changed = [
            public(message) for message in [*self.world.messages[room], *threads] if message.get("_cursor", 0) > number
        ]
        return {"messages": changed, "cursor": self.world.rooms[room]["cursor"], "resync": False}

    async def ping(self) -> dict:
        return {"server_time": stamp(datetime.now(UTC))}

    async def room_open(
        self, room: str, before: str | None = None, after: str | None = None, around: str | None = None, limit: int = 50
    ) -> dict:
        found = self.room(room)
        messages = self.world.messages[room]
        end = len(messages)
        start = max(0, end - limit)
        if before:
            end = int(before)
            start = max(0, end - limit)
        elif after:
            start = int(after)
            end = min(len(messages), start + limit)
        elif around:
            at = next(n for n, message in enumerate(messages) if message["id"] == around)
            start, end = max(0, at - limit // 2), min(len(messages), at + limit // 2)
        return {
            "room": room, "people": list(self.world.people.values()), "messages": [public(message) for message in messages[start:end]], "cursor": found["cursor"],
            "more_before": start > 0, "more_after": end < len(messages), "before": str(start) if start else None,
            "after": str(end) if end < len(messages) else None, "first_unread": found.get("_first_unread"),
        }  # fmt: skip

    async def room_changes(self, room: str, after: str) -> dict:
        self.room(room)
        return self.changes(room, after)

    async def message_post(
        self,
        room: str,
        client_id: str,
        body: str,
        marking: str | None = None,
        thread: str | None = None,
        reply_to: str | None = None,
        also_to_room: bool = False,
    ) -> dict:
        found = self.room(room)
        known = next((post for post in self.site.posts if post["client_id"] == client_id), None)
        if known:
            return known["_ack"]
        message = self.world.message(
            room,
            "maya",
            body,
            marking=marking or found["marking"],
            client_id=client_id,
            in_thread=thread,
            also_to_room=also_to_room,
        )
        if reply_to:
            thread = self.new_thread(room, reply_to)
            message["in_thread"] = thread
        if thread:
            self.world.threads[thread]["messages"].append(message)
            info = self.world.threads[thread]["info"]
            info["replies"] += 1
            info["root"]["thread"]["replies"] += 1
        if not thread or also_to_room:
            self.world.messages[room].append(message)
        cursor = await self.site.event(room, "message.posted", message)
        if thread:
            await self.site.event(room, "message.changed", self.world.threads[thread]["info"]["root"])
        ack = {
            "room": room,
            "message": message["id"],
            "cursor": cursor,
            "at": message["at"],
            "marking": message["marking"],
            "thread": thread,
        }
        self.site.posts.append({**message, "_ack": ack})
        return ack

    def new_thread(self, room: str, root_id: str) -> str:
        root = self.world.find(root_id)
        key = self.world.uuid()
        root["thread"] = {
            "id": key,
            "title": None,
            "replies": 0,
            "last_at": root["at"],
            "participants": [self.world.id("maya")],
        }
        self.world.threads[key] = {
            "info": {
                "id": key,
                "room": room,
                "title": None,
                "root": root,
                "replies": 0,
                "last_at": root["at"],
                "unread": 0,
                "following": True,
            },
            "messages": [],
        }
        return key

    async def message_edit(self, message: str, body: str, marking: str | None = None) -> dict:
        found = self.world.find(message)
        found |= {
            "parts": [{"marking": marking or found["marking"], "md": body}],
            "edited_at": stamp(datetime.now(UTC)),
            "revision": found["revision"] + 1,
        }
        await self.site.event(found["room"], "message.changed", found)
        return {}

    async def message_delete(self, message: str) -> dict:
        found = self.world.find(message)
        found |= {"parts": [], "deleted": {"by": "author", "at": stamp(datetime.now(UTC))}}
        await self.site.event(found["room"], "message.changed", found)
        return {}

    async def message_history(self, message: str) -> dict:
        return {
            "revisions": [
                {
                    "revision": 0,
                    "at": self.world.find(message)["at"],
                    "marking": "SECRET//NOFORN",
                    "parts": [{"marking": "SECRET//NOFORN", "md": "Raw frames for pass 213."}],
                }
            ]
        }

    async def reaction_add(self, message: str, emoji: str) -> dict:
        found = self.world.find(message)
        known = next((reaction for reaction in found["reactions"] if reaction["emoji"] == emoji), None)
        if known is None:
            known = {"emoji": emoji, "count": 0, "people": []}
            found["reactions"] = [*found["reactions"], known]
        known |= {"count": known["count"] + 1, "people": [*known["people"], self.world.id("maya")]}
        await self.site.event(found["room"], "message.changed", found)
        return {}

    async def reaction_remove(self, message: str, emoji: str) -> dict:
        found = self.world.find(message)
        found["reactions"] = [
            {
                **reaction,
                "count": reaction["count"] - 1,
                "people": [one for one in reaction["people"] if one != self.world.id("maya")],
            }
            if reaction["emoji"] == emoji
            else reaction
            for reaction in found["reactions"]
        ]
        found["reactions"] = [reaction for reaction in found["reactions"] if reaction["count"]]
        await self.site.event(found["room"], "message.changed", found)
        return {}

    async def read_set(self, room: str, message: str, thread: str | None = None) -> dict:
        if thread:
            self.world.threads[thread]["info"]["unread"] = 0
            return {"message": message, "unread": 0, "mentions": 0}
        found = self.room(room)
        order = [known["id"] for known in self.world.messages[room]]
        left = len(order) - order.index(message) - 1
        found |= {
            "unread": min(left, found["unread"]),
            "mentions": 0 if not left else found["mentions"],
            "last_read": message,
        }
        return {"message": message, "unread": found["unread"], "mentions": found["mentions"]}

    async def read_unread_from(self, room: str, message: str) -> dict:
        order = [known["id"] for known in self.world.messages[room]]
        self.room(room)["unread"] = len(order) - order.index(message)
        return {"message": None, "unread": self.room(room)["unread"], "mentions": 0}

    async def presence_set(self, state: str) -> dict:
        return {}

    async def thread_open(self, thread: str, before: str | None = None, limit: int = 50) -> dict:
        found = self.world.threads[thread]
        return {
            "thread": public(found["info"]),
            "people": list(self.world.people.values()),
            "messages": [public(message) for message in found["messages"]],
            "more_before": False,
            "before": None,
        }

    async def threads_list(self, room: str | None = None, before: str | None = None) -> dict:
        return {
            "threads": [
                public(thread["info"])
                for thread in self.world.threads.values()
                if room in (None, thread["info"]["room"])
            ],
            "people": list(self.world.people.values()),
            "before": None,
        }

    async def rooms_browse(self, text: str = "") -> dict:
        cards = [
            {"id": self.world.uuid(900), "kind": "public", "name": "mess-hall", "topic": "Menus", "marking": "UNCLASSIFIED", "member_count": 212, "governed": False, "requirement": None, "can_join": True, "why_not": ""},
            {"id": self.world.uuid(901), "kind": "public", "name": "orbit-analysis", "topic": "", "marking": "SECRET//NOFORN", "member_count": 7, "governed": True, "requirement": {"text": "program = ORBIT", "words": ["program = ORBIT"]}, "can_join": False, "why_not": "You are not assigned to ORBIT."},
        ]  # fmt: skip
        return {"rooms": [card for card in cards if text.lower() in card["name"]]}

    async def room_create(
        self, kind: str, name: str, topic: str = "", marking: str | None = None, members: list | None = None
    ) -> dict:
        self.world._room(name, kind, marking or "UNCLASSIFIED", topic, governed=False, member_count=1, role="owner")
        return {"room": public(self.world.rooms[self.world.id(name)]), "refused": []}

    async def direct_open(self, people: list[str]) -> dict:
        found = next(
            (room for room in self.world.rooms.values() if room["kind"] == "direct" and people[0] in room["people"]),
            None,
        )
        return {"room": public(found) if found else None}

    async def room_update(self, room: str, name: str | None = None, topic: str | None = None) -> dict:
        found = self.room(room)
        found |= {"name": name or found["name"], "topic": found["topic"] if topic is None else topic}
        await self.site.everywhere({"t": "room.changed", "room": public(found)})
        return {"room": public(found)}

    async def room_mute(self, room: str, muted: bool) -> dict:
        return {}

    async def room_favourite(self, room: str, favourite: bool) -> dict:
        return {}

    async def room_leave(self, room: str) -> dict:
        return {}

    async def room_join(self, room: str) -> dict:
        raise Refused("denied", "You are not assigned to ORBIT.", decision="00000000-0000-7000-8000-000011c940ee")

    async def members_list(self, room: str) -> dict:
        people = [person for name, person in self.world.people.items() if name != "jonas"]
        return {
            "members": [
                {
                    "person": person,
                    "role": "owner" if person["username"] == "amara" else "member",
                    "state": "suspended" if person["username"] in self.site.suspended else "active",
                    "sources": ["added"],
                    "since": stamp(self.world.now),
                }
                for person in people
            ]
        }

    async def member_add(self, room: str, user: str) -> dict:
        raise Refused(
            "denied",
            "Jonas Lind may not read this room.",
            decision="00000000-0000-7000-8000-0000d7f391c2",
            remedy="Ask the owner of the programme.",
        )

    async def people_find(self, text: str, room: str | None = None) -> dict:
        low = text.lower()
        found = [
            person
            for person in self.world.people.values()
            if any(word.startswith(low) for word in [person["username"], *person["name"].lower().split()])
        ]
        return {
            "people": [{**person, "can_read": (person["username"] != "jonas") if room else None} for person in found]
        }

    async def access_explain(self, room: str) -> dict:
        conditions = [
            {"text": "clearance >= SECRET", "words": "Clearance is SECRET or higher", "verdict": "true", "yours": "TOP SECRET", "source": "security directory", "age_seconds": None, "changes": [], "doubts": [], "from": "room"},
            {"text": "program = APOLLO", "words": "Assigned to program APOLLO", "verdict": "true", "yours": "APOLLO and HERMES", "source": "HR directory", "age_seconds": 86400, "changes": [], "doubts": [], "from": "room"},
            {"text": "device.compliant", "words": "Device meets the baseline", "verdict": "true", "yours": "NG-LT-2231", "source": "device management", "age_seconds": 180, "changes": [], "doubts": [], "from": "workspace"},
            {"text": "network = enclave", "words": "Connected from inside the enclave", "verdict": "true", "yours": "gateway NG-2", "source": "network", "age_seconds": None, "changes": [], "doubts": [], "from": "workspace"},
        ]  # fmt: skip
        can = [
            {"action": "room:message:read", "words": "Read messages up to SECRET//NOFORN", "effect": "yes", "why": ""},
            {"action": "room:message:post", "words": "Post up to SECRET//NOFORN", "effect": "yes", "why": ""},
            {"action": "room:requirement:set", "words": "Change the room policy", "effect": "step_up", "why": ""},
            {"action": "room:export", "words": "Export messages", "effect": "no", "why": "records officers only"},
        ]  # fmt: skip
        ends = [
            {"words": "Your clearance record runs out", "at": stamp(self.world.now + timedelta(days=4))},
            {"words": "Your session runs out", "at": stamp(datetime.now(UTC))},
        ]
        return {
            "verdict": "permit",
            "checked_at": stamp(datetime.now(UTC)),
            "valid_until": stamp(datetime.now(UTC) + timedelta(seconds=60)),
            "reason": "",
            "conditions": conditions,
            "role": "member",
            "can": can,
            "rule_text": "clearance ≥ SECRET\n∧ program = APOLLO",
            "ends": ends,
        }

    async def audience(self, room: str, marking: str) -> dict:
        members = self.world.rooms[room]["member_count"]
        return {"can_read": members, "members": members}


SITE = Site()


class Doings:
    """What a test can make happen; each is one verb of `POST /test/do`."""

    async def told(self) -> list[tuple[str, dict]]:
        """One frame of each shape that went out, with the request that it answers."""
        return list(SITE.told.values())

    async def reset(self) -> None:
        for socket in list(SITE.sockets):
            await socket.send({"type": "websocket.close", "code": 1001})
        SITE.__init__()

    async def post(self, room: str, author: str, md: str, **more: object) -> str:
        message = SITE.world.message(SITE.world.id(room), author, md, **more)
        SITE.world.messages[message["room"]].append(message)
        await SITE.event(message["room"], "message.posted", message)
        return message["id"]

    async def slip(self, room: str, author: str, md: str) -> None:
        """A message that is committed and whose event gets lost."""
        key = SITE.world.id(room)
        message = SITE.world.message(key, author, md)
        SITE.world.messages[key].append(message)
        SITE.step(key)
        message["_cursor"] = SITE.world.cursors[key]

    async def frame(self, **frame: object) -> None:
        await SITE.everywhere(frame)

    async def leave(self, room: str) -> None:
        key = SITE.world.id(room)
        del SITE.world.rooms[key]
        await SITE.everywhere(
            {
                "t": "room.left",
                "room": key,
                "reason": {
                    "code": "policy",
                    "words": "Your assignment to program TITAN ended in the HR directory. The room’s policy requires it.",
                },
                "decision": "00000000-0000-7000-8000-0000d7f391c2",
            }
        )

    async def end(self, room: str) -> None:
        """Access to a room has ended, told with the room itself as a resumed socket is told it."""
        found = SITE.world.rooms[SITE.world.id(room)]
        reason = {"code": "denied", "words": "Not any more."}
        found["access"] = {"state": "ended", "valid_until": None, "reason": reason, "decision": SESSION}
        await SITE.everywhere({"t": "room.changed", "room": public(found)})

    async def cover(self, room: str, state: str = "unavailable") -> None:
        key = SITE.world.id(room)
        SITE.world.rooms[key]["access"]["state"] = state
        await SITE.everywhere(
            {"t": "room.covered", "room": key, "state": state, "reason": {"code": state, "words": ""}}
        )

    async def uncover(self, room: str) -> None:
        key = SITE.world.id(room)
        SITE.world.rooms[key]["access"]["state"] = "permitted"
        await SITE.everywhere({"t": "room.uncovered", "room": key})

    async def drop(self, code: int = 1006) -> None:
        for socket in list(SITE.sockets):
            await socket.send({"type": "websocket.close", "code": 1001 if code == 1006 else code})

    async def accept(self, *, on: bool) -> None:
        SITE.accepts = on

    async def refuse(self, **refusal: object) -> None:
        SITE.refusals.append(refusal)

    async def silence(self, *, on: bool) -> None:
        SITE.silent = on

    async def frame_bytes(self, *, advertised: int = 64 * 1024, taken: int = 64 * 1024) -> None:
        SITE.advertised, SITE.taken = advertised, taken

    async def unread(self, room: str, unread: int, mentions: int, *, behind: int = 0) -> None:
        """So many are unread; where `behind` is given, the first of them is so far from the end."""
        key = SITE.world.id(room)
        SITE.world.rooms[key] |= {"unread": unread, "mentions": mentions}
        if behind:
            SITE.world.rooms[key]["_first_unread"] = SITE.world.messages[key][-behind]["id"]

    async def suspend(self, person: str) -> None:
        SITE.suspended.append(person)

    async def power(self, room: str, action: str) -> None:
        SITE.world.rooms[SITE.world.id(room)]["powers"].append(action)

    async def may_post(self, room: str, markings: list[str]) -> None:
        """From now on the person may post at these markings there, and at no other; open clients are told."""
        found = SITE.world.rooms[SITE.world.id(room)]
        others = [power for power in found["powers"] if power != "room:message:post"]
        found |= {"post_markings": markings, "powers": [*others, *(["room:message:post"] if markings else [])]}
        offered = {"powers": found["powers"], "post_markings": markings}
        await SITE.everywhere({"t": "permissions", "powers": [], "rooms": {found["id"]: offered}})

    async def lease(self, seconds: int) -> None:
        SITE.lease = seconds

    async def restore(self, room: str) -> None:
        """Access to a room that was left returns."""
        world = World()
        found = world.rooms[world.id(room)]
        SITE.world.rooms[found["id"]] = found
        await SITE.everywhere({"t": "room.joined", "room": public(found)})

    async def delay(self, seconds: float) -> None:
        SITE.delay = seconds

    async def room_of(self, name: str) -> str:
        return SITE.world.id(name)

    async def person_of(self, name: str) -> dict:
        return SITE.world.people[name]

    async def posts(self) -> list[dict]:
        return [
            {"body": post["parts"][0]["md"], "marking": post["marking"], "room": post["room"]} for post in SITE.posts
        ]

    async def frames(self, t: str) -> list[dict]:
        return [frame for frame in SITE.frames if frame.get("t", t) == t]

    async def thread(self, room: str, title: str | None, root: dict | None = None, replies: int = 2) -> str:
        """A thread in a room, as it is told: on a message that was written with these fields, or on none."""
        key, place = SITE.world.uuid(), SITE.world.id(room)
        said = SITE.world.message(place, "tomas", "", parts=[]) | root if root else None
        answers = [SITE.world.message(place, "ines", f"Answer {number}", in_thread=key) for number in range(replies)]
        info = {
            "id": key, "room": place, "title": title, "root": said, "replies": replies,
            "last_at": answers[-1]["at"] if answers else None, "unread": 0, "following": True,
        }  # fmt: skip
        SITE.world.threads[key] = {"info": info, "messages": answers}
        return key

    async def thread_of(self) -> str:
        return next(iter(SITE.world.threads))


async def body_of(receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def page(path: str, query: dict[str, list[str]]) -> tuple[int, str] | None:
    if path == "/":
        return 200, render_to_string(
            "chat/shell.html",
            {
                "workspace": {"name": "Northgate JTF"},
                "csrf_token": "tested",
                "import_map": import_map(),
                "urls": URLS,
                "LANGUAGE_CODE": "en",
            },
        )
    return _sign_in_page(path, query)


class Pages:
    """Stands for Django's request in the templates of signing in."""

    def __init__(self, query: dict[str, list[str]]) -> None:
        self.GET = {name: values[0] for name, values in query.items()}
        self.get_host = "northgate.example.mil"


def _sign_in_page(path: str, query: dict[str, list[str]]) -> tuple[int, str] | None:
    form = {"username": {"value": ""}, "non_field_errors": []}
    context = {"request": Pages(query), "csrf_token": "tested", "form": form, "next": "/", "LANGUAGE_CODE": "en"}
    names = {"/login/": "login", "/login/locked": "login", "/login/wrong": "login", "/login/link": "link"}
    names |= {
        "/login/spent": "link_expired",
        "/signed-out/": "signed_out",
        "/forged/": "forged",
        "/nowhere/": "no_workspace",
    }
    if path not in names:
        return None
    if path == "/login/locked":
        context["locked_until"] = datetime.now(UTC) + timedelta(minutes=13, seconds=42)
    if path in ("/login/locked", "/login/wrong"):
        form |= {"username": {"value": "m.sorensen"}, "non_field_errors": ["User name or password is wrong."]}
    return 200, render_to_string(f"accounts/{names[path]}.html", context)


async def http(scope, receive, send) -> None:
    path, method = scope["path"], scope["method"]
    status, kind, payload = 404, "text/plain", b"not found"
    shown = page(path, parse_qs(scope["query_string"].decode())) if method == "GET" else None
    if shown:
        status, kind, payload = shown[0], "text/html; charset=utf-8", shown[1].encode()
    elif path.startswith("/static/"):
        file = (ROOT / path.lstrip("/")).resolve()
        if file.is_file() and ROOT / "static" in file.parents:
            status, kind, payload = 200, TYPES.get(file.suffix, "text/plain"), file.read_bytes()
    elif path == "/test/do":
        asked = json.loads(await body_of(receive))
        result = await getattr(Doings(), asked.pop("do"))(**asked)
        status, kind, payload = 200, "application/json", json.dumps(result).encode()
    elif path == "/api/v1/step-up/":
        status, kind, payload = await step_up(json.loads(await body_of(receive)))
    elif path == "/api/v1/password/":
        status, kind, payload = set_password(json.loads(await body_of(receive)))
    elif path.startswith("/api/v1/"):
        sessions = [
            {"id": SESSION, "current": True, "device": "Chromium on Linux", "address": "10.2.0.14", "methods": ["password"], "created_at": stamp(SITE.world.now - timedelta(hours=1)), "last_used_at": stamp(SITE.world.now)},
            {"id": "00000000-0000-7000-8000-00000000051d", "current": False, "device": "Firefox on Windows", "address": "10.2.0.77", "methods": ["link"], "created_at": stamp(SITE.world.now - timedelta(days=1)), "last_used_at": stamp(SITE.world.now - timedelta(hours=9))},
        ]  # fmt: skip
        status, kind, payload = (
            200,
            "application/json",
            json.dumps(sessions if path.endswith("sessions/") else {}).encode(),
        )
    elif method == "POST":
        await body_of(receive)
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", b"/signed-out/")]})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = [
        (b"content-type", kind.encode()),
        (b"cache-control", b"public, max-age=31536000, immutable" if path.startswith("/static/") else b"no-store"),
        (b"content-security-policy", policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def problem(code: str, detail: str, status: int = 403) -> tuple[int, str, bytes]:
    said = {"title": "Refused", "status": status, "detail": detail, "code": code}
    return status, "application/problem+json", json.dumps(said).encode()


def set_password(asked: dict) -> tuple[int, str, bytes]:
    if asked["password"] == "too late, too late":
        return problem("step_up_required", "Confirm that it is you.")
    if len(asked["password"]) < 12:
        return problem("invalid", "This password is too short.", 400)
    return 204, "text/plain", b""


async def step_up(asked: dict) -> tuple[int, str, bytes]:
    if asked["password"] != "correct horse":
        return problem("invalid", "That password is not right.")
    until = stamp(datetime.now(UTC) + timedelta(minutes=15))
    for room in SITE.world.rooms.values():
        if room["access"]["state"] == "step_up":
            room["access"]["state"] = "permitted"
            await SITE.everywhere({"t": "room.uncovered", "room": room["id"]})
    return 200, "application/json", json.dumps({"step_up_until": until}).encode()


async def websocket(_scope, receive, send) -> None:
    await receive()
    if not SITE.accepts:
        await send({"type": "websocket.close", "code": 1013})
        return
    await send({"type": "websocket.accept", "subprotocol": "cordon.chat.v1"})
    socket = Socket(SITE, send)
    SITE.sockets.add(socket)
    tasks = set()
    try:
        while (message := await receive())["type"] == "websocket.receive":
            task = asyncio.create_task(socket.receive(message["text"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        SITE.sockets.discard(socket)


async def app(scope, receive, send) -> None:
    if scope["type"] == "http":
        await http(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", log_level="warning", ws="websockets-sansio"
    )
