"""The import map of the web client, and its hash for the Content Security Policy (R41).

The map gives the vendored libraries their bare names. Where the static storage hashes file names it also leads every
module of the client from its plain address to the hashed one, so that the modules themselves are never rewritten.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

_BARE = {
    "htm": "vendor/htm.js",
    "markdown-it": "vendor/markdown-it.js",
    "preact": "vendor/preact.js",
    "preact/hooks": "vendor/preact-hooks.js",
}
_CLASSIC = {"chat/floor.js"}


@dataclass(frozen=True, slots=True)
class ImportMap:
    """What the page needs: `text` between its script tags, `source` in script-src, `modules` to be fetched ahead."""

    text: str
    source: str
    modules: tuple[str, ...]


@cache
def import_map() -> ImportMap:
    """The map of this deployment, made once per process; its text must reach the page unchanged."""
    own = sorted(_modules())
    imports = {name: staticfiles_storage.url(path) for name, path in _BARE.items()}
    for path in own:
        plain, served = urljoin(settings.STATIC_URL, path), staticfiles_storage.url(path)
        if plain != served:
            imports[plain] = served
    text = json.dumps({"imports": imports}, separators=(",", ":"), sort_keys=True)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    modules = (*_BARE.values(), *own)
    return ImportMap(text, f"'sha256-{digest}'", tuple(staticfiles_storage.url(path) for path in modules))


def _modules() -> set[str]:
    hashed: dict[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    if hashed:
        return {path for path in hashed if _is_module(path)}
    return {
        path for finder in finders.get_finders() for path, _ in finder.list(["vendor/*", "css/*"]) if _is_module(path)
    }


def _is_module(path: str) -> bool:
    """Whether a static file is a module of the client; the finders give paths of their own system."""
    file = PurePosixPath(path)
    return file.parts[:1] == ("chat",) and file.suffix == ".js" and path not in _CLASSIC
