"""Where a word lies in the clear: every column of every table, what Valkey holds and was told, logs and files."""

import base64
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import psycopg
import redis

Leak = tuple[str, str]
"""Where it lies, and the form in which it was found there."""

BEGINNING = 18
"""So much of a word is looked for at first; words that begin alike are found at once."""

_EVERY_COLUMN = """
select c.oid::regclass::text,
       array_agg(quote_ident(a.attname) order by a.attnum),
       array_agg(a.atttypid = 'bytea'::regtype order by a.attnum)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
   and c.relkind in ('r', 'p', 'm') and not c.relispartition
 group by c.oid
"""
"""A partition is looked at with its parent."""


def forms_of(word: str) -> set[str]:
    """How a word may lie about, in small letters: as it is, as hex, as base64 at each of its three alignments."""
    return {word.lower()} | {form.lower() for one in (word, word.upper()) for form in _encoded(one.encode())}


def _encoded(raw: bytes) -> list[str]:
    aligned = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 :].rstrip(b"=") for shift in range(3)]
    return [raw.hex(), *(one[:-1].decode() for one in aligned)]


def in_text(place: str, text: str, words: Mapping[str, str]) -> list[Leak]:
    """`words` names the field that each word was put into."""
    lower = text.lower()
    return [(f"{field} in {place}", form) for field, word in words.items() for form in forms_of(word) if form in lower]


def in_database(database: psycopg.Connection, words: Mapping[str, str]) -> list[Leak]:
    """Look as the administrator, who sees the rows of every workspace."""
    beginnings = {word[:BEGINNING] for word in words.values()}
    pattern = "|".join(re.escape(form) for one in beginnings for form in forms_of(one))
    found = []
    for table, names, binaries in database.execute(_EVERY_COLUMN).fetchall():
        for name, binary in zip(names, binaries, strict=True):
            texts = [f"{name}::text", f"encode({name}, 'escape')"] if binary else [f"{name}::text"]
            for text in texts:
                statement = f"select {text} from {table} where {text} ~* %s"  # noqa: S608 - names of the catalogue
                for (hit,) in database.execute(statement, [pattern]):
                    found += in_text(f"{table}.{name}", hit, words)
    return found


def in_valkey(client: redis.Redis, words: Mapping[str, str]) -> list[Leak]:
    """Every key with everything that it holds, in every database: cache, counters, channel layer, queue."""
    found = []
    for index in [int(name.removeprefix("db")) for name in client.info("keyspace")]:
        with redis.Redis(connection_pool=_pool(client, index)) as one:
            for key in one.keys("*"):
                found += in_text(f"valkey {key!r}", f"{key!r} {_held(one, key)}", words)
    return found


def _pool(client: redis.Redis, index: int) -> redis.ConnectionPool:
    pool = client.connection_pool
    return redis.ConnectionPool(connection_class=pool.connection_class, **(pool.connection_kwargs | {"db": index}))


def _held(client: Any, key: bytes) -> str:
    readers = {
        b"string": lambda: client.get(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"hash": lambda: client.hgetall(key),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda: client.xrange(key),
    }
    return repr(readers[client.type(key)]())


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Every command that Valkey is given meanwhile: what is published, cached, queued, and forgotten again."""
    heard: list[str] = []
    with redis.Redis.from_url(os.environ["VALKEY_URL"], socket_timeout=None) as client:
        connection = client.connection_pool.get_connection()
        connection.send_command("MONITOR")
        connection.read_response()
        listening = threading.Thread(target=_listen, args=(connection, heard))
        listening.start()
        try:
            yield heard
            client.publish("listener", _LAST)
            listening.join(10)
        finally:
            connection.disconnect()
            listening.join(10)


_LAST = "this was the last word"


def _listen(connection: Any, heard: list[str]) -> None:
    with suppress(redis.ConnectionError):
        while not (heard and _LAST in heard[-1]):
            heard.append(connection.read_response(disable_decoding=True).decode("latin-1"))


def in_files(root: Path, start: str) -> list[Leak]:
    """What begins like this in any file below: tables, write-ahead log, Valkey's own log, logs of the servers."""
    return [(str(file), "as it is") for file in root.rglob("*") if file.is_file() and _holds(file, start)]


def _holds(file: Path, start: str) -> bool:
    if not file.stat().st_size:
        return False
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
        return max(content.find(one.encode()) for one in (start, start.upper())) >= 0
