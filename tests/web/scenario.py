# ruff: noqa: E501, PLR0913, PLR0917 - what was said stands on one line each
"""The world that the client's own tests look at: one workspace, its rooms and what was said in them. All of it is notional."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

MARKINGS = [
    {"name": "UNCLASSIFIED", "short": "U", "bar": "u"},
    {"name": "CUI", "short": "CUI", "bar": "cui"},
    {"name": "CONFIDENTIAL", "short": "C", "bar": "c"},
    {"name": "SECRET//NOFORN", "short": "S//NF", "bar": "s"},
    {"name": "TOP SECRET", "short": "TS", "bar": "ts"},
]
S, U, TS, CUI, C = "SECRET//NOFORN", "UNCLASSIFIED", "TOP SECRET", "CUI", "CONFIDENTIAL"
POWERS = ["room:message:post", "room:member:leave", "room:member:add", "room:room:update", "room:mention:room"]
_PEOPLE = [
    ("maya", "Maya Sorensen", "Operations", "MS", 5, "active", False),
    ("priya", "Priya Raman", "Ground segment", "PR", 0, "active", False),
    ("daniel", "Daniel Okafor", "Flight dynamics", "DO", 2, "active", False),
    ("ines", "Ines Laurent", "Telemetry", "IL", 4, "away", False),
    ("tomas", "Tomás Herrera", "Range", "TH", 6, "offline", False),
    ("lukas", "Lukas Brandt", "Payload", "LB", 1, "active", False),
    ("amara", "Amara Diallo", "Mission lead", "AD", 3, "active", False),
    ("oksana", "Oksana Kovalenko", "Thermal", "OK", 1, "away", False),
    ("jonas", "Jonas Lind", "Contractor", "JL", 7, "offline", False),
    ("relay", "SOAR relay", "Security Operations", "SR", 7, "active", True),
]
_ROOMS = [
    (
        "apollo-telemetry",
        "private",
        S,
        "Downlink passes, wheel currents, thermal. Pass list at 06:00.",
        True,
        {"favourite": True},
    ),
    ("range-safety", "private", S, "", True, {"favourite": True, "unread": 4}),
    ("announcements", "public", U, "Read by everybody.", False, {}),
    ("facilities-desk", "public", CUI, "", False, {}),
    ("ground-segment", "private", S, "", True, {"unread": 12}),
    ("launch-weather", "public", U, "", False, {"muted": True}),
    ("titan-payload", "private", TS, "", True, {}),
    ("apollo-imaging", "private", S, "", True, {}),
    ("deep-archive", "public", U, "Thirty thousand messages.", False, {}),
    ("Flight dynamics", "group", S, "", False, {}),
    ("Shift handover", "group", C, "", False, {}),
]
DEEP = 30_000
_DEEP: list[dict] = []
_REQUIREMENT = {"text": "clearance >= SECRET AND program = APOLLO", "words": ["clearance ≥ SECRET", "program = APOLLO"]}


def up_to(marking: str) -> list[str]:
    names = [one["name"] for one in MARKINGS]
    return names[: names.index(marking) + 1]


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class World:
    """Everything the server knows. Made anew for each test."""

    def __init__(self) -> None:
        self._serial = count(1)
        self.now = datetime.now(UTC)
        self.people = {name: self._person(name, *rest) for name, *rest in _PEOPLE}
        self.rooms: dict[str, dict] = {}
        self.messages: dict[str, list[dict]] = {}
        self.threads: dict[str, dict] = {}
        self.cursors: dict[str, int] = {}
        for name, kind, marking, topic, governed, more in _ROOMS:
            self._room(name, kind, marking, topic, governed=governed, **more)
        for name in ("priya", "daniel", "ines", "tomas"):
            self._room(
                name,
                "direct",
                S,
                "",
                governed=False,
                people=[self.id("maya"), self.id(name)],
                unread=int(name == "priya"),
            )
        self.rooms[self.id("titan-payload")]["access"]["state"] = "step_up"
        self._write()
        self.stepped_up = False

    def uuid(self, number: int | None = None) -> str:
        return str(UUID(int=(7 << 76) | (2 << 62) | (number or next(self._serial)), version=None))

    def id(self, name: str) -> str:
        if name in self.people:
            return self.people[name]["id"]
        return next(room["id"] for room in self.rooms.values() if room["name"] == name or room.get("_key") == name)

    def _person(self, username: str, name: str, title: str, initials: str, hue: int, presence: str, bot: bool) -> dict:
        return {
            "id": self.uuid(), "username": username, "name": name, "title": title, "initials": initials, "hue": hue,
            "bot": bot, "presence": presence, "active": True,
        }  # fmt: skip

    def _room(self, name: str, kind: str, marking: str, topic: str, *, governed: bool, **more: object) -> None:
        key = self.uuid()
        self.rooms[key] = {
            "id": key, "kind": kind, "name": "" if kind == "direct" else name, "topic": topic, "state": "active",
            "marking": marking, "governed": governed, "requirement": deepcopy(_REQUIREMENT) if governed else None,
            "access": {"state": "permitted", "valid_until": stamp(self.now + timedelta(seconds=60))}, "role": "member",
            "people": [], "member_count": 2 if kind == "direct" else 9, "unread": 0, "mentions": 0, "muted": False,
            "favourite": False, "cursor": f"{name}-0", "last_read": None, "last_at": stamp(self.now), "powers": list(POWERS),
            "post_markings": up_to(marking),
            "_key": f"dm-{name}" if kind == "direct" else name, **more,
        }  # fmt: skip
        self.messages[key] = []
        self.cursors[key] = 0

    def message(self, room: str, author: str, md: str, *, at: datetime | None = None, **more: object) -> dict:
        marking = str(more.pop("marking", self.rooms[room]["marking"]))
        return {
            "id": self.uuid(), "room": room, "client_id": self.uuid(), "author": self.id(author), "at": stamp(at or datetime.now(UTC)),
            "edited_at": None, "revision": 0, "deleted": None, "marking": marking, "view": "full",
            "parts": [{"marking": marking, "md": md}], "mentions": [{"kind": "user", "id": self.id("maya")}] if "@maya" in md else [], "reactions": [],
            "thread": None, "in_thread": None, "also_to_room": False, **more,
        }  # fmt: skip

    def _say(self, room: str, author: str, md: str, minutes: float, **more: object) -> dict:
        message = self.message(room, author, md, at=self.now - timedelta(minutes=minutes), **more)
        self.messages[room].append(message)
        return message

    def _write(self) -> None:
        room = self.id("apollo-telemetry")
        day = 24 * 60
        first = self._say(
            room,
            "priya",
            "Range handover complete. Downlink B is nominal, margin 3.1 dB. Night shift has the pass list.",
            day + 40,
        )
        first["reactions"] = [
            {"emoji": "👍", "count": 4, "people": [self.id("maya"), self.id("daniel")]},
            {"emoji": "✅", "count": 2, "people": [self.id("amara")]},
        ]
        self._say(
            room,
            "daniel",
            "Pass 214 shows a step in the wheel-3 current at AOS + 42 s. Same signature as last Thursday.",
            60,
        )
        root = self._say(
            room,
            "daniel",
            'Decoded frame below. The limit flag trips before the CRC fails, so I don’t think it’s a link error.\n\n```json\n{\n  "frame": "0x2C",\n  "rw3_current_a": 1.84,\n  "limit_flag": true\n}\n```',
            59,
        )
        self._say(
            room,
            "tomas",
            "Trend of the last six passes:\n\n| pass | A |\n|-----:|---:|\n| 213 | 1.21 |\n| 214 | 1.84 |\n\n- flags **stay** on\n- see https://example.org/rw3",
            52,
        )
        self._say(
            room,
            "ines",
            "Raw frames for pass 213, in case you want to compare.",
            50,
            edited_at=stamp(self.now),
            revision=1,
        )
        self._say(room, "ines", "", 49, parts=[], deleted={"by": "author", "at": stamp(self.now)})
        unread = self._say(room, "lukas", "", 43, view="withheld", parts=[])
        self._say(
            room,
            "amara",
            "@maya can you confirm safe-mode margins before the 10:40 pass? If wheel 3 stays above 1.2 A we desaturate early.",
            39,
        )
        self._say(room, "relay", "Opened an incident room. Seven people meet its policy and were added.", 37)
        self._say(
            room,
            "maya",
            "On it. Margins by 09:50; Priya has the thermal model open already.",
            33,
            client_id=self.uuid(),
        )
        self._say(
            room,
            "priya",
            "",
            20,
            view="redacted",
            parts=[{"marking": U, "md": "Ground side saw no AGC dip."}, {"marking": S, "withheld": True}],
        )
        self.rooms[room] |= {
            "unread": 4,
            "mentions": 1,
            "last_read": self.messages[room][5]["id"],
            "member_count": 14,
            "_first_unread": unread["id"],
        }
        self._thread(room, root)
        self._say(self.id("announcements"), "amara", "Welcome to the notional exercise.", 3 * day)
        for name in ("range-safety", "ground-segment"):
            for number in range(6):
                self._say(self.id(name), "ines", f"Line {number} of {name}.", 30 - number)
        self._say(self.id("titan-payload"), "lukas", "Payload key ceremony at noon.", 20)
        self._say(self.id("dm-priya"), "priya", "Could you look at the margins with me?", 10)
        self._dig()

    def _dig(self) -> None:
        """A room of thirty thousand messages, written once and shared by every world."""
        deep = self.id("deep-archive")
        if not _DEEP:
            longer = " with a longer text that goes over more than one line on a narrow screen"
            for number in range(DEEP):
                text = f"Archived line {number}{longer if number % 5 == 0 else ''}"
                _DEEP.append(self._say(deep, "ines" if number % 7 else "tomas", text, (DEEP - number) * 3))
        self.messages[deep] = list(_DEEP)
        self._serial = count(next(self._serial) + DEEP)
        self.rooms[deep]["last_read"] = _DEEP[-1]["id"]

    def _thread(self, room: str, root: dict) -> None:
        key = self.uuid()
        replies = [
            self.message(room, author, md, at=self.now - timedelta(minutes=minutes), in_thread=key, **more)
            for author, md, minutes, more in (
                ("tomas", "Could the limit be stale? It was 1.20 before the October upload.", 55, {}),
                ("maya", "Checked: table 7 rev C says `1.20`, and it’s what the bus loaded.", 48, {}),
                ("priya", "Ground side saw no AGC dip at that time.", 31, {"marking": U}),
                ("tomas", "Then it’s real. Proposing early desaturation on 215.", 27, {}),
            )
        ]
        root["thread"] = {
            "id": key, "title": None, "replies": 4, "last_at": replies[-1]["at"],
            "participants": [self.id("tomas"), self.id("maya"), self.id("priya")],
        }  # fmt: skip
        self.threads[key] = {
            "info": {
                "id": key,
                "room": room,
                "title": None,
                "root": root,
                "replies": 4,
                "last_at": replies[-1]["at"],
                "unread": 2,
                "following": True,
            },
            "messages": replies,
        }

    def find(self, message: str) -> dict | None:
        everything = [*self.messages.values(), *(thread["messages"] for thread in self.threads.values())]
        return next((found for messages in everything for found in messages if found["id"] == message), None)
