"""A word of its own goes into everything that R21 calls sealed; afterwards none lies anywhere in the clear."""

import asyncio
import base64
import json
import secrets
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from psycopg.types.json import Jsonb

from accounts.actions import issue_login_link, set_password
from accounts.models import Group
from audit.events import Event
from audit.models import AuditEvent
from policy.language.documents import FORMAT
from policy.models import PolicySet
from rooms import receivers
from rooms.actions.rooms import set_requirement
from tenancy.actor import new_id
from tests import boot, leaks
from tests.integrations import archive
from tests.integrations.runs import everything, import_archive
from tests.policy.sets import ANY_CASE, officer
from tests.sockets import Chat, chat, serving
from tests.world import World

pytestmark = pytest.mark.slow

SETS, GROUPS = "/console/policy/policyset/", "/console/accounts/group/"


class Words(dict[str, str]):
    """A word for each field, made when it is put there. All begin alike, and no two are the same."""

    def __init__(self) -> None:
        super().__init__()
        self.start = f"canary{secrets.token_hex(6)}"

    def __call__(self, field: str) -> str:
        return self.setdefault(field, f"{self.start}{secrets.token_hex(4)}{len(self):02d}")


class Browser:
    """Forms and JSON over HTTP, as one browser sends them."""

    def __init__(self, port: int, agent: str) -> None:
        self._port, self._agent, self._host = port, agent, f"olympus.localhost:{port}"
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, *, data: object = None, **form: str) -> tuple[int, str]:
        kind = "application/json" if data is not None else "application/x-www-form-urlencoded"
        headers = {
            "Host": self._host,
            "Origin": f"http://{self._host}",
            "User-Agent": self._agent,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("cordon_csrf", ""),
            "Content-Type": kind,
        }
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
            connection.request(method, path, json.dumps(data) if data is not None else urlencode(form), headers)
            answer = connection.getresponse()
            for value in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: one.value for name, one in SimpleCookie(value).items()}
            return answer.status, answer.read().decode()

    def does(self, method: str, path: str, *, data: object = None, **form: str) -> str:
        """What must succeed; gives the page."""
        status, page = self.ask(method, path, data=data, **form)
        assert status < 400, (path, status, page[:2000])
        return page


def in_the_browser(world: World, port: int, words: Words) -> None:
    """Sign in, speak of oneself, and run the workspace; each page proves that the word arrived."""
    officer(world, "ada")
    set_password(world.system, user_id=world.people["ada"].id, password=words("password"))
    ada = Browser(port, words("user agent"))
    ada.does("GET", "/login/")
    assert ada.ask("POST", "/login/", username=words("typed name"), password=words("wrong password"))[0] == 403
    ada.does("POST", "/login/", username="ada", password=words("password"))
    told = {"name": words("name"), "title": words("title"), "settings": {"theme": "dark"}}
    ada.does("PATCH", "/api/v1/profile/", data=told)
    assert json.loads(ada.does("GET", "/api/v1/profile/")) == told
    ada.does("POST", "/api/v1/password/", data={"password": words("new password")})
    world._signed_in["ada"] = world.sign_in("ada")

    ada.does("POST", f"{GROUPS}add/", name=words("group name"), kind="public")
    with world.inside():
        group = Group.objects.get().id
        failed = AuditEvent.objects.get(kind=Event.LOGIN_FAILED).id
    assert words("group name") in ada.does("GET", f"{GROUPS}{group}/change/")
    ada.does("POST", f"{GROUPS}{group}/change/", name=words("new group name"), kind="public")
    grace = f"/console/accounts/user/{world.people['grace'].id}"
    ada.does("POST", f"{grace}/do/set_facts/", department_do="set", department_value=words("fact"))
    assert words("fact") in ada.does("GET", f"{grace}/change/").lower()
    assert words("typed name") in ada.does("POST", f"/console/audit/{failed}/reveal/", reason=words("reason to look"))


def of_a_policy_set(world: World, port: int, words: Words) -> None:
    """A set comes back to its author with somebody's reason; and a link lets its owner in."""
    officer(world, "eve")
    token = issue_login_link(world.system, user_id=world.people["eve"].id).token
    words["sign-in link"] = token
    eve = Browser(port, words("other user agent"))
    eve.does("GET", f"/login/{token}")
    eve.does("POST", f"/login/{token}")
    document = json.dumps({"format": FORMAT, "requirements": {}, "rules": []})
    eve.does("POST", f"{SETS}add/", document=document, test_cases=json.dumps([ANY_CASE]))
    with world.inside():
        drafted = PolicySet.objects.get(state="draft").id
    eve.does("POST", f"{SETS}{drafted}/do/submit_policy_set/")
    eve.does("POST", f"{SETS}{drafted}/do/return_policy_set/", reason=words("reason to return"))
    words["session"], words["device"] = eve.cookies[settings.SESSION_COOKIE_NAME], eve.cookies["cordon_device"]


async def on_the_socket(world: World, port: int, words: Words) -> None:
    async with chat(port, world, "ada") as ada, chat(port, world, "grace") as grace, chat(port, world, "eve") as eve:
        made = await ada.result("room.create", kind="public", name=words("room name"), topic=words("topic"))
        room = made["room"]["id"]
        assert (await grace.ask("room.create", kind="public", name=words("room name")))["t"] == "error"
        await ada.result("room.update", room=room, name=words("new room name"), topic=words("new topic"))
        await grace.result("room.join", room=room)
        await say(grace, room, words)
        direct = (await grace.result("direct.open", people=[world.people["eve"].id]))["room"]["id"]
        await grace.post(direct, words("direct message"))
        group = (await grace.result("direct.open", people=[world.people[one].id for one in ("eve", "ada")]))["room"]
        await grace.post(group["id"], words("group message"))
        opened = await eve.result("room.open", room=group["id"])
        assert words("group message") in str(opened)
        await look_around(world, eve, room, words)
        assert words("edited message") in "".join(ada.heard)


async def say(grace: Chat, room: str, words: Words) -> None:
    message = (await grace.post(room, words("message")))["message"]
    await grace.result("message.edit", message=message, body=words("edited message"))
    await grace.result("reaction.add", message=message, emoji="🚀")
    await grace.post(room, words("reply"), reply_to=message)
    taken_back = (await grace.post(room, words("deleted message")))["message"]
    await grace.result("message.delete", message=taken_back)
    history = await grace.result("message.history", message=message)
    page = await grace.result("room.open", room=room)
    said = str(history) + str(page)
    assert words("message") in said
    assert words("edited message") in said


async def look_around(world: World, eve: Chat, room: str, words: Words) -> None:
    """What comes to nothing: refused, malformed, not found."""
    refused = await eve.post(world.rooms["titan"].id, words("refused message"))
    odd = await eve.ask("message.post", room=room, client_id=new_id(), body="Odd.", marking=words("odd marking"))
    malformed = await eve.ask("ping", more=words("odd frame"))
    assert [one["t"] for one in (refused, odd, malformed)] == ["error"] * 3
    await eve.result("people.find", text=words("search for people"))
    await eve.result("rooms.browse", text=words("search for rooms"))


def from_an_archive(where: Path, words: Words) -> None:
    """What others said elsewhere, under a topic."""
    message = {"id": 1, "sender_full_name": words("author"), "content": f"<p>{words('archived message')}</p>"}
    channels = {(101, words("archived channel")): {words("archived topic"): [message]}}
    import_archive(archive.packed(where / "archive.tar.xz", archive.files(channels)))
    (said,) = everything()
    assert (said.room, said.thread) == (words("archived channel"), words("archived topic"))


def on_the_queue(world: World) -> None:
    """As if very many were touched: the worker, which does not run here, would settle it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receivers, "AT_ONCE", 0)
        set_requirement(world.system, room_id=world.rooms["titan"].id, requirement='department = "FLIGHT"')
    with boot.valkey() as client:
        assert client.keys("*queue*")


@dataclass(frozen=True, slots=True)
class Planted:
    """The words, and what was said to Valkey and to the logs while they were put there."""

    words: Words
    spoken: list[str]
    logs: list[Path]


@pytest.fixture(scope="module")
def planted(committed, tmp_path_factory) -> Planted:
    words, where, world = Words(), tmp_path_factory.mktemp("planted"), committed("olympus")
    log = where / "web.log"
    with leaks.overheard() as spoken, serving(log, CORDON_LOG_LEVEL="debug") as (port, _process):
        in_the_browser(world, port, words)
        of_a_policy_set(world, port, words)
        asyncio.run(on_the_socket(world, port, words))
        from_an_archive(where, words)
        on_the_queue(world)
        time.sleep(1)  # deliveries are recorded twice a second
    return Planted(words, spoken, [log, *boot.DEPLOYMENT.log.glob("*.log")])


def test_no_word_lies_in_any_column_of_any_table(planted):
    with boot.admin(boot.DATABASE) as database:
        assert leaks.in_database(database, planted.words) == []


def test_no_word_is_held_by_valkey_or_was_ever_said_to_it(planted):
    with boot.valkey() as client:
        assert leaks.in_valkey(client, planted.words) == []
    assert len(planted.spoken) > 100
    assert leaks.in_text("what Valkey was told", "\n".join(planted.spoken), planted.words) == []


def test_no_word_stands_in_a_log_even_where_it_says_everything(planted):
    logs = {log: log.read_text() for log in planted.logs}
    assert " DEBUG " in logs[planted.logs[0]]
    assert not [leak for log, text in logs.items() for leak in leaks.in_text(str(log), text, planted.words)]


def test_no_file_of_the_servers_holds_a_word(planted):
    with boot.admin() as database:
        database.execute("checkpoint")
    assert leaks.in_files(boot.DEPLOYMENT.root, planted.words.start) == []


WORD = {"a field": "canary0123456789abcdef"}
RAW = WORD["a field"].encode()
ANOTHER_ENTRY = """
insert into audit_event (id, log_id, store, epoch, at, kind, outcome, actor_id, target_type, request_id, env, mac)
select gen_random_uuid(), log_id, store, epoch, at, kind, outcome, actor_id, target_type, request_id, %s, mac
  from audit_event limit 1
"""
PLACES = {
    "text": ("rooms_room.requirement", "update rooms_room set requirement = %s", f"program = {WORD['a field']}"),
    "json": ("policy_policyset.document", "update policy_policyset set document = %s", Jsonb({"a": [RAW.decode()]})),
    "an array": ("accounts_role.flags", "update accounts_role set flags = %s", ["one", RAW.decode()]),
    "bytes": ("rooms_room.name_sealed", "update rooms_room set name_sealed = %s", b"\0" + RAW),
    "upper case": ("rooms_room.topic_sealed", "update rooms_room set topic_sealed = %s", RAW.upper()),
    "base64": ("accounts_user.profile", "update accounts_user set profile = %s", base64.b64encode(b"a" + RAW + b"b")),
    "hex": ("accounts_fact.value", "update accounts_fact set value = %s", RAW.hex().encode()),
    "a partition": ("audit_event.env", ANOTHER_ENTRY, b'{"a": "' + RAW + b'"}'),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_word_in_the_database_would_be_seen(planted, kind):
    place, statement, value = PLACES[kind]
    with boot.admin(boot.DATABASE) as database, database.transaction(force_rollback=True):
        database.execute(statement, [value])

        assert {found for found, _form in leaks.in_database(database, WORD)} == {f"a field in {place}"}


def test_a_word_in_valkey_would_be_seen(planted):
    with leaks.overheard() as spoken, boot.valkey() as client:
        client.publish("a room", RAW)
        client.hset("a hash", "key", b"\xff" + RAW)
        held = leaks.in_valkey(client, WORD)
        client.delete("a hash")

    assert [where for where, _form in held] == ["a field in valkey b'a hash'"]
    assert [leaks.in_text("told", one, WORD) for one in spoken if "publish" in one.lower()][0]


def test_a_word_in_a_file_would_be_seen(tmp_path):
    (tmp_path / "heap").write_bytes(b"\0" * 5_000 + RAW.upper() + b"\0")

    assert [place for place, _form in leaks.in_files(tmp_path, RAW.decode())] == [str(tmp_path / "heap")]
